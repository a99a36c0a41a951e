import BlipTensors

/// One post-norm layer with two feed-forward networks: one for the queries, one for the text.
struct QFormerLayer {
    let attention: QFormerAttention
    let cross: QFormerAttention?
    let queryForward: QFormerForward
    /// Nil where it reads no text.
    let textForward: QFormerForward?

    /// - Parameter imageWidth: nil for a layer that does not look at the image.
    init(_ scope: Scope, _ config: QFormerConfig, imageWidth: Int?) throws {
        attention = try QFormerAttention(scope["attention"], config, from: config.hiddenSize)
        cross = try imageWidth.map { try QFormerAttention(scope["crossattention"], config, from: $0) }
        queryForward = try QFormerForward(scope["intermediate_query"], scope["output_query"], config)
        textForward = config.readsText ? try QFormerForward(scope["intermediate"], scope["output"], config) : nil
    }

    /// hidden [B, N + T, Q] -> the same, or [B, N, Q] when the text is not kept.
    func callAsFunction(
        _ hidden: Tensor, queryCount: Int, mask: Tensor?, image: (keys: Tensor, values: Tensor)?, keepsText: Bool,
        dropout: Dropout? = nil, looked: ((Tensor) throws -> Void)? = nil, remember: ((_ keys: Tensor, _ values: Tensor) -> Void)? = nil
    ) throws -> Tensor {
        let length = hidden.size(1)
        let kept = keepsText ? hidden : try hidden.slice(1, 0..<queryCount)
        let (keys, values) = try attention.keysAndValues(hidden)
        remember?(keys, values)
        let attended = try attention(kept, keys, values, mask: mask, dropout: dropout)

        var queries = try attended.slice(1, 0..<queryCount)
        if let cross, let image, let looked { try looked(cross.weights(queries, image.keys)) }
        if let cross, let image { queries = try cross(queries, image.keys, image.values, mask: nil, dropout: dropout) }
        queries = try queryForward(queries, dropout: dropout)
        guard keepsText, length > queryCount, let textForward else { return queries }
        return try Tensor.concatenate([queries, textForward(attended.slice(1, queryCount..<length), dropout: dropout)], 1)
    }
}

extension QFormerLayer {
    /// Text alone, or behind what the queries found: [B, T, Q] -> [B, T, Q].
    ///
    /// - Parameter memory: the queries' keys and values, which stand before the text's own.
    func callAsFunction(
        text hidden: Tensor, after memory: (keys: Tensor, values: Tensor)? = nil, mask: Tensor?, dropout: Dropout? = nil
    ) throws -> Tensor {
        var (keys, values) = try attention.keysAndValues(hidden)
        if let memory {
            keys = try Tensor.concatenate([memory.keys, keys], 2)
            values = try Tensor.concatenate([memory.values, values], 2)
        }
        let attended = try attention(hidden, keys, values, mask: mask, dropout: dropout)
        return try textForward?(attended, dropout: dropout) ?? attended
    }
}

/// Attention, its output product, and the norm over the sum with its input.
struct QFormerAttention {
    let query, key, value, output: Linear
    let norm: LayerNorm
    let heads: Int

    /// - Parameter width: of what the keys and values are made from.
    init(_ scope: Scope, _ config: QFormerConfig, from width: Int) throws {
        let size = config.hiddenSize
        query = try Linear(scope["attention"]["query"], from: size, to: size)
        key = try Linear(scope["attention"]["key"], from: width, to: size)
        value = try Linear(scope["attention"]["value"], from: width, to: size)
        output = try Linear(scope["output"]["dense"], from: size, to: size)
        norm = try LayerNorm(scope["output"]["LayerNorm"], size, epsilon: config.normEpsilon)
        heads = config.headCount
        try Linear.adjoin([key, value])
    }

    /// [B, K, width] -> two of [B, H, K, d]
    func keysAndValues(_ source: Tensor) throws -> (keys: Tensor, values: Tensor) {
        let parts = try Linear.together([key, value], source)
        return (try parts[0].splitHeads(heads), try parts[1].splitHeads(heads))
    }

    /// Where each query looks: [B, N, Q] and keys [B, H, K, d] -> [B, H, N, K], every row summing to one.
    func weights(_ x: Tensor, _ keys: Tensor) throws -> Tensor {
        let scores = try query(x).splitHeads(heads).matmul(keys.transpose(2, 3)) * (1 / Double(keys.size(3)).squareRoot())
        return try scores.to(.float32).softmax()
    }

    /// [B, N, Q] -> [B, N, Q]
    func callAsFunction(_ x: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor?, dropout: Dropout? = nil) throws -> Tensor {
        let (queries, scale) = (try query(x).splitHeads(heads), 1 / Double(keys.size(3)).squareRoot())
        let attended =
            try dropout?.attend(queries, keys, values, mask: mask, scale: scale)
            ?? queries.attention(keys, values, mask: mask, scale: scale)
        return try norm(dropout(output(attended.joinHeads())) + x)
    }
}

/// The feed-forward network and the norm over the sum with its input.
struct QFormerForward {
    let up, down: Linear
    let norm: LayerNorm
    let activation: Activation

    init(_ intermediate: Scope, _ output: Scope, _ config: QFormerConfig) throws {
        up = try Linear(intermediate["dense"], from: config.hiddenSize, to: config.intermediateSize)
        down = try Linear(output["dense"], from: config.intermediateSize, to: config.hiddenSize)
        norm = try LayerNorm(output["LayerNorm"], config.hiddenSize, epsilon: config.normEpsilon)
        activation = config.activation
    }

    func callAsFunction(_ x: Tensor, dropout: Dropout? = nil) throws -> Tensor { try norm(dropout(down(activation(up(x)))) + x) }
}
