import BlipTensors

/// The decoder's state while an answer is written. Slot 0 of the caches is the start id, which every answer follows.
final class T5Session: DecodingSession {
    private let model: T5
    private let reading: T5Reading
    private let caches: [KeyValueCache]
    private var bias: T5RelativeBias.Steps
    private let capacity: Int
    private var tree: TokenTree
    private let rows: Int
    /// Where a device can record steps. In float16 a step asks whether its numbers are finite, and such an answer cannot be recorded.
    private let fixed: FixedSteps?

    /// - Parameters:
    ///   - capacity: tokens a row may have, the start id included.
    ///   - isFixed: steps have fixed shapes; nil where the device can record them.
    init(_ model: T5, _ prompt: Prompt, capacity: Int, isFixed: Bool? = nil) throws {
        self.model = model
        rows = prompt.batch
        reading = try model.encode(prompt)
        let isFixed = isFixed ?? (WorkGraph.isAvailable(on: model.device) && model.dtype != .float16)
        let layers = model.decoder.blocks.count
        fixed =
            isFixed
            ? try model.shelf.take(layers: layers, rows: rows, capacity: capacity, constants: reading.padded(to: FixedSteps.grain)) : nil
        caches = fixed?.caches ?? (0..<layers).map { _ in KeyValueCache(capacity: capacity) }
        self.capacity = capacity
        bias = try model.decoder.bias.steps(min(capacity, 512), model.dtype)
        tree = TokenTree(rows: rows)
    }

    deinit {
        if let fixed { model.shelf.putBack(fixed) }
    }

    /// The start id is nobody's answer.
    var count: Int { tree.count - 1 }

    /// Logits of the first answer token [B, vocabulary].
    func start() throws -> Tensor {
        let start = Array(repeating: [model.config.decoderStartID], count: rows)
        return try step(start, parents: Array(repeating: [TokenTree.root], count: rows)).select(1, 0)
    }

    func extend(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor {
        try step(tokens, parents: parents.map { row in row.map { $0 + 1 } })
    }

    func rewind(to count: Int) {
        tree.truncate(to: count + 1)
        for cache in caches { cache.truncate(to: count + 1) }
    }

    private func step(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor {
        let added = parents.first?.count ?? 0
        tree.append(parents)
        let ids = try Tensor.of(tokens.flatMap(\.self), [rows, added]).to(model.device)
        // The start id makes the memory.
        if let fixed, tree.count > added { return try step(fixed, ids) }
        let hidden = try model.decoder(model.embed(ids), bias: bias(ofLast: added), reading: reading, caches: caches)
        return try model.project(hidden)
    }

    /// The same in a step of fixed shapes.
    private func step(_ fixed: FixedSteps, _ ids: Tensor) throws -> Tensor {
        let (model, device, added) = (model, model.device, ids.size(1))
        let slots = try Tensor.of(Array(tree.count - added..<tree.count)).to(device)
        return try fixed.step(adding: added) { seen in
            let whole = try bias(ofLast: added)
            let rest = [whole.size(0), whole.size(1), added, seen - whole.size(3)]
            let beyond = try Tensor.full(rest, -Double.infinity, whole.dtype, on: device)
            return [slots, ids, try Tensor.concatenate([whole, beyond], 3)]
        } _: { inputs, caches, constants in
            let reading = T5Reading(constants)
            return try model.project(model.decoder(model.embed(inputs[1]), bias: inputs[2], reading: reading, caches: caches))
        }
    }

    /// Added to the self-attention scores of the last tokens [B or 1, H, T, slots].
    private func bias(ofLast added: Int) throws -> Tensor {
        if tree.count > bias.count { bias = try model.decoder.bias.steps(min(capacity, 2 * tree.count), model.dtype) }
        if tree.isChain, added == 1 { return try bias.row(tree.count - 1) }
        let slots = tree.count
        var distances: [Int] = []
        for row in 0..<rows {
            for slot in slots - added..<slots {
                let depth = tree.depth(row, slot)
                distances += (0..<slots).map { max(0, depth - tree.depth(row, $0)) }
            }
        }
        let hidden = try Tensor.of(tree.visibility(ofLast: added), [rows, 1, added, slots]).to(model.device).not()
        return try bias.at(Tensor.of(distances, [rows, added, slots]).to(model.device)).filling(hidden, with: -Double.infinity)
    }
}
