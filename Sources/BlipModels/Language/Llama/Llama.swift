import BlipTensors

/// LLaMA and Vicuna: a decoder with rotary positions.
///
/// Source: `LlamaForCausalLM` of transformers. Differs: positions always count the tokens that are really there, as its `generate` does;
/// its plain `forward` counts padding too.
public struct Llama: LanguageModel, DecoderOnly {
    let embedding: Table  // [vocabulary, D]
    let layers: [LlamaLayer]
    let norm: RMSNorm
    let head: Matrix  // [vocabulary, D]
    let config: LlamaConfig

    init(_ scope: Scope, _ config: LlamaConfig) throws {
        let model = scope["model"]
        let words = [config.vocabularySize, config.hiddenSize]
        embedding = try model.table("embed_tokens.weight", words)
        layers = try (0..<config.layerCount).map { try LlamaLayer(model["layers"][$0], config) }
        norm = try RMSNorm(model["norm"], config.hiddenSize, epsilon: config.normEpsilon)
        // Tied exactly when the file says so and holds no head of its own.
        let isTied = config.tiesEmbeddings && !scope.has("lm_head.weight")
        head = isTied ? try model.matrix("embed_tokens.weight", words) : try scope.matrix("lm_head.weight", words)
        self.config = config
    }

    public var dtype: DType { embedding.type }
    public var promptPadding: PaddingSide { .left }
    public var startIDs: [Int] { [] }
    var device: Device { embedding.device }
    var layerCount: Int { layers.count }

    public func embed(_ ids: Tensor) throws -> Tensor { try embedding(ids) }

    public func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        try DecoderSession.prefill(self, prompt, room: room)
    }

    public func logits(_ prompt: Prompt) throws -> Tensor { try DecoderSession.logits(self, prompt) }

    public func loss(_ prompt: Prompt, _ targets: TokenBatch) throws -> Tensor { try DecoderSession.loss(self, prompt, targets) }

    func run(_ embeddings: Tensor, at places: Tensor, mask: Tensor?, causal: Bool, caches: [KeyValueCache]?) throws -> Tensor {
        let angles = try RotaryPositions(headSize: config.headSize, theta: config.ropeTheta).angles(places, embeddings.dtype)
        var hidden = embeddings
        for (index, layer) in layers.enumerated() {
            hidden = try layer(hidden, angles, mask: mask, causal: causal, cache: caches?[index])
        }
        return try norm(hidden)
    }

    func project(_ hidden: Tensor) throws -> Tensor { try head(hidden) }
}
