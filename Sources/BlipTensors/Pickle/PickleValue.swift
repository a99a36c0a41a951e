import BlipJSON

/// What a PyTorch file holds: plain values around tensors.
public enum PickleValue: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(JSONString)
    /// `torch.float16` and its like.
    case elementType(ElementType)
    case list([PickleValue])
    /// A tuple, or a `torch.Size`.
    case tuple([PickleValue])
    case dictionary(PickleDictionary)
    case tensor(PickledTensor)

    public var dictionary: PickleDictionary? { if case .dictionary(let value) = self { value } else { nil } }
    public var tensor: PickledTensor? { if case .tensor(let value) = self { value } else { nil } }
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value.description } else { nil } }

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a text"
        case .elementType: "an element type"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a dictionary"
        case .tensor: "a tensor"
        }
    }
}

/// A Python dictionary whose keys are texts, compared byte by byte, or integers (as in an optimizer's state), in file order.
public struct PickleDictionary: Sendable {
    public enum Key: Sendable, Hashable, CustomStringConvertible {
        case text(JSONString)
        case number(Int)

        public var description: String {
            switch self {
            case .text(let text): text.description
            case .number(let number): String(number)
            }
        }
    }

    public private(set) var entries: [(key: Key, value: PickleValue)] = []
    private var places: [Key: Int] = [:]

    init() {}

    /// As in Python, a second value of one key replaces the first, at its place.
    mutating func set(_ key: Key, _ value: PickleValue) {
        if let place = places[key] {
            entries[place].value = value
        } else {
            places[key] = entries.count
            entries.append((key, value))
        }
    }

    public subscript(key: String) -> PickleValue? { places[.text(JSONString(bytes: Array(key.utf8)))].map { entries[$0].value } }
}

/// A tensor of a PyTorch file: a view of a storage, which lies in the mapped file.
public struct PickledTensor: Sendable {
    public let type: ElementType
    /// Dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Elements from one index to the next, for each dimension; not negative.
    public let strides: [Int]
    /// The place of the storage in the file.
    public let storage: TensorBytes
    /// The first element's place in the storage, in elements.
    public let offset: Int

    /// Bytes of all elements.
    public let byteCount: Int

    static let maximumRank = 32
    private let isContiguous: Bool

    /// - Parameters:
    ///   - name: what messages call the tensor.
    /// - Throws: ``PickleError/badTensor(path:tensor:expected:found:)`` where an element would lie outside the storage, and for views that
    ///   repeat elements (they would let a small file fill the memory).
    init(_ type: ElementType, _ shape: [Int], _ strides: [Int], offset: Int, storage: TensorBytes, name: String) throws {
        func bad(_ expected: String, _ found: String) -> PickleError {
            .badTensor(path: storage.owner.path, tensor: name, expected: expected, found: found)
        }
        guard shape.count == strides.count, shape.count <= Self.maximumRank else {
            throw bad("as many strides as dimensions, at most \(Self.maximumRank)", "\(strides.count) and \(shape.count)")
        }
        guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else { throw bad("an offset and strides from 0", "a negative one") }
        guard let byteCount = type.byteCount(of: shape) else { throw bad("dimensions that fit 64 bits", "\(shape)") }
        let available = storage.count / type.byteCount
        if byteCount > 0 {
            var last = offset
            for (size, stride) in zip(shape, strides) {
                let (span, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
                let (sum, overflowToo) = last.addingReportingOverflow(span)
                guard !overflow, !overflowToo else { throw bad("strides that fit 64 bits", "\(strides) for \(shape)") }
                last = sum
            }
            guard last < available else { throw bad("elements inside its storage of \(available)", "element \(last)") }
            guard byteCount / type.byteCount <= available else {
                throw bad("at most the \(available) elements of its storage", "\(byteCount / type.byteCount)")
            }
        }
        self.type = type
        self.shape = shape
        // A stride that is never taken may be any number.
        self.strides = zip(shape, strides).map { $0 == 1 ? 0 : $1 }
        self.offset = offset
        self.storage = storage
        self.byteCount = byteCount
        var expected = 1
        var isContiguous = true
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            isContiguous = isContiguous && stride == expected
            expected *= max(size, 1)
        }
        self.isContiguous = isContiguous || byteCount == 0
    }

    /// The place of the elements in the file where they lie there in row-major order; nil for a strided view.
    public var bytes: TensorBytes? {
        guard isContiguous else { return nil }
        let start = byteCount == 0 ? storage.range.lowerBound : storage.range.lowerBound + offset * type.byteCount
        return TensorBytes(owner: storage.owner, range: start..<start + byteCount)
    }

    /// Runs `body` on the elements in row-major order, little end first; a strided view is gathered first.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        if let bytes { return try bytes.withBytes(body) }
        let gathered = storage.withBytes(gather)
        return try gathered.withUnsafeBytes(body)
    }

    /// Copies element by element; bounds were checked when the tensor was made.
    private func gather(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        let width = type.byteCount
        var result: [UInt8] = []
        result.reserveCapacity(byteCount)
        var index = [Int](repeating: 0, count: shape.count)
        var place = offset
        for _ in 0..<byteCount / width {
            result.append(contentsOf: source[place * width..<(place + 1) * width])
            for dimension in shape.indices.reversed() {
                index[dimension] += 1
                place += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                place -= index[dimension] * strides[dimension]
                index[dimension] = 0
            }
        }
        return result
    }
}
