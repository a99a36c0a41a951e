/// Questions and answers about a picture, as one instruction.
///
/// The published models were tuned on conversations whose turns are simply put one after another, without roles or separators. Source: the
/// authors' answers to issues 318, 357 and 392 of LAVIS.
public struct Conversation: Sendable {
    public private(set) var turns: [(question: String, answer: String)] = []

    public init() {}

    /// The instruction for the next question: all turns so far, then the question.
    public func instruction(_ question: String) -> String {
        (turns.flatMap { [$0.question, $0.answer] } + [question]).joined(separator: " ")
    }

    public mutating func add(_ question: String, _ answer: String) { turns.append((question, answer)) }

    public mutating func reset() { turns = [] }
}
