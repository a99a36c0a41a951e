import BlipJSON
import Foundation

/// All weights of a checkpoint folder, by name, whether they stand in one file or in shards.
///
/// What is read, rule by rule:
/// 1. `model.safetensors`, if it is there, is the checkpoint, and an index beside it is not even read. So does transformers; a folder
///    holds both when a checkpoint was saved again with larger shards.
/// 2. Otherwise `model.safetensors.index.json` names the shards. Each must be there: an interrupted download leaves some out.
/// 3. Index and shards must agree on every tensor, in both directions: shards left over from another checkpoint of the same number
///    of shards have the same file names.
/// 4. A shard is a plain file name. An index that says `../x` or `/x` is refused; it comes from the network. Symbolic links are
///    followed, because the Hub's cache consists of them.
/// 5. Pickled weights (`pytorch_model.bin`, LAVIS `.pth`) are never read, since unpickling runs code; alone, they are an error that
///    says how to convert them. Beside safetensors they are ignored, as published folders hold both.
public final class WeightFiles: Sendable {
    public static let singleName = "model.safetensors"
    public static let indexName = "model.safetensors.index.json"

    public let folder: URL
    /// The single file, or the shards in the order in which the index first names them.
    public let files: [SafetensorsFile]
    private let places: [JSONString: Int]

    /// Opens and checks the weights of a folder; no tensor bytes are touched.
    ///
    /// - Throws: ``SafetensorsError``.
    public init(folder: URL) throws {
        self.folder = folder
        try Self.checkFolder(folder)
        let single = folder.appending(path: Self.singleName)
        let index = folder.appending(path: Self.indexName)
        if Self.isNamed(single) {
            let file = try SafetensorsFile(single)
            files = [file]
            places = Dictionary(file.infos.map { (JSONString($0.name), 0) }, uniquingKeysWith: { first, _ in first })
        } else if Self.isNamed(index) {
            (files, places) = try Self.openShards(index: index, folder: folder)
        } else {
            throw try Self.absence(in: folder)
        }
    }

    /// All tensors, file by file, in the order of their bytes: the order in which reading them is fastest.
    public var infos: [TensorInfo] { files.flatMap(\.infos) }

    /// Names of all tensors, in the order of ``infos``.
    public var names: [String] { files.flatMap(\.names) }

    /// Bytes of all tensors together.
    public var byteCount: Int { files.reduce(0) { $0 + $1.infos.reduce(0) { $0 + $1.byteCount } } }

    /// The file that holds a tensor, and the tensor; nil when the checkpoint has none of that name.
    public func find(_ name: String) -> (file: SafetensorsFile, info: TensorInfo)? {
        guard let place = places[JSONString(name)], let info = files[place].info(of: name) else { return nil }
        return (files[place], info)
    }

    /// The bytes of a tensor; nothing is copied.
    ///
    /// - Throws: ``SafetensorsError/noSuchTensor(path:tensor:)``, with the folder as path.
    public func bytes(of name: String) throws -> TensorBytes {
        guard let (file, info) = find(name) else { throw SafetensorsError.noSuchTensor(path: folder.path, tensor: name) }
        return TensorBytes(owner: file.map, range: info.byteRange)
    }

    // MARK: Opening

    private static func openShards(index url: URL, folder: URL) throws -> (files: [SafetensorsFile], places: [JSONString: Int]) {
        let index = try SafetensorsIndex(url)
        var files: [SafetensorsFile] = []
        var shards: [JSONString: Int] = [:]
        var places: [JSONString: Int] = [:]
        for (tensor, shard) in index.weightMap {
            if shards[shard] == nil {
                let file = folder.appending(path: shard.description)
                guard exists(file) else {
                    throw SafetensorsError.shardMissing(index: url.path, shard: shard.description, tensor: tensor.description)
                }
                shards[shard] = files.count
                files.append(try SafetensorsFile(file))
            }
            guard let place = shards[shard], files[place].info(of: tensor.description) != nil else {
                throw SafetensorsError.tensorNotInShard(index: url.path, shard: shard.description, tensor: tensor.description)
            }
            places[tensor] = place
        }
        for (shard, place) in shards.sorted(by: { $0.value < $1.value }) {
            for info in files[place].infos {
                let indexed = places[JSONString(info.name)]
                guard indexed != place else { continue }
                throw SafetensorsError.tensorNotInIndex(
                    index: url.path, shard: shard.description, tensor: info.name,
                    indexed: indexed.flatMap { other in shards.first { $0.value == other }?.key.description })
            }
        }
        return (files, places)
    }

    static func checkFolder(_ folder: URL) throws {
        guard folder.isFileURL else { throw SafetensorsError.notAFolder(path: folder.absoluteString) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw SafetensorsError.folderMissing(path: folder.path)
        }
        guard isFolder.boolValue else { throw SafetensorsError.notAFolder(path: folder.path) }
    }

    /// False also for a link whose target is gone, as interrupted downloads leave them.
    static func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

    /// True also for a link whose target is gone: opening it gives the better error.
    private static func isNamed(_ file: URL) -> Bool {
        var status = stat()
        return lstat(file.path, &status) == 0
    }

    static func fileNames(in folder: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        } catch {
            throw SafetensorsError.system(operation: "list", path: folder.path, code: posixCode(of: error))
        }
    }

    /// Says what stands in the folder instead of weights.
    private static func absence(in folder: URL) throws -> SafetensorsError {
        let names = try fileNames(in: folder)
        if let shard = names.first(where: { $0.hasSuffix(".safetensors") && !$0.hasPrefix(".") }) {
            return .shardsWithoutIndex(folder: folder.path, found: shard)
        }
        let pickled = names.filter { name in [".bin", ".pth", ".pt"].contains { name.hasSuffix($0) } }
        if let found = pickled.first(where: { $0.hasPrefix("pytorch_model") }) ?? pickled.first {
            return .onlyPickledWeights(folder: folder.path, found: found)
        }
        return .noWeights(folder: folder.path)
    }

    /// The `errno` below an error of FileManager.
    private static func posixCode(of error: any Error) -> Int32 {
        let error = error as NSError
        let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return underlying.domain == NSPOSIXErrorDomain ? Int32(truncatingIfNeeded: underlying.code) : EIO
    }
}
