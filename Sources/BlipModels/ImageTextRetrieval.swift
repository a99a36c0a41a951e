import BlipTensors

/// BLIP-2 without a language model: how well a text fits a picture, as the first stage of its training learned it.
///
/// Source: BLIP-2 (Li et al., 2023), section 3.1; `Blip2ForImageTextRetrieval` of transformers.
public struct ImageTextRetrieval {
    public let config: InstructBLIPConfig
    public let vision: VisionEncoder
    let visionNorm: LayerNorm
    let queryTokens: Tensor  // [1, N, Q]
    let qformer: QFormer
    let visionProjection: Linear
    let textProjection: Linear
    let matchingHead: Linear

    public init(_ scope: Scope, _ config: InstructBLIPConfig) throws {
        let (width, patches) = (config.qformer.hiddenSize, config.vision.hiddenSize)
        self.config = config
        vision = try VisionEncoder(scope["vision_model"], config.vision)
        visionNorm = try LayerNorm(scope["vision_model"]["post_layernorm"], patches, epsilon: config.vision.normEpsilon)
        queryTokens = try scope.tensor("query_tokens", [1, config.queryCount, width])
        qformer = try QFormer(
            scope["qformer"], config.qformer, norm: scope["qformer"]["layernorm"], text: scope["embeddings"], imageWidth: patches)
        visionProjection = try Linear(scope["vision_projection"], from: width, to: config.imageTextSize)
        textProjection = try Linear(scope["text_projection"], from: width, to: config.imageTextSize)
        matchingHead = try Linear(scope["itm_head"], from: width, to: 2)
    }

    /// What the image encoder makes of pictures [R, 3, H, W]; it does not depend on the text.
    public func look(at pixels: Tensor) throws -> Look { try look(from: vision(pixels)) }

    /// The same from the output of ``vision`` [R, P, V].
    public func look(from features: Tensor) throws -> Look {
        let patches = try visionNorm(visionNorm.accepting(features))
        return Look(patches: patches, reading: try qformer.read(patches))
    }

    /// Logits [B, 2] of "does not match" and "matches": picture and text read together, the mean over the queries.
    ///
    /// - Parameter texts: `[CLS] ... [SEP]`, right-padded, one for each picture.
    public func matching(_ look: Look, _ texts: TokenBatch) throws -> Tensor { try matching(look.reading, texts, dropout: nil) }

    func matching(_ reading: ImageReading, _ texts: TokenBatch, dropout: Dropout?) throws -> Tensor {
        let queries = try qformer(queryTokens, reading: reading, told: texts, dropout: dropout)
        return try matchingHead(matchingHead.accepting(queries)).mean(1)
    }

    /// Cosine similarities [R, B] of R pictures and B texts, each read alone; of a picture's queries the most similar counts.
    public func similarity(_ look: Look, _ texts: TokenBatch) throws -> Tensor {
        let pictures = try pictures(qformer(queryTokens, reading: look.reading, told: nil))
        return try Self.similarity(pictures, words(qformer.read(text: texts)))
    }

    /// What is compared of pictures, of what the queries found [R, N, Q]: unit vectors [R, N, E].
    func pictures(_ queries: Tensor) throws -> Tensor { try Self.normalized(visionProjection(visionProjection.accepting(queries))) }

    /// What is compared of texts that were read [B, T, Q], their [CLS]: unit vectors [B, E].
    func words(_ read: Tensor) throws -> Tensor { try Self.normalized(textProjection(textProjection.accepting(read.select(1, 0)))) }

    /// [R, N, E] and [B, E] -> [R, B]
    static func similarity(_ pictures: Tensor, _ words: Tensor) throws -> Tensor {
        try pictures.matmul(words.transpose(0, 1)).max(1)
    }

    private static func normalized(_ x: Tensor) throws -> Tensor {
        let length = try x.to(.float32).square().sum(-1).unsqueeze(-1)
        return try (x.to(.float32) * (length + 1e-24).rsqrt()).to(x.dtype)
    }
}
