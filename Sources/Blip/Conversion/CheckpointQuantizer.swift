import BlipJSON
import BlipModels
import BlipTensors
import Foundation

/// Rewrites a checkpoint folder with its large matrices packed into 8 or 4 bits.
///
/// The packed bytes are what the products read, so that the new folder is opened by mapping it. Norms, biases, word embeddings and everything
/// small keep their types. One matrix at a time is in memory.
public struct CheckpointQuantizer {
    let folder: URL
    let quantization: Quantization
    let maximumShardBytes: Int

    /// - Parameter folder: in the Hugging Face layout, with safetensors or `pytorch_model*.bin`, not packed yet.
    public init(folder: URL, _ quantization: Quantization, maximumShardBytes: Int = 5_000_000_000) {
        self.folder = folder
        self.quantization = quantization
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes the checkpoint to `target`, which must be new or empty.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between tensors; true stops, removes what was begun, and throws `CancellationError`.
    /// - Throws: ``ConversionError``, `PickleError`, `SafetensorsError`, `ConfigError`, ``BlipError``; also for weights to pack that are not finite.
    public func write(
        to target: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ConversionReport {
        let config = try Checkpoint.config(in: folder)
        let tensors = try StoredTensor.all(in: folder)
        try StoredTensor.refusePacked(tensors, in: folder)
        let plan = try Plan(config, tensors, quantization)
        let companions = try CompanionFiles(of: folder)
        return try NewFolder.fill(target) {
            let writer = try ShardedSafetensorsWriter(
                folder: target, tensors: plan.entries.map(\.layout), maximumShardByteCount: maximumShardBytes, order: .packedFirst,
                progress: progress)
            let entries = Dictionary(plan.entries.map { ($0.layout.name, $0) }, uniquingKeysWith: { first, _ in first })
            for layout in writer.tensors {
                if isCancelled() {
                    writer.abandon()
                    throw CancellationError()
                }
                guard let entry = entries[layout.name] else { continue }
                try Self.append(entry, to: writer)
            }
            try writer.finish()
            try companions.copy(to: target)
            try writeConfig(to: target)
            return ConversionReport(
                tensors: plan.entries.count, bytes: writer.byteCount,
                notes: [
                    "\(plan.packedCount) of \(plan.matrixCount) matrices packed, \(String(format: "%.2f", plan.bitsPerWeight)) bits a weight in all"
                ])
        }
    }

    private static func append(_ entry: Plan.Entry, to writer: ShardedSafetensorsWriter) throws {
        guard let format = entry.format else {
            return try entry.stored.forEachPiece(of: 1 << 22) { piece in
                try piece.withBytes { try writer.append($0, to: entry.layout.name) }
            }
        }
        try entry.stored.forEachPiece(of: max(1, entry.stored.count)) { whole in
            let finite = try whole.isFinite().sum().integer()
            guard finite == whole.count else {
                throw WeightError.notFinite(name: entry.stored.name, place: entry.stored.file, count: whole.count - finite)
            }
            let packed = try PackedMatrix(packing: whole.reshape(entry.stored.shape), as: format)
            try packed.bytes.withBytes { try writer.append($0, to: entry.layout.name) }
        }
    }

    /// The config as it is, and a mark for other programs, which then say that they do not know this kind of weights.
    private func writeConfig(to target: URL) throws {
        let object = try JSONFile.object(folder.appendingPathComponent("config.json")) ?? JSONObject()
        func text(_ format: PackedFormat?) -> JSONValue { .string(JSONString(bytes: Array((format?.rawValue ?? "none").utf8))) }
        let mark = JSONObject()
            .setting("quant_method", to: .string("swift-instructblip"))
            .setting("version", to: .integer(1))
            .setting("vision", to: text(quantization.vision))
            .setting("qformer", to: text(quantization.qformer))
            .setting("language", to: text(quantization.language))
        try JSONFile.write(
            .object(object.setting("quantization_config", to: .object(mark))), to: target.appendingPathComponent("config.json"))
    }
}

/// Which tensors the new folder gets, and from where.
private struct Plan {
    struct Entry {
        let layout: TensorLayout
        let stored: StoredTensor
        /// Nil copies the tensor as it is.
        let format: PackedFormat?
    }

    private(set) var entries: [Entry] = []
    let matrixCount: Int
    private(set) var packedCount = 0
    let bitsPerWeight: Double

    init(_ config: InstructBLIPConfig, _ tensors: [StoredTensor], _ quantization: Quantization) throws {
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let wanted = try ShapeWeights(of: config, absent: config.language.tieableNames.filter { byName[$0] == nil })
        let names = Set(wanted.shapes.map(\.name))
        let missing = names.filter { byName[$0] == nil }.sorted()
        let unused = tensors.map(\.name).filter { !names.contains($0) && !CheckpointWeights.isKnownLeftover($0) }.sorted()
        let misshapen = wanted.shapes.compactMap { name, shape in
            byName[name].flatMap { $0.shape == shape ? nil : "\(name) \($0.shape) for \(shape)" }
        }
        guard missing.isEmpty, unused.isEmpty, misshapen.isEmpty else {
            throw ConversionError.mismatch(missing: missing, unused: unused, misshapen: misshapen)
        }
        for (name, shape) in wanted.shapes {
            guard let stored = byName[name] else { continue }
            let format = wanted.matrices.contains(name) ? quantization.format(of: name, shape) : nil
            if let format, let bytes = format.byteCount(rows: shape[0], columns: shape[1]) {
                packedCount += 1
                let layout = TensorLayout(name: Quantization.storedName(name, format), type: .uint8, shape: [bytes])
                entries.append(Entry(layout: layout, stored: stored, format: format))
                // A tied head is also the embedding.
                guard wanted.tables.contains(name) else { continue }
            }
            entries.append(Entry(layout: TensorLayout(name: name, type: stored.type, shape: shape), stored: stored, format: nil))
        }
        matrixCount = wanted.matrices.count
        let weights = wanted.shapes.map { $0.shape.reduce(1, *) }.reduce(0, +)
        let bytes = entries.compactMap { $0.layout.type.byteCount(of: $0.layout.shape) }.reduce(0, +)
        bitsPerWeight = Double(bytes) * 8 / Double(max(1, weights))
    }
}
