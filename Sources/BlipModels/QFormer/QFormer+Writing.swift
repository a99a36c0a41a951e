import BlipTensors

/// What the queries found in pictures, as words written about these see it: keys and values [B, H, N, d] of every layer.
public struct QueryMemory {
    var layers: [(keys: Tensor, values: Tensor)] = []
}

extension QFormer {
    /// Reads pictures with the queries alone, and keeps what ``write(_:after:dropout:)`` looks at.
    ///
    /// - Returns: what the queries found [B, N, Q], and the memory of it.
    public func look(
        _ queries: Tensor, reading image: ImageReading, dropout: Dropout? = nil
    ) throws -> (found: Tensor, memory: QueryMemory) {
        var memory = QueryMemory()
        let found = try self(
            queries, reading: image, told: nil, dropout: dropout, remember: { memory.layers.append((keys: $0, values: $1)) })
        return (found, memory)
    }

    /// A text word by word: each sees what the queries found and the words up to its own. The queries do not see the text.
    ///
    /// - Parameter texts: right-padded, one for each picture, [B, T].
    /// - Returns: [B, T, Q]
    public func write(_ texts: TokenBatch, after memory: QueryMemory, dropout: Dropout? = nil) throws -> Tensor {
        let (batch, length, device) = (texts.batch, texts.length, texts.ids.device)
        let queries = memory.layers.first?.keys.size(2) ?? 0
        let earlier = try Tensor.ones([length, length], .bool, on: device).lowerTriangle()
        var mask = try Tensor.concatenate([Tensor.ones([length, queries], .bool, on: device), earlier], 1)  // [T, N + T]
        if let words = texts.mask {
            let seen = try Tensor.concatenate([Tensor.ones([batch, queries], .bool, on: device), words], 1)
            mask = try mask.and(seen.reshape([batch, 1, 1, -1]))
        }
        var hidden = try dropout(norm(embed(texts)))
        for (layer, known) in zip(layers, memory.layers) {
            hidden = try layer(text: hidden, after: known, mask: mask, dropout: dropout)
        }
        return hidden
    }
}
