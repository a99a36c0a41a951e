import BlipModels
import BlipTensors
import Foundation

/// Makes one checkpoint folder of what a LAVIS user has: the trained part, the image encoder, and a language model's folder.
///
/// ```swift
/// let converter = LAVISConverter(
///     config: try ModelCatalog.config("instructblip-flan-t5-xl"), trained: URL(filePath: "instruct_blip_flanxl_trimmed.pth"),
///     vision: URL(filePath: "eva_vit_g.pth"), language: URL(filePath: "flan-t5-xl"), instructionTokenizer: URL(filePath: "bert-base-uncased"))
/// let report = try converter.write(to: URL(filePath: "instructblip-flan-t5-xl"))
/// ```
public struct LAVISConverter {
    let config: InstructBLIPConfig
    let trained: URL
    let vision: URL?
    let language: URL
    let instructionTokenizer: URL
    let dtype: DType
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - trained: `instruct_blip_*_trimmed.pth`, or an untrimmed file, which needs no `vision`.
    ///   - vision: `eva_vit_g.pth`. Where `trained` holds an image encoder too, that one counts, as in LAVIS.
    ///   - language: a folder in the Hugging Face layout: FlanT5, or Vicuna 1.1.
    ///   - instructionTokenizer: a folder with the tokenizer of bert-base-uncased.
    ///   - dtype: float32 (as published), bfloat16 or float16; in float16, the query tokens and T5's `wo` stay float32.
    public init(
        config: InstructBLIPConfig, trained: URL, vision: URL?, language: URL, instructionTokenizer: URL, dtype: DType = .float32,
        maximumShardBytes: Int = 5_000_000_000
    ) {
        self.config = config
        self.trained = trained
        self.vision = vision
        self.language = language
        self.instructionTokenizer = instructionTokenizer
        self.dtype = dtype
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes config, tokenizers and weights to `folder`, which must be new or empty.
    ///
    /// All names and shapes are checked before anything is written.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between pieces; true stops, removes what was begun, and throws `CancellationError`.
    /// - Throws: ``ConversionError``, `PickleError`, `SafetensorsError`, `TokenizerError`, ``BlipError``.
    public func write(
        to folder: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ConversionReport {
        let plan = try plan()
        return try NewFolder.fill(folder) {
            // First, because a tokenizer that does not fit is found at once.
            try ConvertedTokenizers(config).write(language: language, instruction: instructionTokenizer, to: folder)
            let bytes = try plan.write(to: folder, maximumShardBytes: maximumShardBytes, progress: progress, isCancelled: isCancelled)
            // Last, so that a folder without it was not finished.
            try ConfigFiles.write(config, dtype, to: folder)
            return ConversionReport(tensors: plan.entries.count, bytes: bytes, notes: plan.notes)
        }
    }

    private func plan() throws -> WeightPlan {
        guard config.architecture == .instructBLIP else {
            throw BlipError.invalidOption(
                name: "the config of the LAVIS file", found: config.architecture.name, expected: "an InstructBLIP config")
        }
        var origins = try languageOrigins()
        var notes: [String] = []
        if let vision {
            let blocks = config.vision.layerCount
            let eva = try read(vision, called: "eva_vit_g", &notes) { LAVISNames.translateEVA($0, blockCount: blocks) }
            origins.merge(eva) { $1 }
        }
        // Last, because what was trained counts.
        origins.merge(try read(trained, called: "InstructBLIP", &notes) { LAVISNames.translate($0, .instructBLIP) }) { $1 }

        let absent = config.language.tieableNames.filter { origins[$0] == nil }
        let shapes = ShapeWeights(absent: absent)
        _ = try InstructBLIP(Scope(shapes), config)
        let precision = Precision(dtype)
        return try WeightPlan(shapes.shapes, origins, notes: notes) { name, _ in precision.type(of: name).elementType }
    }

    /// The tensors of one LAVIS file by their new names.
    private func read(
        _ file: URL, called layout: String, _ notes: inout [String], _ translate: (String) -> LAVISTranslation?
    ) throws -> [String: WeightOrigin] {
        var origins: [String: WeightOrigin] = [:]
        var unknown: [String] = []
        var repeated: [String] = []
        var dropped: [String] = []
        for tensor in try StoredTensor.all(of: file) {
            switch translate(tensor.name) {
            case nil: unknown.append(tensor.name)
            case .dropped: dropped.append(tensor.name)
            case .renamed(let name):
                if let other = origins.updateValue(origin(tensor, name), forKey: name) { repeated += other.names + [tensor.name] }
            case .queryBias(let name):
                guard case .biases(_, let value) = origins[name] ?? .biases(query: nil, value: nil) else { continue }
                origins[name] = .biases(query: tensor, value: value)
            case .valueBias(let name):
                guard case .biases(let query, _) = origins[name] ?? .biases(query: nil, value: nil) else { continue }
                origins[name] = .biases(query: query, value: tensor)
            }
        }
        guard unknown.isEmpty else { throw ConversionError.unknownNames(file: file.path, names: unknown, layout: layout) }
        guard repeated.isEmpty else { throw ConversionError.sameTensor(file: file.path, names: repeated) }
        if !dropped.isEmpty { notes.append("not used of \(file.lastPathComponent): \(NameList.text(dropped))") }
        return origins
    }

    private func languageOrigins() throws -> [String: WeightOrigin] {
        let tensors = try StoredTensor.all(in: language).map { tensor in
            let name = "language_model." + tensor.name
            return (name, origin(tensor, name))
        }
        // The files saw to it that names are unique.
        return Dictionary(tensors, uniquingKeysWith: { first, _ in first })
    }

    private func origin(_ tensor: StoredTensor, _ name: String) -> WeightOrigin {
        if name == "vision_model.embeddings.position_embedding" { return .positions(tensor) }
        return Self.vocabularyNames.contains(name) ? .rows(tensor) : .stored(tensor)
    }

    /// Matrices with one row per token: a language model's own vocabulary has other rows than the checkpoint's.
    private static let vocabularyNames: Set = [
        "language_model.model.embed_tokens.weight", "language_model.shared.weight", "language_model.lm_head.weight",
    ]
}
