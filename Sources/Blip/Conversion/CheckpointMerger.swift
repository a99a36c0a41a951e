import BlipJSON
public import BlipModels
public import BlipTensors
public import Foundation

/// Puts tensors that were trained into a copy of the checkpoint they were trained from.
///
/// Everything else is copied byte by byte, packed matrices too. The trained tensors stay float32, whatever the others are stored in: a step of
/// training is smaller than half precision can tell apart. Programs that open the folder convert them as its config says. Low-rank changes are
/// added to their matrices, which keep their type, or stand beside in PEFT's layout.
public struct CheckpointMerger {
    /// What becomes of low-rank changes.
    public enum AdapterPlace: String, Sendable, CaseIterable {
        /// Added to their matrices.
        case merged
        /// In a folder `adapter` beside the weights; alone, without a checkpoint, where nothing else was trained.
        case apart
    }

    /// What names begin with of tensors that were needed for a lesson alone, and are not kept.
    public static let lessonPrefix = "lesson."

    let folder: URL
    let trained: SafetensorsFile
    let adapters: AdapterSettings?
    let place: AdapterPlace
    let tellsQFormer: Bool
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - folder: the checkpoint that was trained from.
    ///   - trained: tensors under the same names, and low-rank changes.
    ///   - tellsQFormer: whether the Q-Former was told the instruction in training; where it was not, the new config says so.
    ///   - adapters: how low-rank changes were trained; nil where there are none.
    public init(
        folder: URL, trained: SafetensorsFile, tellsQFormer: Bool = true, adapters: AdapterSettings? = nil,
        place: AdapterPlace = .merged,
        maximumShardBytes: Int = 5_000_000_000
    ) {
        self.tellsQFormer = tellsQFormer
        (self.folder, self.trained, self.adapters, self.place) = (folder, trained, adapters, place)
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
        let changes = try adapters.map { settings in
            try AdapterFolder.pairs(in: trained) { _, rank in settings.alpha / Double(rank) }
        }
        let pretrained = try pretrained()
        let whole = trained.infos.filter {
            !pretrained.contains($0.name) && !$0.name.hasPrefix(Self.lessonPrefix) && !$0.name.hasSuffix(Adapters.downName(""))
                && !$0.name.hasSuffix(Adapters.upName(""))
        }
        if place == .apart, let changes, let adapters, whole.isEmpty {
            return try NewFolder.fill(target) {
                try AdapterFolder(target).write(changes, adapters, baseModel: folder.path)
                let bytes = changes.values.map { 4 * ($0.down.count + $0.up.count) }.reduce(0, +)
                return ConversionReport(tensors: 2 * changes.count, bytes: bytes, notes: ["the adapter alone, for \(folder.path)"])
            }
        }
        let added = place == .merged ? changes ?? [:] : [:]
        try check(base, whole, added)
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
                if let sum = try Self.sum(layout, base, added) {
                    try sum.withBytes { try writer.append($0, to: layout.name) }
                    continue
                }
                let bytes = try trained.info(of: layout.name) == nil ? base.bytes(of: layout.name) : trained.bytes(of: layout.name)
                try bytes.withBytes { try writer.append($0, to: layout.name) }
            }
            try writer.finish()
            try writePretrained(pretrained, to: target)
            try companions.copy(to: target)
            try writeConfig(companions, to: target)
            var notes = ["\(whole.count) of \(layouts.count) tensors are the trained ones"]
            if !added.isEmpty { notes.append("low-rank changes were added to \(added.count) others") }
            if place == .apart, let changes, let adapters {
                try AdapterFolder(target.appendingPathComponent("adapter")).write(changes, adapters, baseModel: target.path)
                notes.append("low-rank changes of \(changes.count) others are apart, in \(target.path)/adapter")
            }
            return ConversionReport(tensors: layouts.count, bytes: writer.byteCount, notes: notes)
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

    /// A matrix with its change, in the type it is stored in; nil for those without one.
    private static func sum(_ layout: TensorLayout, _ base: WeightFiles, _ changes: [String: Adapters.Stored]) throws -> Tensor? {
        guard layout.name.hasSuffix(".weight"), let change = changes[String(layout.name.dropLast(".weight".count))],
            let type = layout.type.dtype
        else { return nil }
        let matrix = try base.bytes(of: layout.name).withBytes { try Tensor.copying(bytes: $0, layout.shape, type) }
        let added = try change.up.to(.float32).matmul(change.down.to(.float32)) * change.scale
        return try (matrix.to(.float32) + added).to(type).contiguous()
    }

    private func check(_ base: WeightFiles, _ whole: [TensorInfo], _ changes: [String: Adapters.Stored]) throws {
        var (unused, misshapen): ([String], [String]) = ([], [])
        for (layer, change) in changes.sorted(by: { $0.key < $1.key }) {
            if let (_, stored, _) = base.packed(layer + ".weight") {
                throw ConversionError.packedUnderAdapter(folder: folder.path, tensor: stored)
            }
            guard let (_, info) = base.find(layer + ".weight") else {
                unused.append(Adapters.downName(layer))
                continue
            }
            if info.shape != [change.up.size(0), change.down.size(1)] {
                misshapen.append("\(layer) \([change.up.size(0), change.down.size(1)]) for \(info.shape)")
            }
        }
        for info in whole {
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
