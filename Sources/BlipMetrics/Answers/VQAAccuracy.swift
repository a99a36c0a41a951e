/// How well an answer agrees with those of ten people, as the official evaluation of VQA computes it.
///
/// For each of the people, the answer counts a third for each of the others who gave it, at most 1; the accuracy is the mean of that over all
/// people. So an answer of four or more counts 1, of three 0.9, of two 0.6, of one 0.3.
///
/// Predictions are always rewritten (``VQAAnswer/normalized(_:)``). References only lose their punctuation, and only if they are not all the
/// same: a reference with a capital or an article is never met, as in the script. OKVQA, TextVQA and VizWiz are scored by the same rule, as the
/// paper's code does; their own servers rewrite references more.
public enum VQAAccuracy {
    /// The accuracy of one answer, from 0 to 1.
    ///
    /// - Throws: ``MetricError/nothingToScore(what:)`` without references. A single reference gives 0 whatever is answered, because nobody
    ///   else could agree.
    public static func accuracy(of answer: String, among references: [String]) throws -> Double {
        guard !references.isEmpty else { throw MetricError.nothingToScore(what: "the question has no reference answers") }
        let answer = Array(VQAAnswer.normalized(answer).utf8)
        let people = Double(references.count)
        let same = Double(compared(references).count { $0 == answer })
        let forThem = min(1, (same - 1) / 3)
        let forOthers = min(1, same / 3)
        return (same > 0 ? same * forThem : 0) / people + (people - same) * forOthers / people
    }

    /// References as they are compared.
    private static func compared(_ references: [String]) -> [[UInt8]] {
        let bytes = references.map { Array($0.utf8) }
        if bytes.allSatisfy({ $0 == bytes.first }) { return bytes }
        return references.map { Array(VQAAnswer.withoutPunctuation($0).utf8) }
    }
}

/// What people answered to a question, and what kind it is of.
public struct VQAReference: Sendable, Equatable {
    public var answers: [String]
    /// `yes/no`, `number` or `other`; VizWiz has `unanswerable` too. Nil where the file does not tell.
    public var answerType: String?
    /// How the question begins, `what color is the`; nil where the file does not tell.
    public var questionType: String?

    public init(answers: [String], answerType: String? = nil, questionType: String? = nil) {
        self.answers = answers
        self.answerType = answerType
        self.questionType = questionType
    }
}

/// Predictions scored against what people answered.
public struct VQAEvaluation: Sendable, Equatable {
    /// One for each question.
    public let accuracies: SampleScores
    private let references: [VQAReference]
    private let predictions: [String]

    public init(_ predictions: [String], _ references: [VQAReference]) throws {
        guard !references.isEmpty else { throw MetricError.nothingToScore(what: "there are no questions") }
        guard predictions.count == references.count else {
            throw MetricError.wrongCount(what: "predictions", expected: references.count, found: predictions.count)
        }
        let values = try zip(predictions, references).map { try VQAAccuracy.accuracy(of: $0, among: $1.answers) }
        accuracies = SampleScores(MetricCatalog.vqaAccuracy.name, values)
        self.references = references
        self.predictions = predictions
    }

    /// The accuracy of all, of each answer type, and on request of each question type.
    public func scores(byQuestionType: Bool = false, _ bootstrap: Bootstrap = Bootstrap()) throws -> [MetricScore] {
        var scores = [try accuracies.score(bootstrap)]
        scores += try grouped(by: \.answerType, prefix: "", bootstrap)
        if byQuestionType { scores += try grouped(by: \.questionType, prefix: "question_", bootstrap) }
        return scores
    }

    /// How often the prediction is "unanswerable", which VizWiz counts as an answer.
    public func unanswerableRate(_ bootstrap: Bootstrap = Bootstrap()) throws -> MetricScore {
        let values = predictions.map { VQAAnswer.normalized($0) == "unanswerable" ? 1.0 : 0 }
        return try SampleScores(MetricCatalog.vqaUnanswerableRate.name, values).score(bootstrap)
    }

    private func grouped(by kind: KeyPath<VQAReference, String?>, prefix: String, _ bootstrap: Bootstrap) throws -> [MetricScore] {
        var groups: [String: [Double]] = [:]
        for (reference, value) in zip(references, accuracies.values) {
            if let name = reference[keyPath: kind] { groups[name, default: []].append(value) }
        }
        return try groups.sorted { $0.key < $1.key }.map {
            try SampleScores("\(accuracies.name)_\(prefix)\(MetricCard.snakeCase($0.key))", $0.value).score(bootstrap)
        }
    }
}
