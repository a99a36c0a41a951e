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
    public var startIDs: [Int] { [] }
    var device: Device { embedding.device }

    public func embed(_ ids: Tensor) throws -> Tensor { try embedding.embedding(ids) }

    public func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        let session = try LlamaSession(self, prompt, room: room)
        // Only the last position's logits are needed: the head is one of the largest products.
        let last = try session.read(prompt).slice(1, prompt.length - 1..<prompt.length)
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

    private func hidden(_ prompt: Prompt) throws -> Tensor { try LlamaSession(self, prompt, room: nil).read(prompt) }

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
