import BlipJSON
import Foundation

/// The file `model.safetensors.index.json`: which shard of a checkpoint holds which tensor.
public struct SafetensorsIndex: Sendable {
    /// Tensors and their shards, in the order of the file.
    public let weightMap: [(tensor: JSONString, shard: JSONString)]

    /// As for the header of a safetensors file.
    static let maximumByteCount = SafetensorsHeader.maximumByteCount

    /// Reads an index.
    ///
    /// `metadata.total_size` must be a number where it stands, but is not used: published checkpoints disagree on what it counts.
    ///
    /// - Throws: ``SafetensorsError``, also for a shard that is not the plain name of a `.safetensors` file: a checkpoint must not
    ///   reach out of its folder.
    public init(_ url: URL) throws { try self.init(url, fileEnding: ".safetensors") }

    /// - Parameter fileEnding: what the names of the shards end with.
    init(_ url: URL, fileEnding: String) throws {
        let map = try MappedFile(url)
        let path = map.path
        guard map.count <= Self.maximumByteCount else {
            throw SafetensorsError.badFile(path: path, expected: "at most \(Self.maximumByteCount) bytes", found: "\(map.count)")
        }
        let document: JSONValue
        do {
            document = try map.withBytes { try JSONValue(parsing: $0, maximumValues: SafetensorsHeader.maximumValueCount) }
        } catch let reason as JSONError {
            if map.withBytes({ $0.starts(with: "version https://git-lfs".utf8) }) { throw SafetensorsError.gitLFSPointer(path: path) }
            throw SafetensorsError.badJSON(path: path, reason: reason)
        }
        guard let index = document.object else {
            throw SafetensorsError.badFile(path: path, expected: "an object with weight_map", found: document.kind)
        }
        try Self.checkMetadata(index, path: path)
        guard let entries = index["weight_map"]?.object?.members, !entries.isEmpty else {
            let found = index["weight_map"].map { $0.object == nil ? $0.kind : "none" } ?? "none"
            throw SafetensorsError.badFile(path: path, expected: "an object weight_map that names tensors", found: found)
        }
        weightMap = try entries.map { name, value in
            guard case .string(let shard) = value else {
                throw SafetensorsError.badTensor(path: path, tensor: name.description, expected: "the name of its file", found: value.kind)
            }
            guard Self.isPlainName(shard, ending: fileEnding) else {
                throw SafetensorsError.shardNameRefused(index: path, shard: shard.description, tensor: name.description)
            }
            return (name, shard)
        }
    }

    private static func checkMetadata(_ index: JSONObject, path: String) throws {
        guard let metadata = index["metadata"], metadata != .null else { return }
        guard let members = metadata.object else {
            throw SafetensorsError.badFile(path: path, expected: "an object as metadata", found: metadata.kind)
        }
        guard let size = members["total_size"], size != .null, size.double == nil else { return }
        throw SafetensorsError.badFile(path: path, expected: "a number as total_size", found: size.kind)
    }

    private static func isPlainName(_ name: JSONString, ending: String) -> Bool {
        let suffix = Array(ending.utf8)
        return name.bytes.count > suffix.count && name.bytes.suffix(suffix.count).elementsEqual(suffix)
            && !name.bytes.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
    }
}
