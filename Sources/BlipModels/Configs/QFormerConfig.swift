/// The Q-Former: BERT-base with queries and cross-attention by default.
public struct QFormerConfig: Codable, Sendable, Equatable {
    public var vocabularySize = 30522
    public var hiddenSize = 768
    public var layerCount = 12
    public var headCount = 12
    public var intermediateSize = 3072
    public var activation = Activation.gelu
    public var positionCount = 512
    public var normEpsilon = 1e-12
    /// Layers whose index is a multiple of this look at the image.
    public var crossAttentionFrequency = 2
    public var hiddenDropout = 0.1
    public var attentionDropout = 0.1
    public var padID = 0
    /// Whether it has a feed-forward network for text: always in InstructBLIP; in BLIP-2 only where texts are compared with pictures.
    public var readsText = true

    enum CodingKeys: String, CodingKey {
        case vocabularySize = "vocab_size"
        case hiddenSize = "hidden_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case intermediateSize = "intermediate_size"
        case activation = "hidden_act"
        case positionCount = "max_position_embeddings"
        case normEpsilon = "layer_norm_eps"
        case crossAttentionFrequency = "cross_attention_frequency"
        case hiddenDropout = "hidden_dropout_prob"
        case attentionDropout = "attention_probs_dropout_prob"
        case padID = "pad_token_id"
        case readsText = "use_qformer_text_input"
    }

    public init() {}

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let published = QFormerConfig()
        vocabularySize = try keys.value(.vocabularySize, default: published.vocabularySize)
        hiddenSize = try keys.value(.hiddenSize, default: published.hiddenSize)
        layerCount = try keys.value(.layerCount, default: published.layerCount)
        headCount = try keys.value(.headCount, default: published.headCount)
        intermediateSize = try keys.value(.intermediateSize, default: published.intermediateSize)
        activation = try keys.value(.activation, default: published.activation)
        positionCount = try keys.value(.positionCount, default: published.positionCount)
        normEpsilon = try keys.value(.normEpsilon, default: published.normEpsilon)
        crossAttentionFrequency = try keys.value(.crossAttentionFrequency, default: published.crossAttentionFrequency)
        hiddenDropout = try keys.value(.hiddenDropout, default: published.hiddenDropout)
        attentionDropout = try keys.value(.attentionDropout, default: published.attentionDropout)
        padID = try keys.value(.padID, default: published.padID)
        // BLIP-2's default; InstructBLIP's files do not have the key, and its config sets this.
        readsText = try keys.value(.readsText, default: false)
    }

    /// - Throws: ``ConfigError``.
    public func validate() throws {
        try positive([
            ("qformer_config.vocab_size", vocabularySize), ("qformer_config.hidden_size", hiddenSize),
            ("qformer_config.num_attention_heads", headCount),
            ("qformer_config.intermediate_size", intermediateSize), ("qformer_config.max_position_embeddings", positionCount),
            ("qformer_config.cross_attention_frequency", crossAttentionFrequency),
        ])
        try layers("qformer_config.num_hidden_layers", layerCount)
        try divides(headCount, hiddenSize, "qformer_config")
    }
}
