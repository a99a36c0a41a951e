import BlipTensors

/// OPT: a decoder with learned positions, one matrix for embedding and head, and biases.
///
/// Source: `OPTForCausalLM` of transformers.
public struct OPT: LanguageModel, DecoderOnly {
    let embedding: Table  // [vocabulary, D]
    let positions: Tensor  // [positions + 2, D]
    let layers: [OPTLayer]
    let norm: LayerNorm?
    let head: Matrix  // [vocabulary, D]
    let config: OPTConfig

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
        var hidden = try embeddings + positions.embedding(places + Double(Self.offset))
        for (index, layer) in layers.enumerated() {
            hidden = try layer(hidden, mask: mask, causal: causal, cache: caches?[index])
        }
        return try norm?(hidden) ?? hidden
    }

    func project(_ hidden: Tensor) throws -> Tensor { try head(hidden) }
}
