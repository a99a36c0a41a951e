import BlipModels
import BlipTensors
import Foundation

/// What BLIP-2's first stage trains and the published layout leaves out goes into a file of its own, see ``PretrainingWeights``.
extension CheckpointMerger {
    /// Those of the trained tensors that are of that kind, by name.
    ///
    /// - Returns: none where the checkpoint is not one for retrieval: there they have no use.
    /// - Throws: ``ConversionError/mismatch(missing:unused:misshapen:)`` where some are missing or have another shape than the config says.
    func pretrained() throws -> Set<String> {
        let found = trained.infos.filter { PretrainingWeights.isOwn($0.name) }
        guard !found.isEmpty else { return [] }
        let config = try Checkpoint.config(in: folder)
        guard config.architecture == .blip2Retrieval else { return [] }
        let shapes = try PretrainingWeights.shapes(of: config)
        let missing = shapes.map(\.name).filter { trained.info(of: $0) == nil }
        let misshapen = shapes.compactMap { wanted -> String? in
            guard let info = trained.info(of: wanted.name), info.shape != wanted.shape else { return nil }
            return "\(wanted.name) \(info.shape) for \(wanted.shape)"
        }
        guard missing.isEmpty, misshapen.isEmpty else {
            throw ConversionError.mismatch(missing: missing, unused: [], misshapen: misshapen)
        }
        return Set(shapes.map(\.name))
    }

    /// Writes them, or copies those of the checkpoint where none were trained.
    func writePretrained(_ names: Set<String>, to target: URL) throws {
        let name = PretrainingWeights.fileName
        guard names.isEmpty else {
            let tensors = try names.sorted().map { (name: $0, tensor: try trained.tensor($0)) }
            return try SafetensorsWriter.write(tensors, to: target.appendingPathComponent(name))
        }
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) else { return }
        try CompanionFiles(of: folder).copy(name, to: target)
    }
}
