import BlipTensors

/// One pre-norm decoder layer with a gated feed-forward network.
struct LlamaLayer {
    let inputNorm, forwardNorm: RMSNorm
    let query, key, value, output: Linear
    let gate, up, down: Linear
    let config: LlamaConfig

    init(_ scope: Scope, _ config: LlamaConfig) throws {
        let (width, wide, heads) = (config.hiddenSize, config.intermediateSize, config.headCount * config.headSize)
        let shared = config.keyValueHeadCount * config.headSize
        let (attention, mlp) = (scope["self_attn"], scope["mlp"])
        inputNorm = try RMSNorm(scope["input_layernorm"], width, epsilon: config.normEpsilon)
        forwardNorm = try RMSNorm(scope["post_attention_layernorm"], width, epsilon: config.normEpsilon)
        query = try Linear(attention["q_proj"], from: width, to: heads, bias: config.hasAttentionBias)
        key = try Linear(attention["k_proj"], from: width, to: shared, bias: config.hasAttentionBias)
        value = try Linear(attention["v_proj"], from: width, to: shared, bias: config.hasAttentionBias)
        output = try Linear(attention["o_proj"], from: heads, to: width, bias: config.hasAttentionBias)
        gate = try Linear(mlp["gate_proj"], from: width, to: wide, bias: config.hasMLPBias)
        up = try Linear(mlp["up_proj"], from: width, to: wide, bias: config.hasMLPBias)
        down = try Linear(mlp["down_proj"], from: wide, to: width, bias: config.hasMLPBias)
        try Linear.adjoin([query, key, value])
        try Linear.adjoin([gate, up])
        self.config = config
    }

    /// [B, T, D] -> [B, T, D]
    func callAsFunction(
        _ x: Tensor, _ angles: RotaryPositions.Angles, mask: Tensor?, causal: Bool, cache: (any AttentionCache)?
    ) throws -> Tensor {
        let attended = try x + attend(inputNorm(x), angles, mask: mask, causal: causal, cache: cache)
        let normed = try forwardNorm(attended)
        let parts = try Linear.together([gate, up], normed)
        return try attended + down(config.activation.gate(parts[0], parts[1]))
    }

    private func attend(
        _ x: Tensor, _ angles: RotaryPositions.Angles, mask: Tensor?, causal: Bool, cache: (any AttentionCache)?
    ) throws -> Tensor {
        let parts = try Linear.together([query, key, value], x)
        let attention = SelfAttention(
            queries: parts[0], keys: parts[1], values: parts[2], headSize: config.headSize, angles: angles,
            scale: 1 / Double(config.headSize).squareRoot())
        return try output(attention(mask: mask, causal: causal, cache: cache))
    }
}
