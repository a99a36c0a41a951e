import BlipTensors

/// The whole network: a frozen image encoder, the Q-Former that reads its output with the instruction in mind, a projection, and a frozen
/// language model.
///
/// Training, generation and ranking all make their prompt with ``prompt(for:observe:)``. Source: InstructBLIP (Dai et al., 2023), section 2;
/// `InstructBlipForConditionalGeneration` of transformers.
public struct InstructBLIP {
    public let config: InstructBLIPConfig
    public let vision: VisionEncoder
    public let visionNorm: LayerNorm
    public let queryTokens: Tensor  // [1, N, Q]
    public let qformer: QFormer
    public let projection: Linear
    public let language: any LanguageModel

    public init(_ scope: Scope, _ config: InstructBLIPConfig) throws {
        let (width, patches) = (config.qformer.hiddenSize, config.vision.hiddenSize)
        self.config = config
        vision = try VisionEncoder(scope["vision_model"], config.vision)
        visionNorm = try LayerNorm(scope["vision_model"]["post_layernorm"], patches, epsilon: config.vision.normEpsilon)
        queryTokens = try scope.tensor("query_tokens", [1, config.queryCount, width])
        qformer = try QFormer(scope["qformer"], config.qformer, imageWidth: patches)
        projection = try Linear(scope["language_projection"], from: width, to: config.language.width)
        language = try LanguageModelFamily.load(scope["language_model"], config.language)
    }

    /// The part that instruction tuning trains; everything else is frozen.
    public static func isTrainable(_ name: String) -> Bool {
        name == "query_tokens" || ["qformer.", "language_projection.", "vision_model.post_layernorm."].contains { name.hasPrefix($0) }
    }

    public var promptPadding: PaddingSide { language.promptPadding }

    /// The one way from pictures and instructions to what the language model reads.
    ///
    /// - Parameter observe: sees every stage as it is done, for timing and tracing.
    public func prompt(for batch: Batch, observe: Observer = .none) throws -> Prompt {
        let patches = try visionNorm(vision(batch.pixels))  // [B, P, V]
        try observe.saw(.vision, patches)
        let queries = try qformer(queryTokens, reading: qformer.read(patches), told: batch.instruction)  // [B, N, Q]
        try observe.saw(.qformer, queries)
        let soft = try projection(queries)  // [B, N, D]
        try observe.saw(.projection, soft)
        let words = try language.embed(batch.prompt.ids)  // [B, T, D]
        return try Prompt(soft, then: words, mask: batch.prompt.mask)  // [B, N + T, D]
    }

    /// Mean cross entropy of the targets, given the pictures and instructions.
    ///
    /// - Parameter targets: answer ids with the end of sequence and without a beginning, right-padded.
    public func loss(_ batch: Batch, _ targets: TokenBatch) throws -> Tensor { try language.loss(prompt(for: batch), targets) }

    /// The stages of a prompt, in order.
    public enum Stage: String, Sendable, CaseIterable { case vision, qformer, projection }

    /// Somebody who wants to see intermediate results.
    public struct Observer {
        let saw: (Stage, Tensor) throws -> Void

        public init(_ saw: @escaping (Stage, Tensor) throws -> Void) { self.saw = saw }

        public static var none: Observer { Observer { _, _ in } }
    }
}
