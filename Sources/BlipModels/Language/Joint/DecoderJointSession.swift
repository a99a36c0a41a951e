import BlipTensors

/// Answers of a decoder-only model that are computed together.
final class DecoderJointSession<Model: DecoderOnly>: JointSession {
    private let model: Model
    private var rows = JointRows()

    init(_ model: Model) { self.model = model }

    func join(_ prompt: Prompt, rooms: [Int]) throws -> (rows: [Int], logits: Tensor) {
        let session = try DecoderSession(model, prompt, room: 0, isFixed: false)
        let last = try session.read(prompt).slice(1, prompt.length - 1..<prompt.length)
        let logits = try model.project(last).select(1, 0)
        return (rows.join(try session.parted(prompt, rooms: rooms)), logits)
    }

    func step(_ steps: [JointTokens]) throws -> Tensor {
        let (mine, counts) = (steps.map { rows[$0.row] }, steps.map(\.tokens.count))
        return try mine.taking(steps.map(\.parents)) {
            let places = zip(mine, counts).flatMap { row, count in
                (row.tree.count - count..<row.tree.count).map { row.promptTokens + row.tree.depth(0, $0) }
            }
            let masks = try JointMasks(paths: mine, counts)
            let caches = (0..<model.layerCount).map { layer in JointCache(mine.map { $0.caches[layer] }, masks) }
            let ids = try Tensor.of(steps.flatMap(\.tokens), [1, places.count]).to(model.device)
            let hidden = try model.run(
                model.embed(ids), at: Tensor.of(places, [1, places.count]).to(model.device), mask: nil, causal: false, caches: caches,
                recomputing: false, observe: nil)
            return try model.project(hidden).select(0, 0)
        }
    }

    func leave(_ row: Int) { rows.leave(row) }
}

extension DecoderSession {
    /// Each prompt's row on its own, without its padding.
    ///
    /// - Parameter rooms: tokens that each may have behind the prompt.
    func parted(_ prompt: Prompt, rooms: [Int]) throws -> [JointRow] {
        try zip(prompt.places(), rooms).enumerated().map { row, size in
            let (places, room) = size
            return JointRow(caches: try (caches ?? []).map { try $0.row(row, places, room: room) }, promptTokens: places.count)
        }
    }
}
