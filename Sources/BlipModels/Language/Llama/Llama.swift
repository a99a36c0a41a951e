import BlipTensors

/// LLaMA and Vicuna: a decoder with rotary positions.
///
/// Source: `LlamaForCausalLM` of transformers. Differs: positions always count the tokens that are really there, as its `generate` does;
/// its plain `forward` counts padding too.
struct Llama: DecoderOnly {
    let embedding: Table  // [vocabulary, D]
    let layers: [LlamaLayer]
    let norm: RMSNorm
    let head: Matrix  // [vocabulary, D]
    let config: LlamaConfig
    let shelf = StepShelf()

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

    var dtype: DType { embedding.type }
    var device: Device { embedding.device }
    var layerCount: Int { layers.count }

    func embed(_ ids: Tensor) throws -> Tensor { try embedding(ids) }

    func run(
        _ embeddings: Tensor, at places: Tensor, mask: Tensor?, causal: Bool, caches: [any AttentionCache]?, recomputing: Bool,
        observe: LayerObserver?
    ) throws -> Tensor {
        let positions = RotaryPositions(headSize: config.headSize, theta: config.ropeTheta, factor: config.ropeFactor)
        let angles = try positions.angles(places, embeddings.dtype)
        var hidden = embeddings
        for (index, layer) in layers.enumerated() {
            hidden = try Tensor.recomputed([hidden], if: recomputing) {
                try layer($0[0], angles, mask: mask, causal: causal, cache: caches?[index])
            }
            try observe?(hidden)
        }
        return try norm(hidden)
    }

    func project(_ hidden: Tensor) throws -> Tensor { try head(hidden) }
}
