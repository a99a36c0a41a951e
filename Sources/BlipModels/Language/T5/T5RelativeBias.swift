import BlipTensors

/// T5's position information: a learned number per head and bucket of distances, added to the attention scores.
struct T5RelativeBias {
    let table: Tensor  // [buckets, H]
    let buckets: Int
    let maximumDistance: Int

    init(_ scope: Scope, _ config: T5Config, isDecoder: Bool) throws {
        table = try scope.tensor("weight", [config.bucketCount, config.headCount])
        // The encoder spends half of its buckets on what comes later.
        buckets = isDecoder ? config.bucketCount : config.bucketCount / 2
        maximumDistance = config.maximumDistance
    }

    /// The encoder's bias [1, H, T, T].
    func bidirectional(_ length: Int, _ type: DType) throws -> Tensor {
        let distance = try distances(length)  // key - query
        let later = try distance.greater(0).to(.int64) * Double(buckets)
        return try lookUp(bucket(distance.abs()) + later, type)
    }

    /// The decoder's bias [1, H, T, T], with the future shut off.
    func causal(_ length: Int, _ type: DType) throws -> Tensor {
        let distance = try distances(length)
        let bias = try lookUp(bucket((-distance).clamp(0...Double(length))), type)
        return try bias.filling(distance.greater(0), with: -Double.infinity)
    }

    /// The causal bias for a decoder that goes step by step, all made at once.
    func steps(_ count: Int, _ type: DType) throws -> Steps {
        // Row p is bias(p), ..., bias(1), bias(0): the end of the sequence of all distances, the largest first.
        let falling = try Tensor.range(0, count, on: table.device).flip(0).unsqueeze(0)
        return Steps(falling: try lookUp(bucket(falling), type), count: count)
    }

    struct Steps {
        let falling: Tensor  // [1, H, 1, count]
        let count: Int

        /// The bias of position `position` of a chain [1, H, 1, position + 1].
        func row(_ position: Int) throws -> Tensor { try falling.slice(3, count - 1 - position..<count) }

        /// The bias of distances [B, T, K], not negative -> [B, H, T, K].
        func at(_ distances: Tensor) throws -> Tensor {
            let places = try (-distances + Double(count - 1)).reshape([-1])
            let heads = falling.size(1)
            return try falling.reshape([heads, count]).selecting(places, 1)
                .reshape([heads, distances.size(0), distances.size(1), distances.size(2)]).transpose(0, 1)
        }
    }

    private func distances(_ length: Int) throws -> Tensor {
        let places = try Tensor.range(0, length, on: table.device)
        return try places.unsqueeze(0) - places.unsqueeze(1)
    }

    /// Distances [Q, K], not negative -> bucket numbers. Half are exact, the others logarithmic up to the maximum distance.
    ///
    /// The logarithm is taken in float32 by the same library as the reference: 16, 32 and 64 lie exactly on boundaries.
    private func bucket(_ distance: Tensor) throws -> Tensor {
        let exact = buckets / 2
        let ratio = try (distance.to(.float32) / Double(exact)).log() / logarithm(Double(maximumDistance) / Double(exact))
        let far = try (ratio * Double(buckets - exact)).clamp(0...Double(buckets)).to(.int64) + Double(exact)
        let capped = try far.minimum(Tensor.full([1], Double(buckets - 1), .int64, on: distance.device))
        return try Tensor.choose(distance.less(Double(exact)), distance, capped)
    }

    private func lookUp(_ buckets: Tensor, _ type: DType) throws -> Tensor {
        // [Q, K, H] -> [1, H, Q, K], in order: attention on a CUDA device wants the keys of a mask side by side.
        try table.embedding(buckets).permute([2, 0, 1]).unsqueeze(0).to(type).contiguous()
    }
}
