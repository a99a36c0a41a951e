import BlipTensors

/// One pre-norm decoder layer.
struct OPTLayer {
    let attentionNorm, forwardNorm: LayerNorm
    let query, key, value, output: Linear
    let up, down: Linear
    let config: OPTConfig

    /// No config names it.
    static let epsilon = 1e-5

    init(_ scope: Scope, _ config: OPTConfig) throws {
        let (width, wide, attention) = (config.hiddenSize, config.intermediateSize, scope["self_attn"])
        attentionNorm = try LayerNorm(scope["self_attn_layer_norm"], width, epsilon: Self.epsilon)
        forwardNorm = try LayerNorm(scope["final_layer_norm"], width, epsilon: Self.epsilon)
        query = try Linear(attention["q_proj"], from: width, to: width, bias: config.hasBias)
        key = try Linear(attention["k_proj"], from: width, to: width, bias: config.hasBias)
        value = try Linear(attention["v_proj"], from: width, to: width, bias: config.hasBias)
        output = try Linear(attention["out_proj"], from: width, to: width, bias: config.hasBias)
        up = try Linear(scope["fc1"], from: width, to: wide, bias: config.hasBias)
        down = try Linear(scope["fc2"], from: wide, to: width, bias: config.hasBias)
        self.config = config
        try Linear.adjoin([query, key, value])
    }

    /// [B, T, D] -> [B, T, D]
    func callAsFunction(_ x: Tensor, mask: Tensor?, causal: Bool, cache: (any AttentionCache)?) throws -> Tensor {
        let attended = try x + attend(attentionNorm(x), mask: mask, causal: causal, cache: cache)
        return try attended + down(config.activation(up(forwardNorm(attended))))
    }

    private func attend(_ x: Tensor, mask: Tensor?, causal: Bool, cache: (any AttentionCache)?) throws -> Tensor {
        // The queries are scaled before the product, as in the reference: in half precision the order shows.
        let scale = 1 / Double(config.hiddenSize / config.headCount).squareRoot()
        let parts = try Linear.together([query, key, value], x)
        let attention = SelfAttention(
            queries: try parts[0] * scale, keys: parts[1], values: parts[2], headSize: config.hiddenSize / config.headCount, scale: 1)
        return try output(attention(mask: mask, causal: causal, cache: cache))
    }
}
