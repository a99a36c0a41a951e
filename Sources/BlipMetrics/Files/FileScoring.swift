import Foundation

/// Scores files of predictions against files of references, without a model.
///
/// ```swift
/// let scoring = FileScoring(.caption)
/// let report = try scoring.score(URL(filePath: "captions.json"), against: [URL(filePath: "captions_val2014.json")])
/// ```
public struct FileScoring: Sendable {
    public var task: ScoringTask
    /// Whether references without a prediction and predictions without a reference are left out instead of being errors.
    public var isPartial = false
    /// Whether VQA's accuracy is told by question type too.
    public var byQuestionType = false
    public var bootstrap = Bootstrap()

    public init(_ task: ScoringTask) { self.task = task }

    /// What came out.
    public struct Report: Sendable, Equatable {
        public let scores: [MetricScore]
        /// References that have no prediction, and predictions that have no reference: 0 unless the scoring was partial.
        public let missing: Int
        public let unknown: Int
    }

    /// - Parameter references: one file; Visual Dialog's dialogs and ratings are two.
    public func score(_ predictions: URL, against references: [URL]) throws -> Report {
        guard let first = references.first, task == .visdial || references.count == 1 else {
            throw MetricError.wrongCount(what: "files of references", expected: 1, found: references.count)
        }
        switch task {
        case .vqa:
            return try answers(AnswerFiles.predictions(predictions), AnswerFiles.vqaReferences(first)) { answers, questions in
                let evaluation = try VQAEvaluation(answers, questions.map(\.vqa))
                return try evaluation.scores(byQuestionType: byQuestionType, bootstrap) + [evaluation.unanswerableRate(bootstrap)]
            }
        case .gqa:
            return try answers(AnswerFiles.predictions(predictions), AnswerFiles.gqaReferences(first), gqa)
        case .ivqa:
            return try answers(AnswerFiles.predictions(predictions), AnswerFiles.plainReferences(first)) {
                try matches($0, $1, [(MetricCatalog.ivqaAccuracy, AnswerMatch.ivqa)])
            }
        case .exactMatch:
            return try answers(AnswerFiles.predictions(predictions), AnswerFiles.plainReferences(first)) {
                try matches(
                    $0, $1, [(MetricCatalog.exactMatch, AnswerMatch.exact), (MetricCatalog.exactMatchNormalized, AnswerMatch.normalized)])
            }
        case .multipleChoice:
            return try answers(AnswerFiles.predictions(predictions), AnswerFiles.plainReferences(first)) { answers, questions in
                let answers = zip(answers, questions).map { Self.choice($0, $1.options) }
                let values = try zip(answers, questions).map { answer, question in
                    try AnswerMatch.exact(answer, question.vqa.answers.map { Self.choice($0, question.options) })
                }
                return [try SampleScores(MetricCatalog.multipleChoice.name, values).score(bootstrap)]
            }
        case .aokvqaDirectAnswer:
            let answered = try AnswerFiles.predictions(predictions, keys: ["direct_answer"])
            let questions = try AnswerFiles.aokvqaReferences(first, direct: true)
            return try answers(answered, questions) { try matches($0, $1, [(MetricCatalog.aokvqaDirectAnswer, AnswerMatch.aokvqa)]) }
        case .aokvqaMultipleChoice:
            let answered = try AnswerFiles.predictions(predictions, keys: ["multiple_choice"])
            let questions = try AnswerFiles.aokvqaReferences(first, direct: false)
            return try answers(answered, questions) { answers, questions in
                let answers = zip(answers, questions).map { Self.choice($0, $1.options) }
                return try matches(answers, questions, [(MetricCatalog.aokvqaMultipleChoice, AnswerMatch.exact)])
            }
        case .caption:
            let domains = try CaptionFiles.domains(first)
            let references = try CaptionFiles.references(first).mapped { (domain: domains[$0], captions: $1) }
            return try answers(CaptionFiles.predictions(predictions), references) { captions, references in
                let samples = zip(captions, references).map { CaptionSample($0, references: $1.captions) }
                return try CaptionCorpus(samples).scores(bootstrap)
                    + CaptionDomains(samples, references.map(\.domain)).scores(bootstrap)
            }
        case .visdial:
            return try answers(DialogFiles.predictions(predictions), DialogFiles.references(references), dialogs)
        case .auc:
            return try answers(LabelFiles.predictions(predictions), LabelFiles.references(first)) {
                try BinaryScores($0, $1).score(bootstrap)
            }
        }
    }

    private func answers<Prediction, Reference>(
        _ predictions: IdentifiedEntries<Prediction>, _ references: IdentifiedEntries<Reference>,
        _ score: ([Prediction], [Reference]) throws -> [MetricScore]
    ) throws -> Report {
        let pairs = try Pairing(predictions, references, isPartial: isPartial)
        return Report(scores: try score(pairs.predictions, pairs.references), missing: pairs.missing, unknown: pairs.unknown)
    }

    private func matches(
        _ answers: [String], _ questions: [AnswerFiles.Question], _ metrics: [(MetricCard, (String, [String]) throws -> Double)]
    ) throws -> [MetricScore] {
        try bootstrap.means(
            metrics.map { card, match in SampleScores(card.name, try zip(answers, questions).map { try match($0, $1.vqa.answers) }) })
    }

    /// GQA's two accuracies, and the first of binary and of open questions where the file tells them apart.
    private func gqa(_ answers: [String], _ questions: [AnswerFiles.Question]) throws -> [MetricScore] {
        // As in the official script: exact, white space included.
        let exact = zip(answers, questions).map { $0.utf8.elementsEqual(($1.vqa.answers.first ?? "").utf8) ? 1.0 : 0 }
        let name = MetricCatalog.gqaAccuracy.name
        var scores = [try SampleScores(name, exact).score(bootstrap)]
        for (kind, isOpen) in [("binary", false), ("open", true)] {
            let values = zip(exact, questions).filter { $1.structure.map { ($0 == "query") == isOpen } ?? false }.map(\.0)
            if !values.isEmpty { scores.append(try SampleScores("\(name)_\(kind)", values).score(bootstrap)) }
        }
        return try scores + matches(answers, questions, [(MetricCatalog.gqaAccuracyNormalized, AnswerMatch.normalized)])
    }

    private func dialogs(_ rankings: [DialogRanking], _ rounds: [DialogFiles.Round]) throws -> [MetricScore] {
        let ranks = try zip(rankings, rounds).compactMap { ranking, round in try round.correct.map { try ranking.rank(of: $0) } }
        let gains = try zip(rankings, rounds).compactMap { ranking, round in try round.relevance.map { try ranking.gain(relevance: $0) } }
        return try DialogEvaluation(ranks: ranks, gains: gains).scores(bootstrap)
    }

    /// The text of an option that is called by its number; another answer as it is.
    private static func choice(_ answer: String, _ options: [String]) -> String {
        if options.contains(where: { $0.utf8.elementsEqual(answer.utf8) }) { return answer }
        return Int(answer).flatMap { options.indices.contains($0) ? options[$0] : nil } ?? answer
    }
}
