import BlipTensors

/// A language model that goes on where its prompt ends: what ``DecoderSession`` needs of it.
protocol DecoderOnly: LanguageModel {
    var device: Device { get }
    var layerCount: Int { get }
    var shelf: StepShelf { get }

    /// All layers and the final norm: embeddings [B, T, D] -> [B, T, D].
    ///
    /// - Parameters:
    ///   - places: the positions [B or 1, T], counted from 0 over tokens that are really there.
    ///   - mask: true where a key is seen; nil with `causal` for a whole unpadded prompt, without for a token that sees everything.
    ///   - caches: one per layer while an answer is written; nil for a whole pass.
    ///   - recomputing: layers are computed once more on the way back; without caches alone.
    ///   - observe: sees the output of every layer.
    func run(
        _ embeddings: Tensor, at places: Tensor, mask: Tensor?, causal: Bool, caches: [any AttentionCache]?, recomputing: Bool,
        observe: LayerObserver?
    ) throws -> Tensor

    /// Logits.
    func project(_ hidden: Tensor) throws -> Tensor
}

extension DecoderOnly {
    var promptPadding: PaddingSide { .left }
    var startIDs: [Int] { [] }

    func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        try DecoderSession.prefill(self, prompt, room: room)
    }

    func jointSession() -> any JointSession { DecoderJointSession(self) }

    func logits(_ prompt: Prompt, observe: LayerObserver?) throws -> Tensor { try DecoderSession.logits(self, prompt, observe) }

    func loss(_ prompt: Prompt, _ targets: TokenBatch, recomputing: Bool) throws -> Tensor {
        try DecoderSession.loss(self, prompt, targets, recomputing: recomputing)
    }
}

/// Passes of a decoder-only model over positions that follow what was read before.
final class DecoderSession<Model: DecoderOnly>: DecodingSession {
    private let model: Model
    /// Nil for a single pass that keeps nothing.
    let caches: [KeyValueCache]?
    private var tree: TokenTree
    /// Which prompt positions hold a token [B, L]; nil when none is padding.
    private let promptMask: Tensor?
    private let promptLength: Int
    /// Tokens in each row's prompt, padding not counted.
    private let promptTokens: [Int]
    private let recomputes: Bool
    /// Where a device can record steps.
    private let fixed: FixedSteps?

    /// - Parameters:
    ///   - room: tokens a row may have after the prompt; nil for a single pass that keeps nothing.
    ///   - isFixed: steps have fixed shapes; nil where the device can record them.
    init(_ model: Model, _ prompt: Prompt, room: Int?, recomputing: Bool = false, isFixed: Bool? = nil) throws {
        self.model = model
        recomputes = recomputing
        let isFixed = isFixed ?? WorkGraph.isAvailable(on: model.device)
        let capacity = room.map { prompt.length + $0 }
        fixed = try capacity.flatMap {
            isFixed ? try model.shelf.take(layers: model.layerCount, rows: prompt.batch, capacity: $0) : nil
        }
        caches = fixed?.caches ?? capacity.map { capacity in (0..<model.layerCount).map { _ in KeyValueCache(capacity: capacity) } }
        tree = TokenTree(rows: prompt.batch)
        promptMask = prompt.mask
        promptLength = prompt.length
        promptTokens = try prompt.mask?.to(.int64).sum(1).integers() ?? Array(repeating: prompt.length, count: prompt.batch)
    }

    deinit {
        if let fixed { model.shelf.putBack(fixed) }
    }

    var count: Int { tree.count }

    /// The final norm's output for the prompt [B, L, D].
    func read(_ prompt: Prompt, observe: LayerObserver? = nil) throws -> Tensor {
        let length = prompt.length
        var positions = try Tensor.range(0, length, on: prompt.embeddings.device).unsqueeze(0)
        var mask: Tensor?
        if let seen = promptMask {
            // Each row counts its own tokens, padding not.
            positions = try (seen.to(.int64).cumulativeSum(1) - 1).clamp(0...Double(length))
            let causal = try Tensor.ones([length, length], .bool, on: seen.device).lowerTriangle()
            mask = try seen.reshape([seen.size(0), 1, 1, length]).and(causal)
        }
        return try run(prompt.embeddings, positions, mask: mask, causal: mask == nil, observe: observe)
    }

    func extend(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor {
        let (rows, added, before) = (tokens.count, parents.first?.count ?? 0, tree.count)
        tree.append(parents)
        let ids = try Tensor.of(tokens.flatMap(\.self), [rows, added])
        let places = (0..<rows).flatMap { row in (0..<added).map { promptTokens[row] + tree.depth(row, before + $0) } }
        let positions = try Tensor.of(places, [rows, added])
        if let fixed { return try extend(fixed, ids, positions, from: before) }
        return try model.project(
            run(model.embed(ids.to(model.device)), positions.to(model.device), mask: mask(ofLast: added), causal: false))
    }

    /// The same in a step of fixed shapes.
    private func extend(_ fixed: FixedSteps, _ ids: Tensor, _ positions: Tensor, from before: Int) throws -> Tensor {
        let (model, device, added) = (model, model.device, ids.size(1))
        let slots = try Tensor.of((0..<added).map { promptLength + before + $0 }).to(device)
        return try fixed.step(adding: added) { seen in
            // Everything there is at once, where nothing is hidden; beyond it nothing.
            let rows = positions.size(0)
            let whole = try mask(ofLast: added) ?? Tensor.ones([rows, 1, added, promptLength + before + added], .bool, on: device)
            let beyond = try Tensor.zeros([rows, 1, added, seen - whole.size(3)], .bool, on: device)
            return [slots, try ids.to(device), try positions.to(device), try Tensor.concatenate([whole, beyond], 3)]
        } _: { inputs, caches, _ in
            let words = try model.embed(inputs[1])
            // Added to the scores it is as they are; otherwise every layer would turn it into that.
            let hidden = try inputs[3].not()
            let mask = try Tensor.zeros(hidden.shape, words.dtype, on: device).filling(hidden, with: -Double.infinity)
            return try model.project(
                model.run(words, at: inputs[2], mask: mask, causal: false, caches: caches, recomputing: false, observe: nil))
        }
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

    private func run(
        _ embeddings: Tensor, _ positions: Tensor, mask: Tensor?, causal: Bool, observe: LayerObserver? = nil
    ) throws -> Tensor {
        try model.run(
            embeddings, at: positions, mask: mask, causal: causal, caches: caches, recomputing: recomputes, observe: observe)
    }
}

extension DecoderSession {
    static func prefill(
        _ model: Model, _ prompt: Prompt, room: Int, isFixed: Bool? = nil
    ) throws -> (logits: Tensor, session: any DecodingSession) {
        let session = try DecoderSession(model, prompt, room: room, isFixed: isFixed)
        // Only the last position's logits are needed: the head is one of the largest products.
        let last = try session.read(prompt).slice(1, prompt.length - 1..<prompt.length)
        return (try model.project(last).select(1, 0), session)
    }

    static func logits(_ model: Model, _ prompt: Prompt, _ observe: LayerObserver?) throws -> Tensor {
        try model.project(DecoderSession(model, prompt, room: nil).read(prompt, observe: observe))
    }

    static func loss(_ model: Model, _ prompt: Prompt, _ targets: TokenBatch, recomputing: Bool) throws -> Tensor {
        let (read, written) = (prompt.length, targets.length)
        let words = try Tensor.concatenate([prompt.embeddings, model.embed(targets.ids)], 1)
        let whole = Prompt(embeddings: words, mask: try joined(prompt, targets))
        // Position i predicts token i + 1: the last prompt position predicts the first target.
        let hidden = try DecoderSession(model, whole, room: nil, recomputing: recomputing).read(whole)
        return try model.crossEntropy(model.project(hidden.slice(1, read - 1..<read + written - 1)), targets)
    }

    private static func joined(_ prompt: Prompt, _ targets: TokenBatch) throws -> Tensor? {
        guard prompt.mask != nil || targets.mask != nil else { return nil }
        let device = prompt.embeddings.device
        return try Tensor.concatenate(
            [
                prompt.mask ?? Tensor.ones([prompt.batch, prompt.length], .bool, on: device),
                targets.mask ?? Tensor.ones([targets.batch, targets.length], .bool, on: device),
            ], 1)
    }
}
