import BlipJSON
import Foundation

/// The pickled weights of a checkpoint folder: `pytorch_model.bin`, or its shards and their index.
///
/// For converting only: a checkpoint is opened from safetensors. The rules are those of ``WeightFiles``: the whole file wins over an index,
/// a shard is a plain file name, and index and shards agree on every tensor in both directions.
public final class TorchWeightFiles: Sendable {
    public static let singleName = "pytorch_model.bin"
    public static let indexName = "pytorch_model.bin.index.json"

    public let folder: URL
    /// All tensors, file by file.
    public let tensors: [(name: String, tensor: PickledTensor)]

    /// - Throws: ``PickleError``, or ``SafetensorsError`` for folders, files and indexes.
    public init(folder: URL) throws {
        self.folder = folder
        try WeightFiles.checkFolder(folder)
        let single = folder.appending(path: Self.singleName)
        let index = folder.appending(path: Self.indexName)
        if WeightFiles.exists(single) {
            tensors = try TorchFile(single).stateDictionary()
        } else if WeightFiles.exists(index) {
            tensors = try Self.readShards(index: index, folder: folder)
        } else {
            throw SafetensorsError.noWeights(folder: folder.path)
        }
    }

    /// Whether a folder has pickled weights.
    public static func exist(in folder: URL) -> Bool {
        [singleName, indexName].contains { WeightFiles.exists(folder.appending(path: $0)) }
    }

    private static func readShards(index url: URL, folder: URL) throws -> [(name: String, tensor: PickledTensor)] {
        let index = try SafetensorsIndex(url, fileEnding: ".bin")
        var places: [JSONString: JSONString] = [:]
        var shards: [(name: JSONString, tensor: JSONString)] = []
        for (tensor, shard) in index.weightMap {
            if !shards.contains(where: { $0.name == shard }) { shards.append((shard, tensor)) }
            places[tensor] = shard
        }
        var tensors: [(name: String, tensor: PickledTensor)] = []
        for (shard, tensor) in shards {
            let file = folder.appending(path: shard.description)
            guard WeightFiles.exists(file) else {
                throw SafetensorsError.shardMissing(index: url.path, shard: shard.description, tensor: tensor.description)
            }
            for entry in try TorchFile(file).stateDictionary() {
                let name = JSONString(bytes: Array(entry.name.utf8))
                guard places.removeValue(forKey: name) == shard else {
                    let indexed = index.weightMap.first { $0.tensor == name }?.shard.description
                    throw SafetensorsError.tensorNotInIndex(
                        index: url.path, shard: shard.description, tensor: entry.name, indexed: indexed)
                }
                tensors.append(entry)
            }
        }
        if let (tensor, shard) = places.min(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }) {
            throw SafetensorsError.tensorNotInShard(index: url.path, shard: shard.description, tensor: tensor.description)
        }
        return tensors
    }
}
