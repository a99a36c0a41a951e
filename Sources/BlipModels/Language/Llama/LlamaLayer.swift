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
        self.config = config
    }

    /// [B, T, D] -> [B, T, D]
    func callAsFunction(
        _ x: Tensor, _ angles: RotaryPositions.Angles, mask: Tensor?, causal: Bool, cache: KeyValueCache?
    ) throws -> Tensor {
        let attended = try x + attend(inputNorm(x), angles, mask: mask, causal: causal, cache: cache)
        let normed = try forwardNorm(attended)
        let parts = try Linear.together([gate, up], normed)
        return try attended + down(config.activation.gate(parts[0], parts[1]))
    }

    private func attend(
        _ x: Tensor, _ angles: RotaryPositions.Angles, mask: Tensor?, causal: Bool, cache: KeyValueCache?
    ) throws -> Tensor {
        let parts = try Linear.together([query, key, value], x)
        let scale = 1 / Double(config.headSize).squareRoot()
        if !causal,
            let attended = try cache?.step(
                parts[0], parts[1], parts[2], headSize: config.headSize, angles: (angles.cosines, angles.sines), mask: mask, scale: scale)
        {
            return try output(attended)
        }
        let queries = try angles.rotate(parts[0].splitHeads(config.headCount))
        var keys = try angles.rotate(parts[1].splitHeads(config.keyValueHeadCount))
        var values = try parts[2].splitHeads(config.keyValueHeadCount)
        if let cache { (keys, values) = try cache.append(keys, values) }
        let sharing = config.headCount / config.keyValueHeadCount
        if sharing > 1 { (keys, values) = (try keys.repeatEach(sharing, 1), try values.repeatEach(sharing, 1)) }
        return try output(queries.attention(keys, values, mask: mask, causal: causal, scale: scale).joinHeads())
    }
}
