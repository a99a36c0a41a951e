import ArgumentParser
import BlipMetrics
import Foundation

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score files of predictions with the official metrics, without a model.",
        discussion: """
            Files have the forms that the organizers take and publish. Every prediction needs a reference and the other way round, but with --partial.
            Values are fractions, where official scripts may print percent; of CIDEr's own scale papers print a hundred times as much.

              instructblip score --metric caption --predictions captions.json --references captions_val2014.json

            What --metric takes, with the predictions and the references of each:

              vqa            [{question_id, answer}]
                             annotations of VQAv2, OKVQA, TextVQA, VizWiz
              gqa            [{questionId, prediction}]; the questions
              aokvqa_direct_answer, aokvqa_multiple_choice
                             {ID: {direct_answer, multiple_choice}}; annotations
              caption        [{image_id, caption}]; annotations in COCO's form
                             NoCaps's also by domain: cider_in_domain and so on
              visdial        [{image_id, round_id, ranks}]
                             dialogs, ratings, or both by two --references
              auc            id, score (JSON or CSV); id, label
              exact_match, multiple_choice, ivqa
                             id, answer; id, answer or answers, options

            or one metric of --list, such as cider. All of them also take lines of id and answer (or caption) in a file named .jsonl, which is what
            ask --questions and caption write.

            --json: for each metric value, stderr (null for one sample), interval (95 %, by bootstrap) and count.
            """)

    @Option(help: ArgumentHelp("What to compute.", valueName: "name"))
    var metric: String?

    @Option(help: ArgumentHelp("The predictions, JSON, JSON lines or CSV.", valueName: "file"))
    var predictions: String?

    @Option(help: ArgumentHelp("What they are compared with; for visdial it may be given twice.", valueName: "file"))
    var references: [String] = []

    @Flag(help: "Score the samples that are in both files, and say how many are not.")
    var partial = false

    @Flag(help: "Of vqa, the accuracy by question type too.")
    var byQuestionType = false

    @Option(help: ArgumentHelp("How often samples are drawn again for the intervals.", valueName: "n"))
    var resamples = 1_000

    @Option(help: ArgumentHelp("What the intervals are drawn from.", valueName: "n"))
    var seed: UInt64 = 42

    @Flag(help: "List the metrics: direction, unit, meaning and source.")
    var list = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if list { return }
        if metric == nil { throw ValidationError("Give --metric, or --list to see what there is.") }
        if predictions == nil { throw ValidationError("Give --predictions.") }
        if references.isEmpty { throw ValidationError("Give --references.") }
        if !(2...1_000_000).contains(resamples) { throw ValidationError("--resamples must be between 2 and 1000000, found \(resamples).") }
    }

    func run() throws {
        if list { return try writeList() }
        guard let metric, let predictions else { return }
        let (task, card) = try ScoringTask.named(metric)
        if references.count > 1, task != .visdial { throw ValidationError("--references is given twice, which only visdial takes.") }
        let scoring = scoring(of: task)
        let references = references.map { URL(filePath: $0) }
        let report = try scoring.score(URL(filePath: predictions), against: references)
        if report.missing > 0 { writeRemark("note: left out, without a prediction: \(grouped(report.missing)) of the references\n") }
        if report.unknown > 0 { writeRemark("note: left out, without a reference: \(grouped(report.unknown)) of the predictions\n") }
        let scores = report.scores.filter { score in card.map { Self.belongs(score, to: $0) } ?? true }
        if json { return try writeJSON(Dictionary(scores.map { ($0.name, ScoreReport($0)) }) { $1 }) }
        try writeOutput(Self.table(scores))
    }

    private func scoring(of task: ScoringTask) -> FileScoring {
        var scoring = FileScoring(task)
        scoring.isPartial = partial
        scoring.byQuestionType = byQuestionType
        scoring.bootstrap = Bootstrap(resamples: resamples, seed: seed)
        return scoring
    }

    /// Whether it is of the metric, or of a group of its samples: `vqa_accuracy_number` is, `cider_d` is another metric than `cider`.
    private static func belongs(_ score: MetricScore, to card: MetricCard) -> Bool {
        if score.name == card.name { return true }
        return score.name.hasPrefix(card.name + "_") && !MetricCatalog.all.contains { $0.name == score.name }
    }

    private static func table(_ scores: [MetricScore]) -> String {
        let rows = scores.map { score in
            [
                score.name, String(format: "%.4f", score.value), score.standardError.map { String(format: "%.4f", $0) } ?? "-",
                score.interval.map { String(format: "%.4f to %.4f", $0.lowerBound, $0.upperBound) } ?? "-", grouped(score.count),
            ]
        }
        return TextTable(["METRIC", "VALUE", "STDERR", "95 % INTERVAL", "COUNT"], rows, rightAligned: [1, 2, 4]).text
    }

    private func writeList() throws {
        let cards = MetricCatalog.all
        if json { return try writeJSON(cards.map(CardReport.init)) }
        let rows = cards.map { [$0.name, $0.direction.rawValue, $0.unit.rawValue, $0.summary, $0.source] }
        try writeOutput(TextTable(["METRIC", "BETTER", "UNIT", "MEANING", "SOURCE"], rows).text)
    }
}

/// One metric of `score --json`.
private struct ScoreReport: Encodable {
    private let score: MetricScore

    init(_ score: MetricScore) { self.score = score }

    private enum CodingKeys: String, CodingKey {
        case value, stderr, interval, count
    }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(score.value, forKey: .value)
        // Nil is written as null, so that the members are always there.
        try members.encode(score.standardError, forKey: .stderr)
        try members.encode(score.interval.map { [$0.lowerBound, $0.upperBound] }, forKey: .interval)
        try members.encode(score.count, forKey: .count)
    }
}

/// One metric of `score --list --json`.
private struct CardReport: Encodable {
    let name, better, unit, meaning, source: String

    init(_ card: MetricCard) {
        (name, better, unit) = (card.name, card.direction.rawValue, card.unit.rawValue)
        (meaning, source) = (card.summary, card.source)
    }
}
