import BlipTensors

/// What the tokens of a joint step see, or what is added to their scores.
struct JointMasks {
    /// Tokens of each row.
    let counts: [Int]
    /// Positions that each row has with them.
    let totals: [Int]
    /// All rows' parts one behind another, on the CPU.
    private(set) var seen: Tensor?
    private(set) var added: Tensor?
    /// Where each row's part begins; nil where it sees everything as it is.
    private var places: [Int?]
    private let heads: Int

    /// Of rows that go on behind their prompts: a token sees the prompt, and the tokens on its path.
    init(paths rows: [JointRow], _ counts: [Int]) throws {
        self.counts = counts
        totals = rows.map { $0.promptTokens + $0.tree.count }
        heads = 1
        var flags: [Bool] = []
        places = []
        for (row, count) in zip(rows, counts) {
            if count == 1, row.tree.isChain {
                places.append(nil)
                continue
            }
            places.append(flags.count)
            let (written, seen) = (row.tree.count, row.tree.visibility(ofLast: count))
            for token in 0..<count {
                flags += repeatElement(true, count: row.promptTokens)
                flags += seen[token * written..<(token + 1) * written]
            }
        }
        if !flags.isEmpty { seen = try Tensor.of(flags) }
    }

    /// Of T5's rows: a learned number for each head and distance.
    ///
    /// - Parameter falling: of each head the biases of all distances, the longest first.
    init(biases falling: [[Float]], _ rows: [JointRow], _ counts: [Int]) throws {
        self.counts = counts
        totals = rows.map(\.tree.count)
        heads = falling.count
        var values: [Float] = []
        places = []
        for (row, count) in zip(rows, counts) {
            places.append(values.count)
            let slots = row.tree.count
            for biases in falling {
                for slot in slots - count..<slots {
                    let path = row.tree.path(0, to: slot)
                    let start = values.count
                    if path.count < slots { values += repeatElement(-.infinity, count: slots) } else { values += biases.suffix(slots) }
                    if path.count == slots { continue }
                    for (ancestor, bias) in zip(path, biases.suffix(path.count)) { values[start + ancestor] = bias }
                }
            }
        }
        added = try Tensor.of(values)
    }

    func answer(_ index: Int, keys: Tensor, values: Tensor, length: Int) -> JointAnswer {
        JointAnswer(
            keys: keys, values: values, length: length, count: counts[index], seen: seen == nil ? nil : places[index],
            added: added == nil ? nil : places[index])
    }

    /// One row's part [1, 1 or H, T, positions], for what has no kernels.
    func mask(_ index: Int, like queries: Tensor) throws -> Tensor? {
        guard let place = places[index] else { return nil }
        let shape = [1, heads, counts[index], totals[index]]
        let part = place..<place + shape.reduce(1, *)
        if let seen { return try seen.slice(0, part).reshape(shape).to(queries.device) }
        return try added?.slice(0, part).reshape(shape).to(queries.dtype).to(queries.device)
    }
}

/// The caches of all rows of a step, in one layer.
final class JointCache: AttentionCache {
    private let rows: [KeyValueCache]
    private let masks: JointMasks

    init(_ rows: [KeyValueCache], _ masks: JointMasks) {
        self.rows = rows
        self.masks = masks
    }

    /// The rows say what is seen.
    func attend(_ attention: SelfAttention, mask: Tensor?, causal: Bool) throws -> Tensor {
        guard attention.hasKernels else { return try separately(attention) }
        let shared = attention.keys.size(2) / attention.headSize
        let answers = try rows.enumerated().map { index, cache in
            let memory = try cache.reserve([1, shared, masks.counts[index], attention.headSize], like: attention.keys)
            return masks.answer(index, keys: memory.keys, values: memory.values, length: cache.length)
        }
        let attended = try attention.queries.attendJointly(
            (attention.keys, attention.values), angles: attention.angles.map { ($0.cosines, $0.sines) }, answers: answers, seen: masks.seen,
            added: masks.added, scale: attention.scale)
        for (cache, count) in zip(rows, masks.counts) { cache.advance(by: count) }
        return attended
    }

    private func separately(_ attention: SelfAttention) throws -> Tensor {
        var start = 0
        let parts = try rows.enumerated().map { index, cache in
            let tokens = start..<start + masks.counts[index]
            start = tokens.upperBound
            return try attention.part(tokens).plain(mask: masks.mask(index, like: attention.queries), causal: false) {
                try cache.append($0, $1)
            }
        }
        return try Tensor.concatenate(parts, 1)
    }
}

/// What an encoder made of the prompts of all rows of a step, in one layer of the decoder.
struct JointReading: CrossReading {
    let rows: [(keys: Tensor, values: Tensor)]  // [1, H, n, d]
    /// Tokens of each row.
    let counts: [Int]

    func attend(_ queries: Tensor, headSize: Int) throws -> Tensor {
        if queries.dtype == .float32, queries.device == .cpu, !recordsGradients {
            let answers = zip(rows, counts).map { row, count in
                JointAnswer(keys: row.keys, values: row.values, length: row.keys.size(2), count: count)
            }
            return try queries.attendJointly(nil, angles: nil, answers: answers, seen: nil, added: nil, scale: 1)
        }
        var start = 0
        let parts = try zip(rows, counts).map { row, count in
            defer { start += count }
            return try T5LayerReading(keys: row.keys, values: row.values, mask: nil)
                .attend(queries.slice(1, start..<start + count), headSize: headSize)
        }
        return try Tensor.concatenate(parts, 1)
    }
}
