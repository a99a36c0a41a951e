import BlipJSON
import BlipModels
public import BlipTensors
public import Foundation

/// Puts tensors that were trained into a copy of the checkpoint they were trained from.
///
/// Everything else is copied byte by byte, packed matrices too. The trained tensors stay float32, whatever the others are stored in: a step of
/// training is smaller than half precision can tell apart. Programs that open the folder convert them as its config says.
public struct CheckpointMerger {
    let folder: URL
    let trained: SafetensorsFile
    let tellsQFormer: Bool
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - folder: the checkpoint that was trained from.
    ///   - trained: tensors under the same names.
    ///   - tellsQFormer: whether the Q-Former was told the instruction in training; where it was not, the new config says so.
    public init(folder: URL, trained: SafetensorsFile, tellsQFormer: Bool = true, maximumShardBytes: Int = 5_000_000_000) {
        self.folder = folder
        self.trained = trained
        self.tellsQFormer = tellsQFormer
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes the merged checkpoint to `target`, which must be new or empty.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between tensors; true stops, removes what was begun, and throws `CancellationError`.
    /// - Throws: ``ConversionError/mismatch(missing:unused:misshapen:)`` for tensors that the checkpoint does not have in that shape.
    public func write(
        to target: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ConversionReport {
        let base = try WeightFiles(folder: folder)
        try check(base)
        let layouts = base.infos.map { info in
            let tuned = trained.info(of: info.name)
            return TensorLayout(name: info.name, type: tuned?.type ?? info.type, shape: info.shape)
        }
        let companions = try CompanionFiles(of: folder)
        let isPacked = layouts.contains { $0.type == .uint8 }
        return try NewFolder.fill(target) {
            let writer = try ShardedSafetensorsWriter(
                folder: target, tensors: layouts, maximumShardByteCount: maximumShardBytes, order: isPacked ? .packedFirst : .reference,
                progress: progress)
            for layout in writer.tensors {
                if isCancelled() {
                    writer.abandon()
                    throw CancellationError()
                }
                let bytes = try trained.info(of: layout.name) == nil ? base.bytes(of: layout.name) : trained.bytes(of: layout.name)
                try bytes.withBytes { try writer.append($0, to: layout.name) }
            }
            try writer.finish()
            try companions.copy(to: target)
            try writeConfig(companions, to: target)
            return ConversionReport(
                tensors: layouts.count, bytes: writer.byteCount,
                notes: ["\(trained.infos.count) of \(layouts.count) tensors are the trained ones"])
        }
    }

    /// The config as it is, but for what training changed: every other key is kept, known or not.
    private func writeConfig(_ companions: CompanionFiles, to target: URL) throws {
        let isChanged = try !tellsQFormer && Checkpoint.config(in: folder).tellsQFormer
        guard isChanged, let object = try JSONFile.object(folder.appendingPathComponent("config.json")) else {
            return try companions.copy("config.json", to: target)
        }
        try JSONFile.write(
            .object(object.setting("qformer_text_input", to: .bool(false))), to: target.appendingPathComponent("config.json"))
    }

    private func check(_ base: WeightFiles) throws {
        var (unused, misshapen): ([String], [String]) = ([], [])
        for info in trained.infos {
            guard let (_, old) = base.find(info.name) else {
                unused.append(info.name)
                continue
            }
            if old.shape != info.shape { misshapen.append("\(info.name) \(info.shape) for \(old.shape)") }
        }
        guard unused.isEmpty, misshapen.isEmpty else {
            throw ConversionError.mismatch(missing: [], unused: unused, misshapen: misshapen)
        }
    }
}
