import BlipJSON
public import BlipModels
public import BlipTensors
public import Foundation

/// Makes one checkpoint folder out of parts of others: an image encoder, a Q-Former and a language model.
///
/// This is how BLIP-2's two stages and InstructBLIP begin. Stage 1 has a Q-Former made of BERT; stage 2 has stage 1's Q-Former and a language
/// model; InstructBLIP has stage 2's weights and, of stage 1, the Q-Former's text branch.
///
/// ```swift
/// let start = try CheckpointAssembler(
///     .instructBLIP, .init(qformer: .folder(URL(filePath: "blip2-flan-t5-xl")), textBranch: URL(filePath: "blip2-itm-vit-g")))
/// let report = try start.write(to: URL(filePath: "instructblip-flan-t5-xl-start"))
/// ```
public struct CheckpointAssembler {
    /// Where the parts are taken from.
    public struct Parts: Sendable {
        public enum QFormer: Sendable, Equatable {
            /// An InstructBLIP, a BLIP-2 of either stage, or a BERT.
            case folder(URL)
            /// As PyTorch begins one.
            case random
        }

        /// The folder of an InstructBLIP or a BLIP-2, or `eva_vit_g.pth`; the Q-Former's folder where nil.
        public var vision: URL?
        /// The image encoder's folder where nil.
        public var qformer: QFormer?
        /// A folder as for the Q-Former, for its word and position embeddings and its feed-forward networks of text alone.
        public var textBranch: URL?
        /// A language model on its own, or an InstructBLIP or a BLIP-2 with one; the Q-Former's folder where nil.
        public var language: URL?
        /// BERT's tokenizer, where the Q-Former that reads text is random, or in place of the one it comes with.
        public var qformerTokenizer: URL?

        public init(
            vision: URL? = nil, qformer: QFormer? = nil, textBranch: URL? = nil, language: URL? = nil, qformerTokenizer: URL? = nil
        ) {
            (self.vision, self.qformer, self.textBranch) = (vision, qformer, textBranch)
            (self.language, self.qformerTokenizer) = (language, qformerTokenizer)
        }
    }

    let architecture: Architecture
    let parts: Parts
    let sizes: InstructBLIPConfig
    let seed: UInt64
    let dtype: DType?
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - architecture: InstructBLIP, BLIP-2, or BLIP-2 for image-text retrieval, which has no language model.
    ///   - sizes: those of a random Q-Former, the number of queries and the cross-attention of one made of BERT, and those of an image encoder in
    ///     a `.pth` file; the published ones where nil.
    ///   - seed: of what no part brings.
    ///   - dtype: float32, bfloat16 or float16, where what ``Precision`` names stays float32; nil keeps every tensor's own.
    /// - Throws: ``BlipError/invalidOption(name:found:expected:)`` where a folder is missing, or one given that nobody needs.
    public init(
        _ architecture: Architecture, _ parts: Parts, sizes: InstructBLIPConfig? = nil, seed: UInt64 = 0, dtype: DType? = nil,
        maximumShardBytes: Int = 5_000_000_000
    ) throws {
        guard architecture != .instructBLIPVideo else {
            throw BlipError.invalidOption(
                name: "the kind", found: architecture.name, expected: "InstructBLIP, BLIP-2, or BLIP-2 for retrieval")
        }
        try Self.refuse("the language model's folder", parts.language, unless: architecture != .blip2Retrieval, architecture)
        try Self.refuse("the text branch's folder", parts.textBranch, unless: architecture != .blip2, architecture)
        try Self.refuse("the folder of BERT's tokenizer", parts.qformerTokenizer, unless: architecture != .blip2, architecture)
        self.architecture = architecture
        self.parts = parts
        self.sizes = try sizes ?? ModelCatalog.config("instructblip-flan-t5-xl")
        (self.seed, self.dtype, self.maximumShardBytes) = (seed, dtype, maximumShardBytes)
    }

    private static func refuse(_ name: String, _ folder: URL?, unless isNeeded: Bool, _ architecture: Architecture) throws {
        guard let folder, !isNeeded else { return }
        throw BlipError.invalidOption(name: name, found: folder.path, expected: "none, for \(architecture.name)")
    }

    /// Writes config, tokenizers and weights to `folder`, which must be new or empty. All names and shapes are checked before anything is written.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between pieces; true stops, removes what was begun, and throws `CancellationError`.
    /// - Throws: ``ConversionError``, among them ``ConversionError/unfitting(what:one:has:other:needs:)`` and
    ///   ``ConversionError/wrongKind(folder:expected:found:)``; `PickleError`, `SafetensorsError`, `ConfigError`, `TokenizerError`, ``BlipError``.
    public func write(
        to folder: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ConversionReport {
        let assembly = try AssemblyPlan(self)
        let weights = assembly.weights
        return try NewFolder.fill(folder) {
            // First, because a tokenizer that does not fit is found at once.
            try ConvertedTokenizers(assembly.config).write(language: assembly.languageFolder, instruction: assembly.tokenizer, to: folder)
            let bytes = try weights.write(to: folder, maximumShardBytes: maximumShardBytes, progress: progress, isCancelled: isCancelled)
            if architecture != .blip2Retrieval { try Self.writeGeneration(assembly.config.language, to: folder) }
            // Last, so that a folder without it was not finished.
            try ConfigFiles.write(assembly.config, assembly.dtype, images: assembly.images, to: folder)
            return ConversionReport(tensors: weights.entries.count, bytes: bytes, notes: weights.notes)
        }
    }

    /// `generation_config.json`, as transformers makes it of the language model's config.
    private static func writeGeneration(_ language: LanguageConfig, to folder: URL) throws {
        var object = JSONObject([("_from_model_config", .bool(true))])
        func set(_ key: JSONString, _ value: Int?) { if let value { object = object.setting(key, to: .integer(value)) } }
        set("bos_token_id", language.beginID)
        if case .t5(let config) = language { set("decoder_start_token_id", config.decoderStartID) }
        let ends = language.endIDs
        if ends.count > 1 {
            object = object.setting("eos_token_id", to: .array(ends.map { .integer($0) }))
        } else {
            set("eos_token_id", ends.first)
        }
        set("pad_token_id", language.padID)
        try JSONFile.write(.object(object), to: folder.appendingPathComponent("generation_config.json"))
    }
}
