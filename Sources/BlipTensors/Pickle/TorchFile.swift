import BlipJSON
import Foundation

/// A file that PyTorch's `torch.save` wrote, mapped into memory and read without running anything it says.
///
/// Two forms exist: the zip archive of PyTorch 1.6 and later, and the older row of pickles followed by the storages. Tensors stay in the
/// file; reading one touches only its bytes.
///
/// ```swift
/// let file = try TorchFile(URL(filePath: "instruct_blip_flanxl_trimmed.pth"))
/// let weights = try file.stateDictionary()
/// ```
public final class TorchFile: Sendable {
    public let map: MappedFile
    /// Whatever was saved; mostly a dictionary of tensors, or one under the key `model`.
    public let root: PickleValue

    /// - Throws: ``PickleError``, or ``SafetensorsError`` where the file cannot be opened.
    public init(_ url: URL) throws {
        map = try MappedFile(url)
        root = try Self.read(map)
    }

    public var path: String { map.path }

    /// The named tensors: under `model` (LAVIS) or `state_dict`, else at the top.
    ///
    /// - Throws: ``PickleError/badTensor(path:tensor:expected:found:)`` where a name holds anything but a tensor.
    public func stateDictionary() throws -> [(name: String, tensor: PickledTensor)] {
        guard let top = root.dictionary else { throw PickleError.notTensors(path: path, found: "a file with \(root.kind) at its top") }
        let state = top["model"]?.dictionary ?? top["state_dict"]?.dictionary ?? top
        return try state.entries.map { key, value in
            guard case .text(let name) = key, let tensor = value.tensor else {
                throw PickleError.badTensor(path: path, tensor: "\(key)", expected: "a tensor under a name", found: value.kind)
            }
            return (name.description, tensor)
        }
    }

    private static func read(_ map: MappedFile) throws -> PickleValue {
        try map.withBytes { bytes in
            if bytes.starts(with: [0x50, 0x4B]) { return try readArchive(map, bytes) }
            if bytes.first == PickleOpcode.protocolVersion.rawValue { return try readLegacy(map, bytes) }
            throw PickleError.notTensors(path: map.path, found: kind(of: bytes))
        }
    }

    private static func kind(of bytes: UnsafeRawBufferPointer) -> String {
        if bytes.isEmpty { return "empty" }
        if bytes.starts(with: "version https://git-lfs".utf8) { return "a Git LFS pointer (run `git lfs pull` in its folder)" }
        if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) { return "a tar archive of PyTorch before 0.2" }
        if bytes.count > 9, bytes[8] == UInt8(ascii: "{") { return "a safetensors file" }
        if bytes.starts(with: "<".utf8) { return "a web page" }
        return "of another kind"
    }

    // MARK: The zip form

    private static func readArchive(_ map: MappedFile, _ bytes: UnsafeRawBufferPointer) throws -> PickleValue {
        let archive = try ZipDirectory(bytes, path: map.path)
        let suffix = Array("/data.pkl".utf8)
        let pickles = archive.names.filter { $0.bytes.suffix(suffix.count).elementsEqual(suffix) }
        guard pickles.count == 1, let name = pickles.first, let range = archive.records[name] else {
            throw PickleError.badArchive(
                path: map.path, record: nil, expected: "one record named data.pkl", found: pickles.isEmpty ? "none" : "\(pickles.count)")
        }
        let folder = name.bytes.dropLast(suffix.count)
        func record(_ name: String) -> Range<Int>? { archive.records[JSONString(bytes: folder + Array("/\(name)".utf8))] }
        if record("constants.pkl") != nil { throw PickleError.notTensors(path: map.path, found: "a TorchScript program") }
        if let order = record("byteorder"), !bytes[order].elementsEqual("little".utf8) {
            throw PickleError.badArchive(path: map.path, record: "byteorder", expected: "little", found: "another order")
        }
        guard range.count <= PickleMachine.maximumByteCount else {
            throw PickleError.tooLarge(path: map.path, what: "the length of the pickle", limit: PickleMachine.maximumByteCount)
        }

        var machine = PickleMachine(PickleReader(UnsafeRawBufferPointer(rebasing: bytes[range]), path: map.path))
        let result = try machine.run()
        let storages = try machine.storages.map { storage in
            guard let place = archive.records[JSONString(bytes: folder + Array("/data/".utf8) + storage.key.bytes)] else {
                throw bad(storage, map, "its record in the archive", "none")
            }
            guard try place.count == byteCount(storage, map) else {
                throw bad(storage, map, "\(try byteCount(storage, map)) bytes", "\(place.count)")
            }
            return TensorBytes(owner: map, range: place)
        }
        var expansion = PickleExpansion(machine, storages: storages)
        return try expansion.value(result)
    }

    // MARK: The old form

    /// 0x1950a86a20f9469cfc6c
    private static let magicNumber: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

    /// Five pickles - magic number, version, machine, the object, the storages' keys - and then each storage: its length, its bytes.
    private static func readLegacy(_ map: MappedFile, _ bytes: UnsafeRawBufferPointer) throws -> PickleValue {
        var machine = PickleMachine(PickleReader(bytes, path: map.path))
        guard case .largeInteger(magicNumber) = try machine.run() else {
            throw PickleError.notTensors(path: map.path, found: "a pickle that torch.save did not write")
        }
        guard case .integer(1001) = try machine.run() else { throw machine.reader.bad("version 1001 of the old form", "another") }
        let system = try machine.run()
        var expansion = PickleExpansion(machine, storages: [])
        let order = try expansion.value(system).dictionary?["little_endian"]
        guard case .bool(true) = order else { throw machine.reader.bad("a file of a little-endian machine", order?.kind ?? "nothing") }

        let result = try machine.run()
        let declared = machine.storages.count
        let keys = try machine.run()
        guard case .list(let place) = keys, machine.storages.count == declared else {
            throw machine.reader.bad("the list of storages", keys.kind)
        }
        let ranges = try legacyStorages(machine, keys: machine.lists[place], map)
        let storages = try machine.storages.map { storage in
            guard let range = ranges[storage.key] else { throw bad(storage, map, "its place in the list of storages", "none") }
            return TensorBytes(owner: map, range: range)
        }
        expansion = PickleExpansion(machine, storages: storages)
        return try expansion.value(result)
    }

    private static func legacyStorages(
        _ machine: PickleMachine, keys: [PickleMachine.Item], _ map: MappedFile
    ) throws -> [JSONString: Range<Int>] {
        var reader = machine.reader
        var declared: [JSONString: PickleMachine.Storage] = [:]
        for storage in machine.storages {
            let first = declared[storage.key] ?? storage
            guard first.type == storage.type, first.count == storage.count else {
                throw bad(storage, map, "one type and length", "two")
            }
            declared[storage.key] = storage
        }
        var ranges: [JSONString: Range<Int>] = [:]
        for item in keys {
            guard case .string(let key) = item, let storage = declared[key] else {
                throw reader.bad("the key of a storage", item.kind)
            }
            let count = try reader.integer(Int64.self, "a storage's length")
            guard count == Int64(storage.count) else { throw bad(storage, map, "\(storage.count) elements", "\(count)") }
            let size = try byteCount(storage, map)
            let start = reader.offset
            _ = try reader.take(size, "a storage")
            guard ranges.updateValue(start..<start + size, forKey: key) == nil else { throw bad(storage, map, "one place", "two") }
        }
        return ranges
    }

    private static func byteCount(_ storage: PickleMachine.Storage, _ map: MappedFile) throws -> Int {
        let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.type?.byteCount ?? 1)
        guard !overflow else { throw bad(storage, map, "a size below 2^63", "\(storage.count) elements") }
        return size
    }

    private static func bad(_ storage: PickleMachine.Storage, _ map: MappedFile, _ expected: String, _ found: String) -> PickleError {
        .badStorage(path: map.path, storage: storage.key.description, expected: expected, found: found)
    }
}
