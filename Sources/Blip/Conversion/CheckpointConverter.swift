import BlipJSON
import BlipModels
import BlipTensors
import Foundation

/// Rewrites a checkpoint folder: pickled weights to safetensors, and any weights to another type.
public struct CheckpointConverter {
    let folder: URL
    let dtype: DType?
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - folder: in the Hugging Face layout, with safetensors or `pytorch_model*.bin`.
    ///   - dtype: float32, bfloat16 or float16 (where the query tokens and T5's `wo` stay float32); nil keeps every tensor's own.
    public init(folder: URL, dtype: DType?, maximumShardBytes: Int = 5_000_000_000) {
        self.folder = folder
        self.dtype = dtype
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes the checkpoint to `target`, which must be new or empty: weights, and every other file as it is, but for the type that
    /// `config.json` names. Tensors that old uploads carry and no model needs are left out, with a note.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between pieces; true stops, removes what was begun, and throws `CancellationError`.
    /// - Throws: ``ConversionError``, `PickleError`, `SafetensorsError`, `ConfigError`, ``BlipError``.
    public func write(
        to target: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ConversionReport {
        let config = try Checkpoint.config(in: folder)
        let tensors = try StoredTensor.all(in: folder)
        try StoredTensor.refusePacked(tensors, in: folder)
        let plan = try plan(config, tensors)
        // Before the target exists, which may lie inside the folder.
        let companions = try CompanionFiles(of: folder)
        return try NewFolder.fill(target) {
            let bytes = try plan.write(to: target, maximumShardBytes: maximumShardBytes, progress: progress, isCancelled: isCancelled)
            try companions.copy(to: target)
            try writeConfig(companions, to: target)
            let leftovers = tensors.map(\.name).filter(CheckpointWeights.isKnownLeftover).sorted()
            let note = "left out, as no model needs them: \(NameList.text(leftovers))"
            return ConversionReport(tensors: plan.entries.count, bytes: bytes, notes: plan.notes + (leftovers.isEmpty ? [] : [note]))
        }
    }

    private func plan(_ config: InstructBLIPConfig, _ tensors: [StoredTensor]) throws -> WeightPlan {
        let origins = Dictionary(tensors.map { ($0.name, WeightOrigin.stored($0)) }, uniquingKeysWith: { first, _ in first })
        let shapes = try ShapeWeights.shapes(of: config, absent: config.language.tieableNames.filter { origins[$0] == nil })
        let precision = dtype.map { Precision($0, for: config.architecture) }
        return try WeightPlan(shapes, origins) { name, stored in precision?.type(of: name).elementType ?? stored }
    }

    /// The config as it is, but for the type; every other key is kept, known or not.
    private func writeConfig(_ companions: CompanionFiles, to target: URL) throws {
        guard let dtype else { return try companions.copy("config.json", to: target) }
        let object = try JSONFile.object(folder.appendingPathComponent("config.json")) ?? JSONObject()
        // transformers 4 wrote `torch_dtype`.
        let key: JSONString = object["dtype"] == nil && object["torch_dtype"] != nil ? "torch_dtype" : "dtype"
        let value = JSONValue.object(object.setting(key, to: .string(JSONString(bytes: Array(dtype.rawValue.utf8)))))
        try JSONFile.write(value, to: target.appendingPathComponent("config.json"))
    }
}

/// JSON files with texts as keys, read and written byte by byte.
enum JSONFile {
    /// - Returns: nil where there is no such file.
    static func object(_ url: URL) throws -> JSONObject? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        do {
            guard let object = try JSONValue(parsing: Array(Data(contentsOf: url))).object else {
                throw ConversionError.unreadable(file: url.path, reason: "it holds no JSON object")
            }
            return object
        } catch let error as JSONError {
            throw ConversionError.unreadable(file: url.path, reason: error.description)
        } catch let error as ConversionError {
            throw error
        } catch {
            throw ConversionError.unreadable(file: url.path, reason: error.localizedDescription)
        }
    }

    static func write(_ value: JSONValue, to url: URL) throws {
        try Data(value.text.utf8).write(to: url, options: .atomic)
    }
}
