/// Why an answer ended.
public enum FinishReason: String, Sendable, Codable {
    /// The model said that the answer is complete, or a stop string appeared.
    case stop
    /// The token limit was reached first.
    case length
}

/// One answer: the tokens as the model gave them, the ending one included, as `generate` of transformers returns them.
public struct TokenRow: Sendable, Equatable {
    public var ids: [Int]
    public var finish: FinishReason
    /// Each token's log-probability under the model, before any rule.
    public var logProbabilities: [Double]
    /// Of beam search: the answer's log-probability under the rules, divided by length^penalty. Else the sum of ``logProbabilities``.
    public var score: Double

    public init(ids: [Int] = [], finish: FinishReason = .length, logProbabilities: [Double] = [], score: Double = 0) {
        self.ids = ids
        self.finish = finish
        self.logProbabilities = logProbabilities
        self.score = score
    }
}

/// What is asked while an answer is written, beyond stop ids.
public struct DecodingHooks {
    /// The ids that penalties count as said before, for each prompt: the prompt's, where they are to be counted.
    public var said: [[Int]]
    /// Whether these ids end an answer, as a stop string does.
    public var endsAnswer: ((_ ids: [Int]) throws -> Bool)?
    /// Sees the step's number and each answer's new token, nil for complete answers; throwing ends the answer. Beam search has no order to show,
    /// and reports steps without tokens.
    public var onStep: (_ step: Int, _ tokens: [Int?]) throws -> Void

    public init(
        said: [[Int]] = [], endsAnswer: ((_ ids: [Int]) throws -> Bool)? = nil,
        onStep: @escaping (_ step: Int, _ tokens: [Int?]) throws -> Void = { _, _ in }
    ) {
        self.said = said
        self.endsAnswer = endsAnswer
        self.onStep = onStep
    }
}
