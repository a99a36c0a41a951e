import BlipData
import BlipMetrics
import Foundation

extension EvaluationBenchmark {
    /// Metrics of all, and the value of each sample for the one that stands for the benchmark.
    func score(_ scored: [ScoredItem]) throws -> (metrics: [MetricScore], samples: [Double]) {
        switch scoring {
        case .vqa:
            let evaluation = try VQAEvaluation(
                scored.map(\.prediction.answer),
                scored.map { one in
                    VQAReference(
                        answers: try references(one), answerType: one.item.sample.facts["answer_type"],
                        questionType: one.item.sample.facts["question_type"])
                })
            var metrics = try evaluation.scores()
            if ["vizwiz", "scenes_blurred"].contains(name) { metrics.append(try evaluation.unanswerableRate()) }
            return (metrics, evaluation.accuracies.values)
        case .gqa:
            let exact = try means("gqa_accuracy", scored) { try AnswerMatch.exact($0, $1) }
            let normalized = try means("gqa_accuracy_normalized", scored) { try AnswerMatch.normalized($0, $1) }
            return ([exact.metric, normalized.metric], exact.values)
        case .ivqa:
            // Annotators' answers are rewritten as the model's: a number is as often a word.
            let found = try means(headline, scored) { try AnswerMatch.ivqa(VQAAnswer.normalized($0), $1.map(VQAAnswer.normalized)) }
            return ([found.metric], found.values)
        case .aokvqa:
            let found = try means(headline, scored) { try AnswerMatch.aokvqa($0, $1) }
            return ([found.metric], found.values)
        case .exactMatch:
            let exact = try means("exact_match", scored) { try AnswerMatch.exact($0, $1) }
            let normalized = try means("exact_match_normalized", scored) { try AnswerMatch.normalized($0, $1) }
            return ([exact.metric, normalized.metric], exact.values)
        case .caption:
            let samples = try scored.map { CaptionSample($0.prediction.answer, references: try references($0)) }
            let corpus = try CaptionCorpus(samples)
            let domains = try CaptionDomains(samples, scored.map { $0.item.sample.facts["domain"] })
            return (try corpus.scores() + domains.scores(), corpus.cider().values)
        case .text:
            let corpus = try CaptionCorpus(scored.map { CaptionSample($0.prediction.answer, references: try references($0)) })
            return (try corpus.scores(), corpus.rougeL().values)
        case .choice: return try choices(scored)
        case .curve: return try curve(scored)
        case .dialog: return try dialogs(scored)
        }
    }

    private func references(_ one: ScoredItem) throws -> [String] {
        let references = one.item.references
        guard !references.isEmpty else { throw EvaluationError.noReferences(benchmark: name, sample: one.item.sample.id) }
        return references
    }

    private func means(
        _ metric: String, _ scored: [ScoredItem], _ score: (String, [String]) throws -> Double
    ) throws -> (metric: MetricScore, values: [Double]) {
        let values = try scored.map { try score($0.prediction.answer, references($0)) }
        return (try SampleScores(metric, values).score(), values)
    }

    // MARK: Ranked ones

    private func choices(_ scored: [ScoredItem]) throws -> (metrics: [MetricScore], samples: [Double]) {
        let values = try scored.map { one -> Double in
            let question = try question(one)
            // A right answer that is not among the choices cannot be chosen: the question counts as wrong.
            if question.correct == nil, one.item.references.isEmpty {
                throw EvaluationError.noReferences(benchmark: name, sample: one.item.sample.id)
            }
            return question.correct != nil && chosen(one) == question.correct ? 1 : 0
        }
        return ([try SampleScores(headline, values).score()], values)
    }

    /// The place of the choice that a prediction means; nil where it means none.
    private func chosen(_ one: ScoredItem) -> Int? {
        switch answering {
        case .rank(.choices), .rank(.letters): return one.prediction.best
        case .rank(.words(let first, _)): return share(one, first: first.count) >= 0.5 ? 0 : 1
        case .generate:
            // True and false are also said as yes and no, and with words behind them.
            let word = VQAAnswer.normalized(one.prediction.answer).split(separator: " ").first.map(String.init) ?? ""
            let choices = one.item.question?.choices ?? []
            if ["true", "yes"].contains(word) { return choices.firstIndex(of: "true") }
            if ["false", "no"].contains(word) { return choices.firstIndex(of: "false") }
            return choices.firstIndex(of: one.prediction.answer)
        }
    }

    /// How likely the first words are against the others, together: in [0, 1].
    private func share(_ one: ScoredItem, first: Int) -> Double {
        let best = one.prediction.scores.max() ?? 0
        let weights = one.prediction.scores.map { exp($0 - best) }
        return weights.prefix(first).reduce(0, +) / max(weights.reduce(0, +), .leastNormalMagnitude)
    }

    private func curve(_ scored: [ScoredItem]) throws -> (metrics: [MetricScore], samples: [Double]) {
        guard case .rank(.words(let first, _)) = answering else {
            throw EvaluationError.nothingToEvaluate(benchmark: name, reason: "a curve needs likelihoods, which ranking gives")
        }
        let shares = scored.map { share($0, first: first.count) }
        let labels = try scored.map { one in
            guard let correct = try question(one).correct else {
                throw EvaluationError.noReferences(benchmark: name, sample: one.item.sample.id)
            }
            return correct == 0
        }
        let scores = try BinaryScores(shares, labels)
        return (scores.score(), scores.areaParts)
    }

    private func dialogs(_ scored: [ScoredItem]) throws -> (metrics: [MetricScore], samples: [Double]) {
        var (ranks, gains): ([Int], [Double]) = ([], [])
        for one in scored {
            let (question, place) = (try question(one), "sample \(one.item.sample.id)")
            let ranking = try DialogRanking(scores: one.prediction.scores, place: place)
            guard let correct = question.correct else { throw EvaluationError.noReferences(benchmark: name, sample: one.item.sample.id) }
            ranks.append(try ranking.rank(of: correct, place: place))
            if question.relevance.contains(where: { $0 > 0 }) {
                gains.append(try ranking.gain(relevance: question.relevance, place: place))
            }
        }
        return (try DialogEvaluation(ranks: ranks, gains: gains).scores(), ranks.map { 1 / Double($0) })
    }

    private func question(_ one: ScoredItem) throws -> VisualQuestion {
        guard let question = one.item.question else {
            throw EvaluationError.noCandidates(benchmark: name, sample: one.item.sample.id)
        }
        return question
    }
}
