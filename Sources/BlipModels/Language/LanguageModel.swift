import BlipTensors

/// Somebody who wants to see what each layer of a stack makes.
public typealias LayerObserver = (Tensor) throws -> Void

/// A frozen language model, as the network and the decoders see it.
public protocol LanguageModel {
    /// The type its weights are computed in.
    var dtype: DType { get }

    /// The side on which prompts of unequal length are padded, so that the last position of every row is its last word (decoder-only),
    /// or the first one its first (encoder-decoder).
    var promptPadding: PaddingSide { get }

    /// What the decoder is given before the first answer token: T5's start id; nothing where the prompt itself goes on.
    var startIDs: [Int] { get }

    /// ids [B, T] -> [B, T, D]
    func embed(_ ids: Tensor) throws -> Tensor

    /// Reads the prompt once and gets ready for at most `room` further tokens a row, those of all beams together.
    /// - Returns: logits of the first answer token [B, vocabulary], and the session that goes on.
    func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession)

    /// Gets ready for answers that are computed together, though their prompts come and go.
    func jointSession() -> any JointSession

    /// Logits of every prompt position [B, N + T, vocabulary] (decoder-only), or of the first decoder step [B, 1, vocabulary]
    /// (encoder-decoder).
    ///
    /// - Parameter observe: sees the output of every layer, an encoder's first.
    func logits(_ prompt: Prompt, observe: LayerObserver?) throws -> Tensor

    /// Mean cross entropy over the target tokens.
    ///
    /// - Parameter recomputing: keeps what goes into each layer alone, and computes the rest once more on the way back: less memory, more time.
    func loss(_ prompt: Prompt, _ targets: TokenBatch, recomputing: Bool) throws -> Tensor
}

/// An answer in the making: the keys and values of everything read and written so far.
///
/// Tokens taken are numbered 0, 1, ... in each row. Each names the one it follows, so that beams share the prompt and their common
/// beginning, and candidate answers share theirs; see `TokenTree`.
public protocol DecodingSession: AnyObject {
    /// How many tokens were taken in each row.
    var count: Int { get }

    /// Takes T tokens in each of B rows, and gives the logits after each [B, T, vocabulary].
    ///
    /// - Parameter parents: the number of the token that each one follows; -1 follows the prompt.
    func extend(_ tokens: [[Int]], parents: [[Int]]) throws -> Tensor

    /// Forgets all but the first `count` tokens of each row; 0 goes back to the prompt.
    func rewind(to count: Int)
}

extension DecodingSession {
    /// Takes the next token of each row, following the last one: logits [B, vocabulary].
    public func extend(_ tokens: [Int]) throws -> Tensor {
        try extend(tokens.map { [$0] }, parents: tokens.map { _ in [count - 1] }).select(1, 0)
    }
}

extension LanguageModel {
    /// One beside another.
    public func jointSession() -> any JointSession { SeparateSessions(self) }

    public func loss(_ prompt: Prompt, _ targets: TokenBatch) throws -> Tensor { try loss(prompt, targets, recomputing: false) }
    public func logits(_ prompt: Prompt) throws -> Tensor { try logits(prompt, observe: nil) }

    /// Mean cross entropy of logits [B, T, vocabulary] against targets right-padded to the same T, each token by its weight where they have one.
    func crossEntropy(_ logits: Tensor, _ targets: TokenBatch) throws -> Tensor {
        let ids = try targets.mask.map { try targets.ids.filling($0.not(), with: Double(Tensor.ignoredTarget)) } ?? targets.ids
        let (rows, wanted) = (try logits.to(.float32).reshape([-1, logits.size(2)]), try ids.reshape([-1]))
        guard let weights = targets.weights else { return try rows.crossEntropy(wanted) }
        return try (rows.crossEntropy(wanted, reduction: .none) * weights.reshape([-1])).sum() / weights.sum()
    }
}
