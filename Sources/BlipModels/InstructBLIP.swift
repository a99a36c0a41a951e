import BlipTensors

/// The whole network: a frozen image encoder, the Q-Former that reads its output with the instruction in mind, a projection, and a frozen
/// language model.
///
/// Training, generation and ranking all make their prompt with ``prompt(for:observe:)``. BLIP-2 is the same network whose Q-Former is told
/// nothing. Source: InstructBLIP (Dai et al., 2023), section 2; `InstructBlipForConditionalGeneration` and `Blip2ForConditionalGeneration`
/// of transformers.
public struct InstructBLIP {
    public let config: InstructBLIPConfig
    public let vision: VisionEncoder
    public let visionNorm: LayerNorm
    public let queryTokens: Tensor  // [1, N, Q]
    public let qformer: QFormer
    public let projection: Linear
    public let language: any LanguageModel
    let fixed = FixedParts()

    public init(_ scope: Scope, _ config: InstructBLIPConfig) throws {
        let (width, patches) = (config.qformer.hiddenSize, config.vision.hiddenSize)
        self.config = config
        vision = try VisionEncoder(scope["vision_model"], config.vision)
        visionNorm = try LayerNorm(scope["vision_model"]["post_layernorm"], patches, epsilon: config.vision.normEpsilon)
        queryTokens = try scope.tensor("query_tokens", [1, config.queryCount, width])
        let (reader, isTold) = (scope["qformer"], config.architecture.isInstructed)
        qformer = try QFormer(
            reader, config.qformer, norm: isTold ? reader["embeddings"]["layernorm"] : reader["layernorm"],
            text: isTold ? reader["embeddings"] : nil, imageWidth: patches)
        projection = try Linear(scope["language_projection"], from: width, to: config.language.width)
        language = try LanguageModelFamily.load(scope["language_model"], config.language)
    }

    /// The part that instruction tuning trains; everything else is frozen.
    public static func isTrainable(_ name: String) -> Bool { NetworkPart.instructionTuned.contains(NetworkPart(of: name)) }

    public var promptPadding: PaddingSide { language.promptPadding }

    /// The one way from pictures and instructions to what the language model reads.
    ///
    /// - Parameter observe: sees every stage as it is done, for timing and tracing.
    public func prompt(for batch: Batch, observe: Observer = .none) throws -> Prompt {
        try prompt(seeing: look(at: batch.pixels, observe: observe), told: batch.instruction, then: batch.prompt, observe: observe)
    }

    /// What the image encoder makes of pictures [R, 3, H, W]. It does not depend on the instruction, so it can be kept for the next one.
    public func look(at pixels: Tensor, observe: Observer = .none) throws -> Look {
        try look(from: features(of: pixels, observe: observe), observe: observe)
    }

    /// The part of ``look(at:observe:)`` that instruction tuning trains, from what the frozen image encoder gave.
    ///
    /// - Parameter features: the output of ``vision`` [R, P, V].
    public func look(from features: Tensor, observe: Observer = .none) throws -> Look {
        let patches = try normalized(features)  // [R, P, V]
        let look = Look(patches: patches, reading: try qformer.read(patches))
        try observe.saw(.vision, patches)
        return look
    }

    /// What the Q-Former is given of the image encoder's output [R, P, V].
    public func normalized(_ features: Tensor) throws -> Tensor { try visionNorm(visionNorm.accepting(features)) }

    /// The second half of ``prompt(for:observe:)``, from pictures that were looked at before.
    ///
    /// - Parameters:
    ///   - look: R pictures; for B rows of text R is B times the number F of frames of each row.
    ///   - instruction: [B, T'], told to every frame; nil reads the pictures without it.
    ///   - words: [B, T]
    ///   - dropout: in the Q-Former, in training alone.
    public func prompt(
        seeing look: Look, told instruction: TokenBatch?, then words: TokenBatch, dropout: Dropout? = nil, observe: Observer = .none
    ) throws -> Prompt {
        let frames = look.count / max(1, words.batch)
        let soft = try softTokens(seeing: look, told: instruction?.repeated(frames), dropout: dropout, observe: observe)  // [R, N, D]
        let joined = try soft.reshape([words.batch, frames * soft.size(1), soft.size(2)])  // [B, F·N, D]
        return try Prompt(joined, then: language.embed(words.ids), mask: words.mask)  // [B, F·N + T, D]
    }

    /// What stands for pictures before the words [R, N, D].
    ///
    /// - Parameters:
    ///   - instruction: R rows, one for each picture.
    public func softTokens(
        seeing look: Look, told instruction: TokenBatch?, dropout: Dropout? = nil, observe: Observer = .none
    ) throws -> Tensor {
        let queries = try queries(seeing: look, told: instruction, dropout: dropout, observe: observe)  // [R, N, Q]
        try observe.saw(.qformer, queries)
        let soft = try softTokens(from: queries)
        try observe.saw(.projection, soft)
        return soft
    }

    /// The last step of them, from what the Q-Former gave [R, N, Q].
    public func softTokens(from queries: Tensor) throws -> Tensor { try projection(projection.accepting(queries)).to(language.dtype) }

    /// Words alone, as the language model on its own reads them: what it says without a picture shows what pictures are needed for.
    public func prompt(of words: TokenBatch) throws -> Prompt { Prompt(embeddings: try language.embed(words.ids), mask: words.mask) }

    /// Mean cross entropy of the targets, given the pictures and instructions.
    ///
    /// - Parameter targets: answer ids with the end of sequence and without a beginning, right-padded.
    public func loss(_ batch: Batch, _ targets: TokenBatch) throws -> Tensor { try language.loss(prompt(for: batch), targets) }

    /// The stages of a prompt, in order.
    public enum Stage: String, Sendable, CaseIterable { case vision, qformer, projection }

    /// Somebody who wants to see intermediate results.
    public struct Observer {
        let saw: (Stage, Tensor) throws -> Void
        /// Nil where nobody wants to see layers.
        let sawLayer: ((Stage, Tensor) throws -> Void)?

        /// - Parameters:
        ///   - saw: is given the result of a stage.
        ///   - sawLayer: is given what every layer of a stage makes.
        public init(
            _ saw: @escaping (Stage, Tensor) throws -> Void, sawLayer: ((Stage, Tensor) throws -> Void)? = nil
        ) {
            (self.saw, self.sawLayer) = (saw, sawLayer)
        }

        public static var none: Observer { Observer { _, _ in } }
    }
}
