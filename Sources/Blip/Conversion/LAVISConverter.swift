import BlipModels
import BlipTensors
import Foundation

/// Makes one checkpoint folder of what a LAVIS user has: the trained part, the image encoder, and a language model's folder.
///
/// ```swift
/// let converter = try LAVISConverter(
///     config: try ModelCatalog.config("instructblip-flan-t5-xl"), trained: URL(filePath: "instruct_blip_flanxl_trimmed.pth"),
///     vision: URL(filePath: "eva_vit_g.pth"), language: URL(filePath: "flan-t5-xl"), instructionTokenizer: URL(filePath: "bert-base-uncased"))
/// let report = try converter.write(to: URL(filePath: "instructblip-flan-t5-xl"))
/// ```
///
/// The config says which: InstructBLIP; BLIP-2 of stage 2, with OPT or FlanT5, fine-tuned or not; or BLIP-2 of stage 1, for retrieval.
public struct LAVISConverter {
    let config: InstructBLIPConfig
    let trained: URL
    let vision: URL?
    let language: URL?
    let instructionTokenizer: URL?
    let dtype: DType
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - trained: `instruct_blip_*_trimmed.pth`, `blip2_pretrained_*.pth`, `blip2_caption_*.pth` or, of stage 1, `blip2_pretrained.pth`.
    ///     A file that holds an image encoder, as those fine-tuned on captions and untrimmed ones do, needs no `vision`.
    ///   - vision: `eva_vit_g.pth`. Where `trained` holds an image encoder too, that one counts, as in LAVIS.
    ///   - language: a folder in the Hugging Face layout: FlanT5, Vicuna 1.1 or OPT; nil for retrieval, which has no language model.
    ///   - instructionTokenizer: a folder with the tokenizer of bert-base-uncased; nil for BLIP-2 with a language model, whose Q-Former is
    ///     told nothing.
    ///   - dtype: float32 (as published), bfloat16 or float16, where what ``Precision`` names stays float32.
    /// - Throws: ``BlipError/invalidOption(name:found:expected:)`` where a folder is missing, or one given that nobody needs.
    public init(
        config: InstructBLIPConfig, trained: URL, vision: URL?, language: URL?, instructionTokenizer: URL?, dtype: DType = .float32,
        maximumShardBytes: Int = 5_000_000_000
    ) throws {
        let kind = config.architecture
        try Self.check("the language model's folder", language, isNeeded: kind != .blip2Retrieval, kind)
        try Self.check("the folder of BERT's tokenizer", instructionTokenizer, isNeeded: kind != .blip2, kind)
        self.config = config
        self.trained = trained
        self.vision = vision
        self.language = language
        self.instructionTokenizer = instructionTokenizer
        self.dtype = dtype
        self.maximumShardBytes = maximumShardBytes
    }

    private static func check(_ name: String, _ folder: URL?, isNeeded: Bool, _ kind: Architecture) throws {
        guard (folder != nil) != isNeeded else { return }
        throw BlipError.invalidOption(
            name: name, found: folder?.path ?? "missing", expected: isNeeded ? "one, for \(kind.name)" : "none, for \(kind.name)")
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
        var origins = try languageOrigins()
        var notes: [String] = []
        if let vision {
            let blocks = config.vision.layerCount
            let eva = try Self.read(vision, called: "eva_vit_g", &notes) { LAVISNames.translateEVA($0, blockCount: blocks) }
            origins.merge(eva) { $1 }
        }
        // Last, because what was trained counts.
        let layout = config.architecture.layout
        origins.merge(try Self.read(trained, called: config.architecture.name, &notes) { LAVISNames.translate($0, layout) }) { $1 }

        let shapes = try ShapeWeights.shapes(of: config, absent: config.language.tieableNames.filter { origins[$0] == nil })
        let precision = Precision(dtype, for: config.architecture)
        return try WeightPlan(shapes, origins, notes: notes) { name, _ in precision.type(of: name).elementType }
    }

    /// The tensors of one LAVIS file by their new names.
    static func read(
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
        guard let language else { return [:] }
        let tensors = Self.languageTensors(try StoredTensor.all(in: language), config.language)
        // The files saw to it that names are unique.
        return Dictionary(tensors.map { ($0.name, Self.origin($0.tensor, $0.name)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The tensors of a language model on its own, by the names that a checkpoint has for them.
    static func languageTensors(_ tensors: [StoredTensor], _ config: LanguageConfig) -> [(name: String, tensor: StoredTensor)] {
        // OPT's makers saved the inner model alone, without the name that the whole one has for it.
        let isInner = if case .opt = config { true } else { false }
        return tensors.map { tensor in
            ("language_model." + (isInner && tensor.name.hasPrefix("decoder.") ? "model." : "") + tensor.name, tensor)
        }
    }

    static func origin(_ tensor: StoredTensor, _ name: String) -> WeightOrigin {
        if name == "vision_model.embeddings.position_embedding" { return .positions(tensor) }
        return vocabularyNames.contains(name) ? .rows(tensor) : .stored(tensor)
    }

    /// Matrices with one row per token: a language model's own vocabulary has other rows than the checkpoint's.
    private static let vocabularyNames: Set = [
        "language_model.model.embed_tokens.weight", "language_model.model.decoder.embed_tokens.weight", "language_model.shared.weight",
        "language_model.lm_head.weight",
    ]
}

extension Architecture {
    /// The names its LAVIS files have.
    var layout: LAVISLayout {
        switch self {
        case .instructBLIP, .instructBLIPVideo: .instructBLIP
        case .blip2: .blip2
        case .blip2Retrieval: .retrieval
        }
    }
}
