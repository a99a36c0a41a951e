import BlipTensors

/// BERT's head for words: which word stands at a place. Its matrix is the word embeddings'.
///
/// Source: `BertLMPredictionHead` of transformers, and `Qformer.cls` of LAVIS.
struct WordPredictor {
    let dense: Linear
    let norm: LayerNorm
    let bias: Tensor  // [vocabulary]
    let activation: Activation

    init(_ scope: Scope, _ config: QFormerConfig) throws {
        dense = try Linear(scope["transform"]["dense"], from: config.hiddenSize, to: config.hiddenSize)
        norm = try LayerNorm(scope["transform"]["LayerNorm"], config.hiddenSize, epsilon: config.normEpsilon)
        bias = try scope.tensor("bias", [config.vocabularySize])
        activation = config.activation
    }

    /// Logits [..., vocabulary] of hidden states [..., Q].
    ///
    /// - Parameter words: the word embeddings [vocabulary, Q].
    func callAsFunction(_ hidden: Tensor, words: Tensor) throws -> Tensor {
        let transformed = try norm(activation(dense(dense.accepting(hidden))))
        return try transformed.linear(words.to(transformed.dtype), bias.to(transformed.dtype))
    }
}
