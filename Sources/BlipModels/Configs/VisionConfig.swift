/// The image encoder: EVA-CLIP's ViT-g/14 by default.
public struct VisionConfig: Codable, Sendable, Equatable {
    public var hiddenSize = 1408
    public var intermediateSize = 6144
    public var layerCount = 39
    public var headCount = 16
    /// Pixels a side of the square input.
    public var imageSize = 224
    /// Pixels a side of a patch.
    public var patchSize = 14
    public var activation = Activation.gelu
    public var normEpsilon = 1e-6
    public var hasQKVBias = true

    enum CodingKeys: String, CodingKey {
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case activation = "hidden_act"
        case normEpsilon = "layer_norm_eps"
        case hasQKVBias = "qkv_bias"
    }

    public init() {}

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let published = VisionConfig()
        hiddenSize = try keys.value(.hiddenSize, default: published.hiddenSize)
        intermediateSize = try keys.value(.intermediateSize, default: published.intermediateSize)
        layerCount = try keys.value(.layerCount, default: published.layerCount)
        headCount = try keys.value(.headCount, default: published.headCount)
        imageSize = try keys.value(.imageSize, default: published.imageSize)
        patchSize = try keys.value(.patchSize, default: published.patchSize)
        activation = try keys.value(.activation, default: published.activation)
        normEpsilon = try keys.value(.normEpsilon, default: published.normEpsilon)
        hasQKVBias = try keys.value(.hasQKVBias, default: published.hasQKVBias)
    }

    /// Patches along one side.
    public var grid: Int { imageSize / patchSize }

    /// Positions P: the class token and the patches.
    public var positionCount: Int { grid * grid + 1 }

    func validate() throws {
        try positive([
            ("vision_config.hidden_size", hiddenSize), ("vision_config.intermediate_size", intermediateSize),
            ("vision_config.num_attention_heads", headCount), ("vision_config.image_size", imageSize),
            ("vision_config.patch_size", patchSize),
        ])
        try layers("vision_config.num_hidden_layers", layerCount)
        try divides(headCount, hiddenSize, "vision_config")
        guard grid >= 1 else { throw ConfigError.inconsistent(reason: "image_size \(imageSize) is smaller than patch_size \(patchSize)") }
    }
}
