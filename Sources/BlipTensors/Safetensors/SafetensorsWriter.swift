import BlipJSON
import Foundation

/// Writes one safetensors file in pieces, so that a checkpoint larger than the memory can be written.
///
/// The file appears under its name only when ``finish()`` returns; until then, and after any error, an older file of that name stays.
///
/// ```swift
/// let writer = try SafetensorsWriter(url, tensors: [TensorLayout(name: "a", type: .float32, shape: [2])])
/// for tensor in writer.tensors { try writer.append(bytes, to: tensor.name) }
/// try writer.finish()
/// ```
public final class SafetensorsWriter {
    /// In which order tensors stand in the file.
    public enum Order: Sendable {
        /// As the reference writes them: by ``ElementType``, widest first, then by the bytes of the name. Keeps all data aligned.
        case reference
        case asGiven
        /// Bytes first, beginning at a multiple of 64, then as the reference: packed matrices are read a cache line at a time.
        case packedFirst
    }

    /// The tensors in the order in which their data must be appended.
    public let tensors: [TensorLayout]
    /// Bytes of all tensors, without the header.
    public let byteCount: Int
    let file: AtomicFile
    private let sizes: [Int]
    /// The tensor that takes the next byte, and what it took already.
    private var current = 0
    private var filled = 0
    private var isOpen = true

    /// Begins a file and writes its header.
    ///
    /// - Throws: ``SafetensorsError``; for two tensors of one name, sizes beyond 64 bits, and a disk known to be too full.
    public convenience init(
        _ url: URL, tensors: [TensorLayout], metadata: [JSONString: String] = ["format": "pt"], order: Order = .reference
    ) throws {
        try self.init(url, tensors: tensors, metadata: metadata, order: order, systemWrite: AtomicFile.writeToDescriptor)
    }

    init(
        _ url: URL, tensors: [TensorLayout], metadata: [JSONString: String], order: Order, systemWrite: @escaping AtomicFile.SystemWrite
    ) throws {
        let path = url.path
        guard url.isFileURL else { throw SafetensorsError.notAFile(path: url.absoluteString, found: "not on this machine") }
        try Self.checkNames(tensors, path: path)
        self.tensors = Self.sorted(tensors, order)
        var sizes: [Int] = []
        var total = 0
        for tensor in self.tensors {
            sizes.append(try SafetensorsHeader.byteCount(of: tensor, after: total, path: path))
            total += sizes[sizes.count - 1]
        }
        self.sizes = sizes
        byteCount = total
        let header = try SafetensorsHeader.encoded(
            self.tensors, metadata: metadata, alignment: order == .packedFirst ? 64 : 8, path: path)
        file = try AtomicFile(url, byteCount: header.count + total, systemWrite: systemWrite)
        try header.withUnsafeBytes { try file.append($0) }
    }

    /// Appends a piece of a tensor: row-major, little end first.
    ///
    /// Tensors come in the order of ``tensors``, each in as many pieces as wanted. After an error the writer is of no more use.
    public func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws {
        try abandoningOnError {
            try place(bytes.count, in: name)
            try file.append(bytes)
        }
    }

    /// Appends a piece of a tensor that stands in an array.
    public func append<Element: BitwiseCopyable>(_ elements: [Element], to name: String) throws {
        try elements.withUnsafeBytes { try append($0, to: name) }
    }

    /// Brings the file to the disk and gives it its name.
    ///
    /// - Parameter durably: whether the file must be there, and whole, after a power cut. Waiting for the disk takes milliseconds.
    public func finish(durably: Bool = true) throws {
        try abandoningOnError {
            try seal(durably: durably)
            try file.publish()
            if durably { try AtomicFile.syncFolder(file.folder) }
        }
    }

    /// Brings the bytes to the disk without giving the file its name.
    func seal(durably: Bool = true) throws {
        try abandoningOnError {
            guard isOpen else {
                throw SafetensorsError.badWrite(
                    path: file.path, tensor: nil, expected: "a writer that is neither finished nor failed", found: "another finish")
            }
            skipFilled()
            guard current == tensors.count else {
                throw bad(tensors[current].name, expected: "\(sizes[current]) bytes", found: "\(filled) bytes at the end")
            }
            try file.seal(durably: durably)
            isOpen = false
        }
    }

    /// Stops writing and removes what was written. Letting go of the writer does the same.
    public func abandon() {
        isOpen = false
        file.abandon()
    }

    // MARK: Checks

    /// Sees that the next `count` bytes belong to `name`.
    private func place(_ count: Int, in name: String) throws {
        guard isOpen else { throw bad(name, expected: "a writer that is neither finished nor failed", found: "more data") }
        // Nothing appended to a tensor of size zero may stand anywhere.
        if count == 0 { return }
        skipFilled()
        guard current < tensors.count else {
            throw bad(name, expected: "the end, as all tensors are complete", found: "\(count) bytes more")
        }
        guard tensors[current].name.utf8.elementsEqual(name.utf8) else {
            let next = SafetensorsError.quoted(tensors[current].name)
            throw bad(
                name, expected: "data of \(next), of which \(filled) of \(sizes[current]) bytes came", found: "data of another tensor")
        }
        guard count <= sizes[current] - filled else {
            throw bad(name, expected: "at most \(sizes[current] - filled) bytes more", found: "\(count)")
        }
        filled += count
    }

    private func skipFilled() {
        while current < tensors.count, filled == sizes[current] { (current, filled) = (current + 1, 0) }
    }

    private func abandoningOnError(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            abandon()
            throw error
        }
    }

    private func bad(_ tensor: String, expected: String, found: String) -> SafetensorsError {
        .badWrite(path: file.path, tensor: tensor, expected: expected, found: found)
    }

    static func checkNames(_ tensors: [TensorLayout], path: String) throws {
        var names: Set<JSONString> = [SafetensorsHeader.metadataName]
        for tensor in tensors where !names.insert(JSONString(tensor.name)).inserted {
            let isReserved = JSONString(tensor.name) == SafetensorsHeader.metadataName
            throw SafetensorsError.badWrite(
                path: path, tensor: tensor.name, expected: "a name of its own", found: isReserved ? "a reserved name" : "the name twice")
        }
    }

    static func sorted(_ tensors: [TensorLayout], _ order: Order) -> [TensorLayout] {
        switch order {
        case .asGiven: tensors
        case .reference: sorted(tensors)
        case .packedFirst: sorted(tensors.filter { $0.type == .uint8 }) + sorted(tensors.filter { $0.type != .uint8 })
        }
    }

    private static func sorted(_ tensors: [TensorLayout]) -> [TensorLayout] {
        tensors.sorted { left, right in
            left.type == right.type
                ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.type.writingRank < right.type.writingRank
        }
    }
}
