import BlipTensors

/// Answers of a T5 that are computed together. Slot 0 of a row's caches is the start id, which every answer follows.
final class T5JointSession: JointSession {
    private let model: T5
    private var rows = JointRows()
    /// Of each head the decoder's biases of distances, the longest first.
    private var falling: [[Float]] = []

    init(_ model: T5) { self.model = model }

    func join(_ prompt: Prompt, rooms: [Int]) throws -> (rows: [Int], logits: Tensor) {
        let reading = try model.encode(prompt)
        let new = try zip(prompt.places(), rooms).enumerated().map { row, size in
            let (places, room) = size
            let readings = try reading.layers.map { layer in
                // Copied: what all prompts share goes with the last of them otherwise.
                let keys = try layer.keys.row(row, places).clone().contiguous()
                return (keys: keys, values: try layer.values.row(row, places).clone().contiguous())
            }
            let caches = readings.map { _ in KeyValueCache(capacity: room + 1, firstSize: Self.firstRoom) }
            return JointRow(caches: caches, readings: readings, promptTokens: 0)
        }
        let logits = try step(new, new.map { _ in [model.config.decoderStartID] }, new.map { _ in [TokenTree.root] })
        return (rows.join(new), logits)
    }

    func step(_ steps: [JointTokens]) throws -> Tensor {
        try step(steps.map { rows[$0.row] }, steps.map(\.tokens), steps.map { $0.parents.map { $0 + 1 } })
    }

    func leave(_ row: Int) { rows.leave(row) }

    /// Positions of one row that memory is made for at first.
    private static let firstRoom = 64

    private func step(_ mine: [JointRow], _ tokens: [[Int]], _ parents: [[Int]]) throws -> Tensor {
        try mine.taking(parents) {
            let counts = tokens.map(\.count)
            let masks = try JointMasks(biases: biases(mine.map(\.tree.count).max() ?? 0), mine, counts)
            let layers = model.decoder.blocks.indices
            let ids = try Tensor.of(tokens.flatMap(\.self), [1, counts.reduce(0, +)]).to(model.device)
            let hidden = try model.decoder(
                model.embed(ids), caches: layers.map { layer in JointCache(mine.map { $0.caches[layer] }, masks) },
                readings: layers.map { layer in JointReading(rows: mine.map { $0.readings[layer] }, counts: counts) })
            return try model.project(hidden).select(0, 0)
        }
    }

    /// Those of at least so many distances.
    private func biases(_ count: Int) throws -> [[Float]] {
        if let known = falling.first?.count, known >= count { return falling }
        let made = max(Self.firstRoom, 2 * count)
        let flat = try model.decoder.bias.steps(made, model.dtype).falling.floats()
        falling = stride(from: 0, to: flat.count, by: made).map { Array(flat[$0..<$0 + made]) }
        return falling
    }
}
