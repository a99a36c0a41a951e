/// LLaMA and Vicuna.
public struct LlamaConfig: Codable, Sendable, Equatable {
    public var vocabularySize = 32000
    public var hiddenSize = 4096
    public var intermediateSize = 11008
    public var layerCount = 32
    public var headCount = 32
    public var keyValueHeadCount = 32
    public var headSize = 128
    public var activation = Activation.silu
    public var positionCount = 2048
    public var normEpsilon = 1e-6
    public var ropeTheta = 10000.0
    /// What positions are divided by, for texts longer than the model was first trained on.
    public var ropeFactor = 1.0
    public var hasAttentionBias = false
    public var hasMLPBias = false
    public var tiesEmbeddings = false
    public var padID: Int?
    public var beginID: Int? = 1
    /// Ids that end an answer; several where the file gives a list.
    public var endIDs = [2]

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case vocabularySize = "vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case keyValueHeadCount = "num_key_value_heads"
        case headSize = "head_dim"
        case activation = "hidden_act"
        case positionCount = "max_position_embeddings"
        case normEpsilon = "rms_norm_eps"
        case ropeTheta = "rope_theta"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case hasAttentionBias = "attention_bias"
        case hasMLPBias = "mlp_bias"
        case tiesEmbeddings = "tie_word_embeddings"
        case padID = "pad_token_id"
        case beginID = "bos_token_id"
        case endIDs = "eos_token_id"
    }

    public init() {}

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let published = LlamaConfig()
        vocabularySize = try keys.value(.vocabularySize, default: published.vocabularySize)
        hiddenSize = try keys.value(.hiddenSize, default: published.hiddenSize)
        intermediateSize = try keys.value(.intermediateSize, default: published.intermediateSize)
        layerCount = try keys.value(.layerCount, default: published.layerCount)
        headCount = try keys.value(.headCount, default: published.headCount)
        keyValueHeadCount = try keys.value(.keyValueHeadCount, default: headCount)
        headSize = try keys.value(.headSize, default: headCount > 0 ? hiddenSize / headCount : 0)
        activation = try keys.value(.activation, default: published.activation)
        positionCount = try keys.value(.positionCount, default: published.positionCount)
        normEpsilon = try keys.value(.normEpsilon, default: published.normEpsilon)
        (ropeTheta, ropeFactor) = try RopeParameters.read(keys, default: published.ropeTheta)
        hasAttentionBias = try keys.value(.hasAttentionBias, default: published.hasAttentionBias)
        hasMLPBias = try keys.value(.hasMLPBias, default: published.hasMLPBias)
        tiesEmbeddings = try keys.value(.tiesEmbeddings, default: published.tiesEmbeddings)
        padID = try keys.decodeIfPresent(Int.self, forKey: .padID)
        beginID = try keys.value(.beginID, default: 1)
        // Null says that no id ends an answer; only a missing key means the default.
        endIDs = try keys.contains(.endIDs) ? keys.decodeIfPresent(OneOrMore.self, forKey: .endIDs)?.values ?? [] : published.endIDs
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode("llama", forKey: .modelType)
        try keys.encode(vocabularySize, forKey: .vocabularySize)
        try keys.encode(hiddenSize, forKey: .hiddenSize)
        try keys.encode(intermediateSize, forKey: .intermediateSize)
        try keys.encode(layerCount, forKey: .layerCount)
        try keys.encode(headCount, forKey: .headCount)
        try keys.encode(keyValueHeadCount, forKey: .keyValueHeadCount)
        try keys.encode(headSize, forKey: .headSize)
        try keys.encode(activation, forKey: .activation)
        try keys.encode(positionCount, forKey: .positionCount)
        try keys.encode(normEpsilon, forKey: .normEpsilon)
        try keys.encode(ropeTheta, forKey: .ropeTheta)
        if ropeFactor != 1 { try keys.encode(RopeParameters(kind: "linear", theta: nil, factor: ropeFactor), forKey: .ropeScaling) }
        try keys.encode(hasAttentionBias, forKey: .hasAttentionBias)
        try keys.encode(hasMLPBias, forKey: .hasMLPBias)
        try keys.encode(tiesEmbeddings, forKey: .tiesEmbeddings)
        try keys.encodeIfPresent(padID, forKey: .padID)
        try keys.encodeIfPresent(beginID, forKey: .beginID)
        try keys.encode(OneOrMore(endIDs), forKey: .endIDs)
    }

    func validate() throws {
        try positive([
            ("text_config.vocab_size", vocabularySize), ("text_config.hidden_size", hiddenSize),
            ("text_config.intermediate_size", intermediateSize), ("text_config.max_position_embeddings", positionCount),
            ("text_config.num_attention_heads", headCount), ("text_config.num_key_value_heads", keyValueHeadCount),
            ("text_config.head_dim", headSize),
        ])
        try layers("text_config.num_hidden_layers", layerCount)
        guard ropeFactor > 0, ropeFactor.isFinite else {
            throw ConfigError.inconsistent(reason: "rope_scaling's factor is \(ropeFactor); positions are divided by a positive number")
        }
        guard headCount % keyValueHeadCount == 0 else {
            throw ConfigError.inconsistent(reason: "\(headCount) attention heads cannot share \(keyValueHeadCount) key-value heads evenly")
        }
        guard headSize % 2 == 0 else { throw ConfigError.inconsistent(reason: "head_dim \(headSize) is odd; rotary positions need pairs") }
    }
}

/// Where the rotary base stands: `rope_theta` in files of transformers 4, inside `rope_parameters` in those of 5.
private struct RopeParameters: Codable {
    let kind: String?
    let theta: Double?
    let factor: Double?

    enum CodingKeys: String, CodingKey {
        case kind = "rope_type"
        case oldKind = "type"
        case theta = "rope_theta"
        case factor
    }

    init(kind: String, theta: Double?, factor: Double) { (self.kind, self.theta, self.factor) = (kind, theta, factor) }

    func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(kind, forKey: .kind)
        try keys.encodeIfPresent(theta, forKey: .theta)
        try keys.encodeIfPresent(factor, forKey: .factor)
    }

    init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        kind = try keys.decodeIfPresent(String.self, forKey: .kind) ?? keys.decodeIfPresent(String.self, forKey: .oldKind)
        theta = try keys.decodeIfPresent(Double.self, forKey: .theta)
        factor = try keys.decodeIfPresent(Double.self, forKey: .factor)
    }

    static func read(
        _ keys: KeyedDecodingContainer<LlamaConfig.CodingKeys>, default fallback: Double
    ) throws -> (theta: Double, factor: Double) {
        let parameters = try keys.decodeIfPresent(RopeParameters.self, forKey: .ropeParameters)
        let scaling = try keys.decodeIfPresent(RopeParameters.self, forKey: .ropeScaling)
        var factor = 1.0
        for given in [parameters, scaling].compactMap(\.self) {
            switch given.kind ?? "default" {
            case "default": break
            case "linear": factor = given.factor ?? factor
            case let kind:
                throw ConfigError.unsupported(key: "text_config.rope_parameters.rope_type", found: kind, supported: ["default", "linear"])
            }
        }
        return (try parameters?.theta ?? keys.value(.ropeTheta, default: fallback), factor)
    }
}

/// A value that files write alone or as a list.
struct OneOrMore: Codable, Equatable {
    let values: [Int]

    init(_ values: [Int]) { self.values = values }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do { values = [try container.decode(Int.self)] } catch DecodingError.typeMismatch { values = try container.decode([Int].self) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if values.count == 1 { try container.encode(values[0]) } else { try container.encode(values) }
    }
}
