/// OPT, as BLIP-2 has it: norms before the sub-layers, learned positions.
public struct OPTConfig: Codable, Sendable, Equatable {
    public var vocabularySize = 50272
    public var hiddenSize = 768
    public var intermediateSize = 3072
    public var layerCount = 12
    public var headCount = 12
    public var activation = Activation.relu
    public var positionCount = 2048
    public var hasBias = true
    /// Whether a norm stands behind the last layer; files tuned with transformers before 4.20 have none.
    public var hasFinalNorm = true
    public var tiesEmbeddings = true
    public var padID: Int? = 1
    /// What a caption without a prompt begins with.
    public var beginID: Int? = 2
    /// Ids that end an answer. BLIP-2 was trained to end its texts with a line break, 50118.
    public var endIDs = [2]

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case vocabularySize = "vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "ffn_dim"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case activation = "activation_function"
        case positionCount = "max_position_embeddings"
        case hasBias = "enable_bias"
        case lacksFinalNorm = "_remove_final_layer_norm"
        case tiesEmbeddings = "tie_word_embeddings"
        case padID = "pad_token_id"
        case beginID = "bos_token_id"
        case endIDs = "eos_token_id"
        case normsFirst = "do_layer_norm_before"
        case normsHaveWeights = "layer_norm_elementwise_affine"
        case embeddingSize = "word_embed_proj_dim"
    }

    public init() {}

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let published = OPTConfig()
        vocabularySize = try keys.value(.vocabularySize, default: published.vocabularySize)
        hiddenSize = try keys.value(.hiddenSize, default: published.hiddenSize)
        intermediateSize = try keys.value(.intermediateSize, default: published.intermediateSize)
        layerCount = try keys.value(.layerCount, default: published.layerCount)
        headCount = try keys.value(.headCount, default: published.headCount)
        activation = try keys.value(.activation, default: published.activation)
        positionCount = try keys.value(.positionCount, default: published.positionCount)
        hasBias = try keys.value(.hasBias, default: published.hasBias)
        hasFinalNorm = try !keys.value(.lacksFinalNorm, default: !published.hasFinalNorm)
        tiesEmbeddings = try keys.value(.tiesEmbeddings, default: published.tiesEmbeddings)
        padID = try keys.value(.padID, default: published.padID)
        // Null says that there is none; only a missing key means the default.
        beginID = try keys.contains(.beginID) ? keys.decodeIfPresent(Int.self, forKey: .beginID) : published.beginID
        endIDs = try keys.contains(.endIDs) ? keys.decodeIfPresent(OneOrMore.self, forKey: .endIDs)?.values ?? [] : published.endIDs
        try Self.refuse(keys, .normsFirst)
        try Self.refuse(keys, .normsHaveWeights)
        // The soft prompt is as wide as the layers, so the reference cannot read a narrower embedding either.
        let embeddingSize = try keys.value(.embeddingSize, default: hiddenSize)
        guard embeddingSize == hiddenSize else {
            throw ConfigError.unsupported(
                key: "text_config.word_embed_proj_dim", found: "\(embeddingSize)", supported: ["\(hiddenSize), the hidden_size"])
        }
    }

    /// Only opt-350m says false, on which no BLIP-2 was built.
    private static func refuse(_ keys: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws {
        guard try keys.value(key, default: true) else {
            throw ConfigError.unsupported(key: "text_config.\(key.rawValue)", found: "false", supported: ["true"])
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode("opt", forKey: .modelType)
        try keys.encode(vocabularySize, forKey: .vocabularySize)
        try keys.encode(hiddenSize, forKey: .hiddenSize)
        try keys.encode(intermediateSize, forKey: .intermediateSize)
        try keys.encode(layerCount, forKey: .layerCount)
        try keys.encode(headCount, forKey: .headCount)
        try keys.encode(activation, forKey: .activation)
        try keys.encode(positionCount, forKey: .positionCount)
        try keys.encode(hasBias, forKey: .hasBias)
        try keys.encode(!hasFinalNorm, forKey: .lacksFinalNorm)
        try keys.encode(tiesEmbeddings, forKey: .tiesEmbeddings)
        try keys.encodeIfPresent(padID, forKey: .padID)
        try keys.encode(beginID, forKey: .beginID)
        try keys.encode(endIDs.isEmpty ? nil : OneOrMore(endIDs), forKey: .endIDs)
        try keys.encode(hiddenSize, forKey: .embeddingSize)
    }

    func validate() throws {
        try positive([
            ("text_config.vocab_size", vocabularySize), ("text_config.hidden_size", hiddenSize),
            ("text_config.ffn_dim", intermediateSize), ("text_config.max_position_embeddings", positionCount),
            ("text_config.num_attention_heads", headCount),
        ])
        try layers("text_config.num_hidden_layers", layerCount)
        try divides(headCount, hiddenSize, "text_config")
        if let beginID, !(0..<vocabularySize).contains(beginID) {
            throw ConfigError.inconsistent(reason: "bos_token_id \(beginID) is not below vocab_size \(vocabularySize)")
        }
    }
}
