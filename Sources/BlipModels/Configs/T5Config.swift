/// T5, with the gated feed-forward of version 1.1 that FlanT5 has, or the plain one of version 1.0.
public struct T5Config: Codable, Sendable, Equatable {
    public var vocabularySize = 32128
    public var width = 512
    /// The width of one attention head; heads x this need not equal the width.
    public var headSize = 64
    public var headCount = 8
    public var feedForwardSize = 2048
    public var encoderLayerCount = 6
    public var decoderLayerCount = 6
    public var bucketCount = 32
    public var maximumDistance = 128
    public var normEpsilon = 1e-6
    public var isGated = false
    public var activation = Activation.relu
    /// Whether the decoder's output is scaled by width^-0.5 before the head. FlanT5: no.
    public var scalesDecoderOutput = true
    public var tiesEmbeddings = true
    public var padID = 0
    public var endIDs = [1]
    public var decoderStartID = 0
    /// What the encoder is given when there is no text at all.
    public var beginID: Int?

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case vocabularySize = "vocab_size"
        case width = "d_model"
        case headSize = "d_kv"
        case headCount = "num_heads"
        case feedForwardSize = "d_ff"
        case encoderLayerCount = "num_layers"
        case decoderLayerCount = "num_decoder_layers"
        case bucketCount = "relative_attention_num_buckets"
        case maximumDistance = "relative_attention_max_distance"
        case normEpsilon = "layer_norm_epsilon"
        case feedForwardProjection = "feed_forward_proj"
        case denseActivation = "dense_act_fn"
        case isGated = "is_gated_act"
        case scalesDecoderOutput = "scale_decoder_outputs"
        case tiesEmbeddings = "tie_word_embeddings"
        case padID = "pad_token_id"
        case endIDs = "eos_token_id"
        case decoderStartID = "decoder_start_token_id"
        case beginID = "bos_token_id"
    }

    public init() {}

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let published = T5Config()
        vocabularySize = try keys.value(.vocabularySize, default: published.vocabularySize)
        width = try keys.value(.width, default: published.width)
        headSize = try keys.value(.headSize, default: published.headSize)
        headCount = try keys.value(.headCount, default: published.headCount)
        feedForwardSize = try keys.value(.feedForwardSize, default: published.feedForwardSize)
        encoderLayerCount = try keys.value(.encoderLayerCount, default: published.encoderLayerCount)
        decoderLayerCount = try keys.value(.decoderLayerCount, default: encoderLayerCount)
        bucketCount = try keys.value(.bucketCount, default: published.bucketCount)
        maximumDistance = try keys.value(.maximumDistance, default: published.maximumDistance)
        normEpsilon = try keys.value(.normEpsilon, default: published.normEpsilon)
        tiesEmbeddings = try keys.value(.tiesEmbeddings, default: published.tiesEmbeddings)
        // transformers 5 always writes tie_word_embeddings: true and keeps the old meaning under scale_decoder_outputs.
        scalesDecoderOutput = try keys.value(.scalesDecoderOutput, default: tiesEmbeddings)
        padID = try keys.value(.padID, default: published.padID)
        // Null says that no id ends an answer; only a missing key means the default.
        endIDs = try keys.contains(.endIDs) ? keys.decodeIfPresent(OneOrMore.self, forKey: .endIDs)?.values ?? [] : published.endIDs
        decoderStartID = try keys.value(.decoderStartID, default: padID)
        beginID = try keys.decodeIfPresent(Int.self, forKey: .beginID)
        let projection = try keys.value(.feedForwardProjection, default: "relu")
        let saysGated = projection.hasPrefix("gated-")
        isGated = try keys.value(.isGated, default: saysGated)
        let named = saysGated ? String(projection.dropFirst("gated-".count)) : projection
        // "gated-gelu" has meant the tanh form since T5 1.1, unless the file names the function itself, as every published FlanT5 does.
        let implied = projection == "gated-gelu" ? Activation.geluNew : Activation(rawValue: named)
        guard let activation = try keys.decodeIfPresent(Activation.self, forKey: .denseActivation) ?? implied else {
            throw ConfigError.unsupported(
                key: "text_config.feed_forward_proj", found: projection, supported: ["relu", "gated-gelu", "gated-silu"])
        }
        self.activation = activation
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode("t5", forKey: .modelType)
        try keys.encode(vocabularySize, forKey: .vocabularySize)
        try keys.encode(width, forKey: .width)
        try keys.encode(headSize, forKey: .headSize)
        try keys.encode(headCount, forKey: .headCount)
        try keys.encode(feedForwardSize, forKey: .feedForwardSize)
        try keys.encode(encoderLayerCount, forKey: .encoderLayerCount)
        try keys.encode(decoderLayerCount, forKey: .decoderLayerCount)
        try keys.encode(bucketCount, forKey: .bucketCount)
        try keys.encode(maximumDistance, forKey: .maximumDistance)
        try keys.encode(normEpsilon, forKey: .normEpsilon)
        try keys.encode(isGated ? "gated-gelu" : activation.rawValue, forKey: .feedForwardProjection)
        try keys.encode(activation, forKey: .denseActivation)
        try keys.encode(isGated, forKey: .isGated)
        try keys.encode(scalesDecoderOutput, forKey: .scalesDecoderOutput)
        try keys.encode(tiesEmbeddings, forKey: .tiesEmbeddings)
        try keys.encode(padID, forKey: .padID)
        try keys.encode(OneOrMore(endIDs), forKey: .endIDs)
        try keys.encode(decoderStartID, forKey: .decoderStartID)
        try keys.encodeIfPresent(beginID, forKey: .beginID)
    }

    /// Heads x head size.
    public var innerSize: Int { headCount * headSize }

    func validate() throws {
        try positive([
            ("text_config.vocab_size", vocabularySize), ("text_config.d_model", width), ("text_config.d_kv", headSize),
            ("text_config.num_heads", headCount), ("text_config.d_ff", feedForwardSize),
            ("text_config.relative_attention_num_buckets", bucketCount),
            ("text_config.relative_attention_max_distance", maximumDistance),
        ])
        try layers("text_config.num_layers", encoderLayerCount)
        try layers("text_config.num_decoder_layers", decoderLayerCount)
        guard (0..<vocabularySize).contains(decoderStartID) else {
            throw ConfigError.inconsistent(reason: "decoder_start_token_id \(decoderStartID) is not below vocab_size \(vocabularySize)")
        }
        guard bucketCount >= 4, bucketCount % 2 == 0, maximumDistance > bucketCount / 2 else {
            throw ConfigError.inconsistent(
                reason:
                    "\(bucketCount) relative attention buckets (an even number of at least 4) must cover less than twice the maximum distance \(maximumDistance)"
            )
        }
    }
}
