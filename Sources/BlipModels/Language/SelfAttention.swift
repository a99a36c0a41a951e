import BlipTensors

/// Queries, keys and values of one self-attention, before they are parted into heads.
struct SelfAttention {
    let queries: Tensor  // [B, T, H·d]
    let keys: Tensor  // [B, T, K·d]
    let values: Tensor  // [B, T, K·d]
    let headSize: Int  // d
    /// Nil where positions are told in another way.
    var angles: RotaryPositions.Angles?
    let scale: Double

    /// What the queries find [B, T, H·d].
    ///
    /// - Parameter cache: keeps keys and values for later positions, and has those of earlier ones; nil for a whole pass.
    func callAsFunction(mask: Tensor?, causal: Bool, cache: (any AttentionCache)?) throws -> Tensor {
        try cache?.attend(self, mask: mask, causal: causal) ?? plain(mask: mask, causal: causal)
    }

    /// In operations of libtorch, for every type and device.
    ///
    /// - Parameter keep: is given keys and values [B, K, T, d], turned by the angles, and gives all there are.
    func plain(
        mask: Tensor?, causal: Bool, keep: (_ keys: Tensor, _ values: Tensor) throws -> (keys: Tensor, values: Tensor) = { ($0, $1) }
    ) throws -> Tensor {
        let (heads, shared) = (queries.size(2) / headSize, keys.size(2) / headSize)
        var (queries, keys, values) = (try queries.splitHeads(heads), try keys.splitHeads(shared), try values.splitHeads(shared))
        if let angles { (queries, keys) = (try angles.rotate(queries), try angles.rotate(keys)) }
        (keys, values) = try keep(keys, values)
        let sharing = heads / shared
        if sharing > 1 { (keys, values) = (try keys.repeatEach(sharing, 1), try values.repeatEach(sharing, 1)) }
        return try queries.attention(keys, values, mask: mask, causal: causal, scale: scale).joinHeads()
    }

    /// The part of some tokens of the only row.
    func part(_ tokens: Range<Int>) throws -> SelfAttention {
        let angles = try angles.map {
            RotaryPositions.Angles(cosines: try $0.cosines.slice(2, tokens), sines: try $0.sines.slice(2, tokens))
        }
        return SelfAttention(
            queries: try queries.slice(1, tokens), keys: try keys.slice(1, tokens), values: try values.slice(1, tokens), headSize: headSize,
            angles: angles, scale: scale)
    }
}

/// What keeps the keys and values of one layer's self-attention while answers are written.
protocol AttentionCache: AnyObject {
    /// Adds what is new, and lets the queries see all there is [B, T, H·d].
    func attend(_ attention: SelfAttention, mask: Tensor?, causal: Bool) throws -> Tensor
}

/// What a layer's cross-attention looks at.
protocol CrossReading {
    /// Queries [B, T, H·d] -> [B, T, H·d], with scores as they are.
    func attend(_ queries: Tensor, headSize: Int) throws -> Tensor
}
