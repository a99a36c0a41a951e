import BlipJSON
import Foundation

/// Why weights could not be read or written. Files and folders are given as paths.
public enum SafetensorsError: Error, Sendable {
    /// The operating system refused; `code` is `errno`.
    case system(operation: String, path: String, code: Int32)
    case diskFull(path: String, bytes: Int)
    /// The path names a folder, a device, or nothing that a file can be.
    case notAFile(path: String, found: String)
    case gitLFSPointer(path: String)
    case badFile(path: String, expected: String, found: String)
    case badJSON(path: String, reason: JSONError)
    case badTensor(path: String, tensor: String, expected: String, found: String)
    case unknownElementType(path: String, tensor: String, found: String)
    case noSuchTensor(path: String, tensor: String)

    case folderMissing(path: String)
    case notAFolder(path: String)
    case noWeights(folder: String)
    case onlyPickledWeights(folder: String, found: String)
    case shardsWithoutIndex(folder: String, found: String)
    case shardMissing(index: String, shard: String, tensor: String)
    case shardNameRefused(index: String, shard: String, tensor: String)
    case tensorNotInShard(index: String, shard: String, tensor: String)
    /// A shard holds a tensor that the index does not place there; `indexed` is the shard where the index places it, if any.
    case tensorNotInIndex(index: String, shard: String, tensor: String, indexed: String?)

    /// The caller gave a plan or data that do not fit together.
    case badWrite(path: String, tensor: String?, expected: String, found: String)
}

extension SafetensorsError: CustomStringConvertible, LocalizedError {
    public var errorDescription: String? { description }

    public var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "cannot \(operation) \(path): \(Self.text(of: code))"
        case .diskFull(let path, let bytes):
            "no room for the \(bytes) bytes of \(path): free space on its disk or choose another folder"
        case .notAFile(let path, let found):
            "\(path) is \(found), expected a file"
        case .gitLFSPointer(let path):
            "\(path) is a Git LFS pointer, not the weights themselves: run `git lfs pull` in its folder, or download the file again"
        case .badFile(let path, let expected, let found):
            "\(path) is not a valid weight file: expected \(expected), found \(found)"
        case .badJSON(let path, let reason):
            "\(path) is not a valid weight file: \(reason)"
        case .badTensor(let path, let tensor, let expected, let found):
            "\(path): tensor \(Self.quoted(tensor)): expected \(expected), found \(found)"
        case .unknownElementType(let path, let tensor, let found):
            "\(path): tensor \(Self.quoted(tensor)): expected a dtype among \(Self.knownTypes), found \(Self.quoted(found))"
        case .noSuchTensor(let path, let tensor):
            "\(path) holds no tensor \(Self.quoted(tensor))"
        case .folderMissing(let path):
            "there is no folder \(path): check the path, or download the checkpoint first"
        case .notAFolder(let path):
            "\(path) is not a folder: give the checkpoint's folder, not a file in it"
        case .noWeights(let folder):
            "\(folder) holds no weights: expected \(WeightFiles.singleName) or \(WeightFiles.indexName)"
        case .onlyPickledWeights(let folder, let found):
            "\(folder) holds only pickled weights (\(Self.quoted(found))): convert them to safetensors with `instructblip convert`"
        case .shardsWithoutIndex(let folder, let found):
            "\(folder) holds \(Self.quoted(found)) but neither \(WeightFiles.singleName) nor \(WeightFiles.indexName): "
                + "download the missing index"
        case .shardMissing(let index, let shard, let tensor):
            "\(index) places tensor \(Self.quoted(tensor)) in \(Self.quoted(shard)), which is not in the folder: download that file"
        case .shardNameRefused(let index, let shard, let tensor):
            "\(index) places tensor \(Self.quoted(tensor)) in \(Self.quoted(shard)): expected the plain name of a weight file in the same folder"
        case .tensorNotInShard(let index, let shard, let tensor):
            "\(index) places tensor \(Self.quoted(tensor)) in \(Self.quoted(shard)), which does not hold it: "
                + "index and shards are of different checkpoints, download them again together"
        case .tensorNotInIndex(let index, let shard, let tensor, let indexed):
            "\(Self.quoted(shard)) holds tensor \(Self.quoted(tensor)), which \(index) "
                + (indexed.map { "places in \(Self.quoted($0))" } ?? "does not name")
                + ": index and shards are of different checkpoints, download them again together"
        case .badWrite(let path, let tensor, let expected, let found):
            "cannot write \(path): " + (tensor.map { "tensor \(Self.quoted($0)): " } ?? "") + "expected \(expected), found \(found)"
        }
    }

    private static var knownTypes: String { ElementType.allCases.map(\.rawValue).joined(separator: ", ") }

    private static func text(of code: Int32) -> String { "\(String(cString: strerror(code))) (errno \(code))" }

    /// A name out of a file, which may be hostile: shortened, with control characters escaped.
    static func quoted(_ text: String) -> String {
        text.utf8.count <= 200 ? text.debugDescription : "\(String(text.unicodeScalars.prefix(120)).debugDescription)..."
    }
}
