import BlipTensors

/// A frozen language model, as the network and the decoders see it.
public protocol LanguageModel {
    /// The type its weights are computed in.
    var dtype: DType { get }

    /// The side on which prompts of unequal length are padded, so that the last position of every row is its last word (decoder-only),
    /// or the first one its first (encoder-decoder).
    var promptPadding: PaddingSide { get }

    /// ids [B, T] -> [B, T, D]
    func embed(_ ids: Tensor) throws -> Tensor

    /// Reads the prompt once and gets ready for at most `room` further tokens.
    /// - Returns: logits of the first answer token [B, vocabulary], and the session that goes on.
    func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession)

    /// Logits of every prompt position [B, N + T, vocabulary] (decoder-only), or of the first decoder step [B, 1, vocabulary]
    /// (encoder-decoder).
    func logits(_ prompt: Prompt) throws -> Tensor

    /// Mean cross entropy over the target tokens.
    func loss(_ prompt: Prompt, _ targets: TokenBatch) throws -> Tensor
}

/// An answer in the making: the keys and values of everything read and written so far.
public protocol DecodingSession: AnyObject {
    /// Takes the next token of each row [B, 1] and gives the logits of the one after it [B, vocabulary].
    func extend(_ tokens: Tensor) throws -> Tensor
}

extension LanguageModel {
    /// Mean cross entropy of logits [B, T, vocabulary] against targets right-padded to the same T.
    func crossEntropy(_ logits: Tensor, _ targets: TokenBatch) throws -> Tensor {
        let ids = try targets.mask.map { try targets.ids.filling($0.not(), with: Double(Tensor.ignoredTarget)) } ?? targets.ids
        return try logits.to(.float32).reshape([-1, logits.size(2)]).crossEntropy(ids.reshape([-1]))
    }
}
