import BlipJSON
import Foundation

/// Writes the weights of a checkpoint folder: `model.safetensors` when all fits in one file, else shards and their index.
///
/// All files are written under temporary names; only ``finish()`` replaces an older checkpoint in the folder. So the disk must hold both,
/// and a failure before leaves the old one as it was. The steps of ``finish()``, and why in this order:
/// 1. If a new shard bears the name of an old one, the old index is removed: cut short here, the folder must not pass for a whole
///    checkpoint while its shards are mixed.
/// 2. The files get their names, the index last.
/// 3. Weight files of the old checkpoint that are not part of the new one are removed. An old `model.safetensors` would otherwise be
///    read in place of the new shards (``WeightFiles``, rule 1).
public final class ShardedSafetensorsWriter {
    /// One file of the checkpoint.
    public struct Shard: Sendable {
        public let fileName: String
        /// In the order in which their data must be appended.
        public let tensors: [TensorLayout]
    }

    /// Told after each piece: bytes of tensors written so far, and in the end.
    public typealias Progress = (_ bytesWritten: Int, _ totalBytes: Int) -> Void

    public let shards: [Shard]
    /// Bytes of all tensors, without headers.
    public let byteCount: Int
    private let folder: URL
    private let metadata: [JSONString: String]
    private let order: SafetensorsWriter.Order
    private let progress: Progress?
    private let systemWrite: AtomicFile.SystemWrite
    private let shardOfTensor: [JSONString: Int]
    private var sealed: [SafetensorsWriter] = []
    private var writer: SafetensorsWriter?
    private var bytesWritten = 0
    private var isOpen = true

    /// Plans the files. The folder must exist.
    ///
    /// - Parameters:
    ///   - tensors: filled into shards in this order, each shard as far as it goes.
    ///   - maximumShardByteCount: bytes of tensors in one file; a larger tensor gets a file of its own.
    ///   - order: within each file; `asGiven` keeps the order of `tensors`.
    /// - Throws: ``SafetensorsError``.
    public convenience init(
        folder: URL, tensors: [TensorLayout], maximumShardByteCount: Int, metadata: [JSONString: String] = ["format": "pt"],
        order: SafetensorsWriter.Order = .reference, progress: Progress? = nil
    ) throws {
        try self.init(
            folder: folder, tensors: tensors, maximumShardByteCount: maximumShardByteCount, metadata: metadata, order: order,
            progress: progress, systemWrite: AtomicFile.writeToDescriptor)
    }

    init(
        folder: URL, tensors: [TensorLayout], maximumShardByteCount: Int, metadata: [JSONString: String],
        order: SafetensorsWriter.Order = .reference, progress: Progress?, systemWrite: @escaping AtomicFile.SystemWrite
    ) throws {
        try WeightFiles.checkFolder(folder)
        try SafetensorsWriter.checkNames(tensors, path: folder.path)
        guard maximumShardByteCount > 0 else {
            throw SafetensorsError.badWrite(
                path: folder.path, tensor: nil, expected: "a shard size of at least one byte", found: "\(maximumShardByteCount)")
        }
        self.folder = folder
        self.metadata = metadata
        self.order = order
        self.progress = progress
        self.systemWrite = systemWrite
        (shards, byteCount) = try Self.plan(
            tensors, maximumShardByteCount: maximumShardByteCount, order, path: folder.path)
        let places = shards.enumerated().flatMap { place, shard in shard.tensors.map { (JSONString($0.name), place) } }
        shardOfTensor = Dictionary(places, uniquingKeysWith: { first, _ in first })
    }

    /// All tensors in the order in which their data must be appended.
    public var tensors: [TensorLayout] { shards.flatMap(\.tensors) }

    /// Appends a piece of a tensor: row-major, little end first.
    ///
    /// Tensors come in the order of ``tensors``, each in as many pieces as wanted. After an error the writer is of no more use.
    public func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws {
        try abandoningOnError {
            guard isOpen, let shard = shardOfTensor[JSONString(name)] else {
                throw SafetensorsError.badWrite(
                    path: folder.path, tensor: name,
                    expected: isOpen ? "a tensor of the plan" : "a writer that is neither finished nor failed",
                    found: isOpen ? "another" : "more data")
            }
            while !bytes.isEmpty, sealed.count < shard { try sealCurrentShard() }
            try currentWriter().append(bytes, to: name)
            bytesWritten += bytes.count
        }
        progress?(bytesWritten, byteCount)
    }

    /// Appends a piece of a tensor that stands in an array.
    public func append<Element: BitwiseCopyable>(_ elements: [Element], to name: String) throws {
        try elements.withUnsafeBytes { try append($0, to: name) }
    }

    /// Completes the checkpoint and puts it in place of an older one in the folder.
    public func finish() throws {
        try abandoningOnError {
            guard isOpen else {
                throw SafetensorsError.badWrite(
                    path: folder.path, tensor: nil, expected: "a writer that is neither finished nor failed", found: "another finish")
            }
            while sealed.count < shards.count { try sealCurrentShard() }
            let index = shards.count > 1 ? try sealedIndex() : nil
            try publish(index)
            isOpen = false
        }
    }

    /// Stops writing and removes what was written. Letting go of the writer does the same.
    public func abandon() {
        isOpen = false
        writer?.abandon()
        for writer in sealed { writer.abandon() }
    }

    // MARK: Steps

    private func currentWriter() throws -> SafetensorsWriter {
        if let writer { return writer }
        guard sealed.count < shards.count else {
            throw SafetensorsError.badWrite(
                path: folder.path, tensor: nil, expected: "the end, as all tensors are complete", found: "more data")
        }
        let shard = shards[sealed.count]
        let next = try SafetensorsWriter(
            folder.appending(path: shard.fileName), tensors: shard.tensors, metadata: metadata, order: order, systemWrite: systemWrite)
        writer = next
        return next
    }

    private func sealCurrentShard() throws {
        let current = try currentWriter()
        try current.seal()
        sealed.append(current)
        writer = nil
    }

    private func sealedIndex() throws -> AtomicFile {
        let text = Array(indexText().utf8)
        let file = try AtomicFile(folder.appending(path: WeightFiles.indexName), byteCount: text.count, systemWrite: systemWrite)
        try text.withUnsafeBytes { try file.append($0) }
        try file.seal()
        return file
    }

    /// As transformers writes it: indented by two, keys sorted.
    private func indexText() -> String {
        let pairs = shards.flatMap { shard in shard.tensors.map { ($0.name, shard.fileName) } }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        let lines = pairs.map { "    \(SafetensorsHeader.quotedJSON($0)): \(SafetensorsHeader.quotedJSON($1))" }
        return """
            {
              "metadata": {
                "total_size": \(byteCount)
              },
              "weight_map": {
            \(lines.joined(separator: ",\n"))
              }
            }

            """
    }

    private func publish(_ index: AtomicFile?) throws {
        let names = Set(shards.map(\.fileName))
        let isMixing = index != nil && names.contains { WeightFiles.exists(folder.appending(path: $0)) }
        if isMixing { try remove(WeightFiles.indexName) }
        for writer in sealed { try writer.file.publish() }
        try index?.publish()
        try AtomicFile.syncFolder(folder)

        for name in try Self.weightFileNames(in: folder) where !names.contains(name) && !(index != nil && name == WeightFiles.indexName) {
            try remove(name)
        }
        try AtomicFile.syncFolder(folder)
    }

    private func remove(_ name: String) throws {
        let path = folder.appending(path: name).path
        guard unlink(path) == 0 || errno == ENOENT else {
            throw SafetensorsError.system(operation: "remove the superseded", path: path, code: errno)
        }
    }

    private func abandoningOnError(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            abandon()
            throw error
        }
    }
}

extension ShardedSafetensorsWriter {
    private static func plan(
        _ tensors: [TensorLayout], maximumShardByteCount: Int, _ order: SafetensorsWriter.Order, path: String
    ) throws -> (shards: [Shard], byteCount: Int) {
        var groups: [[TensorLayout]] = [[]]
        var size = 0
        var total = 0
        for tensor in tensors {
            let count = try SafetensorsHeader.byteCount(of: tensor, after: total, path: path)
            if size + count > maximumShardByteCount, !groups[groups.count - 1].isEmpty {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(tensor)
            size += count
            total += count
        }
        let shards = groups.enumerated().map { place, group in
            Shard(
                fileName: groups.count == 1 ? WeightFiles.singleName : "model-\(digits(place + 1))-of-\(digits(groups.count)).safetensors",
                tensors: SafetensorsWriter.sorted(group, order))
        }
        return (shards, total)
    }

    private static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }

    /// Files in a folder that bear the name of a whole checkpoint, a shard or an index.
    private static func weightFileNames(in folder: URL) throws -> [String] {
        let shard = /model-\d{5,}-of-\d{5,}\.safetensors/
        return try WeightFiles.fileNames(in: folder).filter { name in
            name == WeightFiles.singleName || name == WeightFiles.indexName || name.wholeMatch(of: shard) != nil
        }
    }
}
