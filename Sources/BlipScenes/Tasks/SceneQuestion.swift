import BlipData

/// A question about a scene that has one right answer.
struct SceneQuestion: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case color, kind, count, existence, position, size, texture, comparison, surroundings, text
    }

    var kind: Kind
    var text: String
    var answer: String
    /// Other words for the answer that are as right.
    var synonyms: [String] = []

    /// What ten people would answer: all are right, and some use another word.
    func annotators(_ generator: inout SeededGenerator) -> [WeightedAnswer] {
        guard !synonyms.isEmpty else { return [WeightedAnswer(answer, weight: 10)] }
        let answers = (0..<10).map { place in
            // The first three settle which word is the usual one.
            place < 3 || generator.unit() < 0.75 ? answer : generator.element(of: synonyms) ?? answer
        }
        return WeightedAnswer.counted(answers)
    }

    var facts: [String: String] {
        let type = Int(answer) != nil ? "number" : answer == "yes" || answer == "no" ? "yes/no" : "other"
        return ["question_type": kind.rawValue, "answer_type": type]
    }

    func visual(_ generator: inout SeededGenerator) -> VisualQuestion { VisualQuestion(text, answers: annotators(&generator)) }
}
