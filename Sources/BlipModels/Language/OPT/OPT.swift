import BlipTensors

/// OPT: a decoder with learned positions, one matrix for embedding and head, and biases.
///
/// Source: `OPTForCausalLM` of transformers.
struct OPT: DecoderOnly {
    let embedding: Table  // [vocabulary, D]
    let positions: Tensor  // [positions + 2, D]
    let layers: [OPTLayer]
    let norm: LayerNorm?
    let head: Matrix  // [vocabulary, D]
    let config: OPTConfig
    let shelf = StepShelf()

    /// The rows in front of position 0, which the pads of its first program had.
    private static let offset = 2

    init(_ scope: Scope, _ config: OPTConfig) throws {
        let decoder = scope["model"]["decoder"]
        let words = [config.vocabularySize, config.hiddenSize]
        embedding = try decoder.table("embed_tokens.weight", words)
        positions = try decoder.tensor("embed_positions.weight", [config.positionCount + Self.offset, config.hiddenSize])
        layers = try (0..<config.layerCount).map { try OPTLayer(decoder["layers"][$0], config) }
        norm = config.hasFinalNorm ? try LayerNorm(decoder["final_layer_norm"], config.hiddenSize, epsilon: OPTLayer.epsilon) : nil
        // Old uploads hold the head too, though it is the embedding.
        let isTied = config.tiesEmbeddings && !scope.has("lm_head.weight")
        head = isTied ? try decoder.matrix("embed_tokens.weight", words) : try scope.matrix("lm_head.weight", words)
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
        var hidden = try embeddings + positions.embedding(places + Double(Self.offset))
        for (index, layer) in layers.enumerated() {
            hidden = try Tensor.recomputed([hidden], if: recomputing) {
                try layer($0[0], mask: mask, causal: causal, cache: caches?[index])
            }
            try observe?(hidden)
        }
        return try norm?(hidden) ?? hidden
    }

    func project(_ hidden: Tensor) throws -> Tensor { try head(hidden) }
}
