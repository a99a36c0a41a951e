import BlipTensors

/// T5's encoder or decoder: blocks that share the relative bias of the first one, and a final norm.
struct T5Stack {
    let bias: T5RelativeBias
    let blocks: [T5Block]
    let norm: T5Norm

    init(_ scope: Scope, _ config: T5Config, isDecoder: Bool) throws {
        let first = scope["block"][0]["layer"][0]["SelfAttention"]
        bias = try T5RelativeBias(first["relative_attention_bias"], config, isDecoder: isDecoder)
        let count = isDecoder ? config.decoderLayerCount : config.encoderLayerCount
        blocks = try (0..<count).map { try T5Block(scope["block"][$0]["layer"], config, isDecoder: isDecoder) }
        norm = try T5Norm(scope["final_layer_norm"], config.width, epsilon: config.normEpsilon)
    }

    /// embeddings [B, T, D] -> [B, T, D]
    ///
    /// - Parameters:
    ///   - bias: added to the self-attention scores, causality and padding included.
    ///   - reading: what the decoder looks at; nil in the encoder.
    ///   - caches: one per block while an answer is written; nil for a whole pass.
    ///   - recomputing: blocks are computed once more on the way back.
    ///   - observe: sees the output of every block.
    func callAsFunction(
        _ embeddings: Tensor, bias: Tensor, reading: T5Reading?, caches: [any AttentionCache]? = nil, recomputing: Bool = false,
        observe: LayerObserver? = nil
    ) throws -> Tensor {
        var hidden = embeddings
        for (index, block) in blocks.enumerated() {
            // Keys and values come from the encoder, where gradients go too; to the bias they go where the language model is trained.
            let read = reading.map { [$0.layers[index].keys, $0.layers[index].values] } ?? []
            hidden = try Tensor.recomputed([hidden, bias] + read, if: recomputing) { inputs in
                let looked = inputs.count == 4 ? T5LayerReading(keys: inputs[2], values: inputs[3], mask: reading?.mask) : nil
                return try block(inputs[0], bias: inputs[1], reading: looked, cache: caches?[index])
            }
            try observe?(hidden)
        }
        return try norm(hidden)
    }

    /// The same for tokens of several answers: caches and readings, one per block, know what each sees.
    func callAsFunction(_ embeddings: Tensor, caches: [any AttentionCache], readings: [any CrossReading]) throws -> Tensor {
        var hidden = embeddings
        for (index, block) in blocks.enumerated() {
            hidden = try block(hidden, bias: nil, reading: readings[index], cache: caches[index])
        }
        return try norm(hidden)
    }
}

/// Self-attention, in the decoder cross-attention, and the feed-forward network, each added to the residual stream.
struct T5Block {
    let attention: T5Attention
    let cross: T5Attention?
    let forward: T5Forward

    init(_ scope: Scope, _ config: T5Config, isDecoder: Bool) throws {
        attention = try T5Attention(scope[0], "SelfAttention", config)
        cross = isDecoder ? try T5Attention(scope[1], "EncDecAttention", config) : nil
        forward = try T5Forward(scope[isDecoder ? 2 : 1], config)
    }

    func crossKeysAndValues(_ encoded: Tensor) throws -> (keys: Tensor, values: Tensor) { try (cross ?? attention).keysAndValues(encoded) }

    func callAsFunction(
        _ x: Tensor, bias: Tensor?, reading: (any CrossReading)?, cache: (any AttentionCache)?
    ) throws -> Tensor {
        let normed = try attention.norm(x)
        var hidden = try Self.bounded(x + attention.attend(normed, bias: bias, cache: cache))
        if let cross, let reading {
            hidden = try Self.bounded(hidden + cross(cross.norm(hidden), looking: reading))
        }
        return try Self.bounded(hidden + forward(hidden))
    }

    /// Keeps a float16 residual stream finite, as the reference does: T5 was trained in bfloat16, whose range is wider.
    private static func bounded(_ x: Tensor) throws -> Tensor {
        guard x.dtype == .float16 else { return x }
        let isFinite = try x.isFinite().all().integer() != 0
        let limit = isFinite ? 65504.0 : 65504.0 - 1000
        return try x.clamp(-limit...limit)
    }
}

/// Attention without scaling of the scores, and the norm before it.
struct T5Attention {
    let norm: T5Norm
    let query, key, value, output: Linear
    let heads: Int

    init(_ scope: Scope, _ name: String, _ config: T5Config) throws {
        let (place, width, inner) = (scope[name], config.width, config.innerSize)
        norm = try T5Norm(scope["layer_norm"], width, epsilon: config.normEpsilon)
        query = try Linear(place["q"], from: width, to: inner, bias: false)
        key = try Linear(place["k"], from: width, to: inner, bias: false)
        value = try Linear(place["v"], from: width, to: inner, bias: false)
        output = try Linear(place["o"], from: inner, to: width, bias: false)
        heads = config.headCount
        try Linear.adjoin([query, key, value])
    }

    /// [B, K, D] -> two of [B, H, K, d], each head in one piece: every step of the decoder reads them.
    func keysAndValues(_ source: Tensor) throws -> (keys: Tensor, values: Tensor) {
        let parts = try Linear.together([key, value], source)
        return (try parts[0].splitHeads(heads).contiguous(), try parts[1].splitHeads(heads).contiguous())
    }

    /// Self-attention: [B, T, D], normalised -> [B, T, D].
    func attend(_ x: Tensor, bias: Tensor?, cache: (any AttentionCache)?) throws -> Tensor {
        let parts = try Linear.together([query, key, value], x)
        let attention = SelfAttention(
            queries: parts[0], keys: parts[1], values: parts[2], headSize: parts[0].size(2) / heads, scale: 1)
        return try output(attention(mask: bias, causal: false, cache: cache))
    }

    /// Cross-attention: [B, T, D], normalised -> [B, T, D].
    func callAsFunction(_ x: Tensor, looking reading: any CrossReading) throws -> Tensor {
        let queries = try query(x)
        return try output(reading.attend(queries, headSize: queries.size(2) / heads))
    }
}

/// The feed-forward network, gated (`wi_0`, `wi_1`) or plain (`wi`), and the norm before it.
struct T5Forward {
    let norm: T5Norm
    let gate: Linear
    let up: Linear?
    let down: Linear
    let activation: Activation

    init(_ scope: Scope, _ config: T5Config) throws {
        let (place, width, wide) = (scope["DenseReluDense"], config.width, config.feedForwardSize)
        norm = try T5Norm(scope["layer_norm"], width, epsilon: config.normEpsilon)
        gate = try Linear(place[config.isGated ? "wi_0" : "wi"], from: width, to: wide, bias: false)
        up = config.isGated ? try Linear(place["wi_1"], from: width, to: wide, bias: false) : nil
        down = try Linear(place["wo"], from: wide, to: width, bias: false)
        activation = config.activation
        if let up { try Linear.adjoin([gate, up]) }
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let normed = try norm(x)
        guard let up else { return try down(wide(activation(gate(normed)))) }
        let parts = try Linear.together([gate, up], normed)
        return try down(wide(activation.gate(parts[0], parts[1])))
    }

    /// The last product overflows in float16, as it is or packed: see Precision.
    private func wide(_ x: Tensor) throws -> Tensor { x.dtype == .float16 ? try x.to(.float32) : x }
}
