import BlipServer
import Foundation

/// How many engines a model gets, and how many threads each of them.
struct EnginePlan: Equatable {
    let engines: Int
    /// Nil leaves it to libtorch: one for each core that is not two of one.
    let threads: Int?

    /// Products of a model this small are done before threads that share them have met. It is served by an engine for each core instead, at the
    /// price of its weights once more for each. Larger models need every core, and their memory, for one engine.
    static let smallBytes = 64 << 20
    /// Each further engine makes batches smaller.
    static let mostEngines = 8

    /// - Parameters:
    ///   - engines: as asked for; nil follows from `weightBytes`.
    ///   - threads: all engines' together, as asked for.
    ///   - weightBytes: of the largest model.
    init(engines: Int?, threads: Int?, cores: Int, weightBytes: Int, onCPU: Bool) {
        if let engines {
            self.engines = engines
            self.threads = engines == 1 ? threads : max(1, (threads ?? cores) / engines)
        } else if onCPU, weightBytes <= Self.smallBytes {
            self.engines = min(max(1, threads ?? cores), Self.mostEngines)
            self.threads = max(1, (threads ?? 1) / self.engines)
        } else {
            (self.engines, self.threads) = (1, threads)
        }
    }

    /// Bytes of the weights of a checkpoint folder.
    static func weightBytes(_ folder: URL) throws -> Int {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.fileSizeKey])
        return try files.filter { ["safetensors", "bin"].contains($0.pathExtension) }
            .reduce(0) { try $0 + ($1.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) }
    }
}
