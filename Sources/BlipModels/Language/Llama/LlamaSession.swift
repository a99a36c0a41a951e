import BlipTensors

/// Passes over positions that follow what was read before.
final class LlamaSession: DecodingSession {
    private let model: Llama
    /// Nil for a single pass that keeps nothing.
    private let caches: [KeyValueCache]?
    private let rotary: RotaryPositions
    private var tree: TokenTree
    /// Which prompt positions hold a token [B, L]; nil when none is padding.
    private let promptMask: Tensor?
    private let promptLength: Int
    /// Tokens in each row's prompt, padding not counted.
    private let promptTokens: [Int]

    /// - Parameter room: tokens a row may have after the prompt; nil for a single pass that keeps nothing.
    init(_ model: Llama, _ prompt: Prompt, room: Int?) throws {
        self.model = model
        caches = room.map { room in model.layers.map { _ in KeyValueCache(capacity: prompt.length + room) } }
        rotary = RotaryPositions(headSize: model.config.headSize, theta: model.config.ropeTheta)
        tree = TokenTree(rows: prompt.batch)
        promptMask = prompt.mask
        promptLength = prompt.length
        promptTokens = try prompt.mask?.to(.int64).sum(1).integers() ?? Array(repeating: prompt.length, count: prompt.batch)
    }

    var count: Int { tree.count }

    /// The final norm's output for the prompt [B, L, D].
    func read(_ prompt: Prompt) throws -> Tensor {
        let length = prompt.length
        var positions = try Tensor.range(0, length, on: prompt.embeddings.device).unsqueeze(0)
        var mask: Tensor?
        if let seen = promptMask {
            // Each row counts its own tokens, padding not.
            positions = try (seen.to(.int64).cumulativeSum(1) - 1).clamp(0...Double(length))
            let causal = try Tensor.ones([length, length], .bool, on: seen.device).lowerTriangle()
            mask = try seen.reshape([seen.size(0), 1, 1, length]).and(causal)
        }
        return try run(prompt.embeddings, positions, mask: mask, causal: mask == nil)
    }

    func extend(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor {
        let (rows, added, before) = (tokens.count, parents.first?.count ?? 0, tree.count)
        tree.append(parents)
        let ids = try Tensor.of(tokens.flatMap(\.self), [rows, added])
        let places = (0..<rows).flatMap { row in (0..<added).map { promptTokens[row] + tree.depth(row, before + $0) } }
        let embeddings = try model.embed(ids.to(model.device))
        let positions = try Tensor.of(places, [rows, added]).to(model.device)
        return try model.project(run(embeddings, positions, mask: mask(ofLast: added), causal: false))
    }

    func rewind(to count: Int) {
        tree.truncate(to: count)
        for cache in caches ?? [] { cache.truncate(to: promptLength + count) }
    }

    /// What each added token sees [B, 1, T, L + slots]; nil when it sees everything.
    private func mask(ofLast added: Int) throws -> Tensor? {
        let rows = promptTokens.count
        if promptMask == nil, tree.isChain, added == 1 { return nil }
        let written = try Tensor.of(tree.visibility(ofLast: added), [rows, 1, added, tree.count]).to(model.device)
        let read = try promptMask ?? Tensor.ones([rows, promptLength], .bool, on: model.device)
        return try Tensor.concatenate([read.reshape([rows, 1, 1, promptLength]).expand([rows, 1, added, promptLength]), written], 3)
    }

    private func run(_ embeddings: Tensor, _ positions: Tensor, mask: Tensor?, causal: Bool) throws -> Tensor {
        let angles = try rotary.angles(positions, embeddings.dtype)
        var hidden = embeddings
        for (index, layer) in model.layers.enumerated() {
            hidden = try layer(hidden, angles, mask: mask, causal: causal, cache: caches?[index])
        }
        return try model.norm(hidden)
    }
}
