import BlipTensors

/// LLaMA and Vicuna: a decoder with rotary positions.
///
/// Source: `LlamaForCausalLM` of transformers. Differs: positions always count the tokens that are really there, as its `generate` does;
/// its plain `forward` counts padding too.
public struct Llama: LanguageModel {
    let embedding: Tensor  // [vocabulary, D]
    let layers: [LlamaLayer]
    let norm: RMSNorm
    let head: Tensor  // [vocabulary, D]
    let config: LlamaConfig

    init(_ scope: Scope, _ config: LlamaConfig) throws {
        let model = scope["model"]
        embedding = try model.tensor("embed_tokens.weight", [config.vocabularySize, config.hiddenSize])
        layers = try (0..<config.layerCount).map { try LlamaLayer(model["layers"][$0], config) }
        norm = try RMSNorm(model["norm"], config.hiddenSize, epsilon: config.normEpsilon)
        // Tied exactly when the file says so and holds no head of its own.
        let isTied = config.tiesEmbeddings && !scope.has("lm_head.weight")
        head = isTied ? embedding : try scope.tensor("lm_head.weight", [config.vocabularySize, config.hiddenSize])
        self.config = config
    }

    public var dtype: DType { embedding.dtype }
    public var promptPadding: PaddingSide { .left }

    public func embed(_ ids: Tensor) throws -> Tensor { try embedding.embedding(ids) }

    public func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        let session = LlamaSession(self, capacity: prompt.length + room, batch: prompt.batch)
        let hidden = try session.run(prompt.embeddings, mask: prompt.mask)
        // Only the last position's logits are needed: the head is one of the largest products.
        let last = try hidden.slice(1, prompt.length - 1..<prompt.length)
        return (try project(last).select(1, 0), session)
    }

    public func logits(_ prompt: Prompt) throws -> Tensor { try project(hidden(prompt)) }

    public func loss(_ prompt: Prompt, _ targets: TokenBatch) throws -> Tensor {
        let (read, written) = (prompt.length, targets.length)
        let words = try Tensor.concatenate([prompt.embeddings, embed(targets.ids)], 1)
        let whole = Prompt(embeddings: words, mask: try Self.joined(prompt, targets))
        // Position i predicts token i + 1: the last prompt position predicts the first target.
        let predicting = try hidden(whole).slice(1, read - 1..<read + written - 1)
        return try crossEntropy(project(predicting), targets)
    }

    private func hidden(_ prompt: Prompt) throws -> Tensor {
        try LlamaSession(self, capacity: nil, batch: prompt.batch).run(prompt.embeddings, mask: prompt.mask)
    }

    func project(_ hidden: Tensor) throws -> Tensor { try hidden.linear(head) }

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

/// One pass over positions that follow what was read before.
final class LlamaSession: DecodingSession {
    private let model: Llama
    /// Nil for a single pass that keeps nothing.
    private let caches: [KeyValueCache]?
    private let rotary: RotaryPositions
    /// Which positions so far hold a token [B, length]; nil while none is padding.
    private var seen: Tensor?
    private var length = 0
    private let batch: Int

    init(_ model: Llama, capacity: Int?, batch: Int) {
        self.model = model
        caches = capacity.map { capacity in model.layers.map { _ in KeyValueCache(capacity: capacity) } }
        rotary = RotaryPositions(headSize: model.config.headSize, theta: model.config.ropeTheta)
        self.batch = batch
    }

    func extend(_ tokens: Tensor) throws -> Tensor {
        try model.project(run(model.embed(tokens), mask: nil)).select(1, 0)
    }

    /// embeddings [B, T, D] -> the final norm's output [B, T, D].
    func run(_ embeddings: Tensor, mask: Tensor?) throws -> Tensor {
        let added = embeddings.size(1)
        try note(mask, added, on: embeddings.device)
        let angles = try rotary.angles(positions(added, on: embeddings.device), embeddings.dtype)
        let attentionMask = try attentionMask(added, on: embeddings.device)
        var hidden = embeddings
        for (index, layer) in model.layers.enumerated() {
            hidden = try layer(hidden, angles, mask: attentionMask, causal: attentionMask == nil && added > 1, cache: caches?[index])
        }
        return try model.norm(hidden)
    }

    private func note(_ mask: Tensor?, _ added: Int, on device: Device) throws {
        if seen != nil || mask != nil {
            let before = try seen ?? Tensor.ones([batch, length], .bool, on: device)
            seen = try Tensor.concatenate([before, mask ?? Tensor.ones([batch, added], .bool, on: device)], 1)
        }
        length += added
    }

    /// Positions [B or 1, T] of the tokens just added: each row counts its own tokens, padding not.
    private func positions(_ added: Int, on device: Device) throws -> Tensor {
        guard let seen else { return try Tensor.range(length - added, length, on: device).unsqueeze(0) }
        let counted = try seen.to(.int64).cumulativeSum(1) - 1
        return try counted.slice(1, length - added..<length).clamp(0...Double(Int32.max))
    }

    /// What each added position may look at [B, 1, T, length]; nil when causality alone says it.
    private func attentionMask(_ added: Int, on device: Device) throws -> Tensor? {
        guard let seen else {
            // A single pass, or a single token, needs no mask; several tokens after a cache would.
            if added == 1 || added == length { return nil }
            return try Tensor.ones([added, length], .bool, on: device).lowerTriangle(diagonal: length - added).reshape([
                1, 1, added, length,
            ])
        }
        let visible = seen.reshapeForKeys
        guard added > 1 else { return try visible() }
        return try visible().and(Tensor.ones([added, length], .bool, on: device).lowerTriangle(diagonal: length - added))
    }
}

extension Tensor {
    /// [B, K] -> [B, 1, 1, K]
    fileprivate func reshapeForKeys() throws -> Tensor { try reshape([size(0), 1, 1, size(1)]) }
}
