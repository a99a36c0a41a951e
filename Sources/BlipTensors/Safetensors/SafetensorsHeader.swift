import BlipJSON

/// The head of a safetensors file: eight bytes that give its length, little end first, then a JSON object that names every tensor.
///
/// Takes what the reference implementation (huggingface/safetensors, `tensor.rs`) takes, except where that would leave a doubt:
/// Differs: a name that stands twice, white space before the `{`, an entry written as an array, a type this package does not know, and
/// dimensions whose product overflows beside a zero are refused.
struct SafetensorsHeader: Sendable {
    /// As in the reference; keeps hostile files from filling the memory.
    static let maximumByteCount = 100_000_000
    /// A value may be a byte or two, and take a hundred in memory. A tensor has about ten of them, a large checkpoint some thousands of tensors.
    static let maximumValueCount = 2_000_000
    static let lengthByteCount = 8
    static let metadataName: JSONString = "__metadata__"

    /// In the order of their bytes.
    let tensors: [TensorInfo]
    let metadata: [JSONString: String]

    /// - Parameter file: the whole file.
    init(parsing file: UnsafeRawBufferPointer, path: String) throws {
        let dataStart = try Self.dataStart(of: file, path: path)
        let text = UnsafeRawBufferPointer(rebasing: file[Self.lengthByteCount..<dataStart])
        guard text.first == UInt8(ascii: "{") else {
            let found = text.first.map { "byte 0x\(String($0, radix: 16))" } ?? "an empty header"
            throw SafetensorsError.badFile(path: path, expected: "a header that begins with '{'", found: found)
        }
        let document: JSONValue
        do {
            document = try JSONValue(parsing: text, maximumValues: Self.maximumValueCount)
        } catch {
            throw SafetensorsError.badJSON(path: path, reason: error)
        }
        var metadata: [JSONString: String] = [:]
        var tensors: [TensorInfo] = []
        for (name, value) in document.object?.members ?? [] {
            if name == Self.metadataName {
                metadata = try Self.metadata(value, path: path)
            } else {
                let entry = SafetensorsEntry(path: path, name: name.description, value: value)
                tensors.append(try entry.tensor(dataStart: dataStart, fileSize: file.count))
            }
        }
        try Self.checkCoverage(&tensors, dataStart: dataStart, fileSize: file.count, path: path)
        self.metadata = metadata
        self.tensors = tensors
    }

    private static func dataStart(of file: UnsafeRawBufferPointer, path: String) throws -> Int {
        guard file.count >= lengthByteCount else {
            throw SafetensorsError.badFile(
                path: path, expected: "at least 8 bytes, the length of the header", found: "\(file.count) bytes (download it again)")
        }
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(maximumByteCount) else {
            if file.starts(with: "version https://git-lfs".utf8) { throw SafetensorsError.gitLFSPointer(path: path) }
            throw SafetensorsError.badFile(
                path: path, expected: "a header of at most \(maximumByteCount) bytes",
                found: "a length of \(length) (is it a safetensors file?)")
        }
        let dataStart = lengthByteCount + Int(length)
        guard dataStart <= file.count else {
            throw SafetensorsError.badFile(
                path: path, expected: "a header of \(length) bytes", found: "the end of the file at byte \(file.count) (download it again)")
        }
        return dataStart
    }

    private static func metadata(_ value: JSONValue, path: String) throws -> [JSONString: String] {
        if value == .null { return [:] }
        guard let members = value.object?.members else {
            throw SafetensorsError.badFile(path: path, expected: "__metadata__ to be an object of strings", found: value.kind)
        }
        var metadata: [JSONString: String] = [:]
        for (name, value) in members {
            guard let text = value.string else {
                let name = SafetensorsError.quoted(name.description)
                throw SafetensorsError.badFile(path: path, expected: "a string as __metadata__ \(name)", found: value.kind)
            }
            metadata[name] = text
        }
        return metadata
    }

    /// Sorts tensors by place and sees that they lie back to back from the header to the end of the file.
    private static func checkCoverage(_ tensors: inout [TensorInfo], dataStart: Int, fileSize: Int, path: String) throws {
        tensors.sort { ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound) }
        var end = dataStart
        for tensor in tensors {
            let begin = tensor.byteRange.lowerBound
            guard begin == end else {
                throw SafetensorsError.badTensor(
                    path: path, tensor: tensor.name,
                    expected: "its data at offset \(end - dataStart), where the data before it end",
                    found: "offset \(begin - dataStart) (\(begin < end ? "tensors overlap" : "a hole"))")
            }
            end = tensor.byteRange.upperBound
        }
        guard end == fileSize else {
            throw SafetensorsError.badFile(
                path: path, expected: "the end of the file at byte \(end), after the last tensor", found: "\(fileSize - end) bytes more")
        }
    }
}

/// One member of the header while it is being checked.
private struct SafetensorsEntry {
    let path: String
    let name: String
    let value: JSONValue

    func tensor(dataStart: Int, fileSize: Int) throws -> TensorInfo {
        guard let entry = value.object else { throw bad("an object with dtype, shape and data_offsets", found: value.kind) }
        let type = try type(entry)
        let shape = try naturals("shape", entry)
        let offsets = try naturals("data_offsets", entry)
        guard offsets.count == 2 else { throw bad("two data_offsets, begin and end", found: "\(offsets.count)") }
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else { throw bad("data_offsets with begin <= end", found: "[\(begin), \(end)]") }
        guard end <= fileSize - dataStart else {
            throw bad(
                "data inside the \(fileSize - dataStart) data bytes of the file",
                found: "data_offsets [\(begin), \(end)] (download it again)")
        }
        guard let byteCount = type.byteCount(of: shape) else {
            throw bad("a shape whose bytes can be counted in 64 bits", found: Self.text(shape))
        }
        guard end - begin == byteCount else {
            throw bad("\(byteCount) bytes for \(type.rawValue) \(Self.text(shape))", found: "\(end - begin) bytes")
        }
        return TensorInfo(name: name, type: type, shape: shape, byteRange: dataStart + begin..<dataStart + end)
    }

    private func type(_ entry: JSONObject) throws -> ElementType {
        guard let value = entry["dtype"] else { throw bad("a dtype", found: "none") }
        guard let text = value.string else { throw bad("a string as dtype", found: value.kind) }
        // Matched by bytes, not by `ElementType(rawValue:)`, whose String equality is canonical equivalence.
        guard let type = ElementType.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) }) else {
            throw SafetensorsError.unknownElementType(path: path, tensor: name, found: text)
        }
        return type
    }

    private func naturals(_ key: JSONString, _ entry: JSONObject) throws -> [Int] {
        guard let value = entry[key] else { throw bad("\(key)", found: "none") }
        guard let elements = value.array else { throw bad("an array as \(key)", found: value.kind) }
        return try elements.map { element in
            guard let number = element.integer, number >= 0 else {
                throw bad("whole numbers from 0 to \(Int.max) in \(key)", found: element.shown)
            }
            return number
        }
    }

    private func bad(_ expected: String, found: String) -> SafetensorsError {
        .badTensor(path: path, tensor: name, expected: expected, found: found)
    }

    private static func text(_ shape: [Int]) -> String {
        shape.count <= 16 ? "\(shape)" : "\(shape.prefix(16)) and \(shape.count - 16) more dimensions"
    }
}

extension JSONValue {
    /// What an error message calls a value of this kind.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Numbers by value, all else by kind.
    var shown: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        default: kind
        }
    }
}
