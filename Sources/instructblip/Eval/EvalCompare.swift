import ArgumentParser
import BlipEvaluation
import Foundation

struct EvalCompare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare two evaluations sample by sample: the mean difference, how sure it is, and what changed."
    )

    @Argument(help: ArgumentHelp("The folder of an evaluation.", valueName: "run"))
    var before: String

    @Argument(help: ArgumentHelp("The folder of another.", valueName: "run"))
    var after: String

    @Option(help: ArgumentHelp("Show so many changed samples of each benchmark.", valueName: "n"))
    var changes = 5

    @Flag(help: "Write one JSON object for each benchmark.")
    var json = false

    private struct Entry: Encodable {
        struct Change: Encodable {
            let id, instruction, before, after: String
            let references: [String]
            let difference: Double
        }

        let benchmark, metric: String
        let count, askedOtherwise: Int
        let before, after, difference, significance: Double
        let interval: [Double]?
        let changed: Int
        let changes: [Change]
    }

    func validate() throws {
        if changes < 0 { throw ValidationError("--changes must be 0 or more, found \(changes).") }
    }

    func run() throws {
        let comparison = try EvaluationComparison(URL(fileURLWithPath: before), URL(fileURLWithPath: after))
        if json {
            for part in comparison.parts {
                try writeJSON(
                    Entry(
                        benchmark: part.benchmark, metric: part.metric, count: part.count, askedOtherwise: part.askedOtherwise,
                        before: part.before, after: part.after, difference: part.difference, significance: part.significance,
                        interval: part.interval.map { [$0.lowerBound, $0.upperBound] }, changed: part.changes.count,
                        changes: part.changes.prefix(changes).map {
                            Entry.Change(
                                id: $0.id, instruction: $0.instruction, before: $0.before, after: $0.after, references: $0.references,
                                difference: $0.difference)
                        }))
            }
            return
        }
        let rows = comparison.parts.map { part in
            [
                part.benchmark, part.metric, grouped(part.count), String(format: "%.4f", part.before), String(format: "%.4f", part.after),
                String(format: "%+.4f", part.difference),
                part.interval.map { String(format: "%+.4f to %+.4f", $0.lowerBound, $0.upperBound) } ?? "-",
                String(format: "%.4f", part.significance), grouped(part.changes.count),
            ]
        }
        let headings = ["benchmark", "metric", "samples", "before", "after", "difference", "95 %", "p", "changed"]
        try writeOutput(TextTable(headings, rows, rightAligned: Set(2..<headings.count)).text)
        for part in comparison.parts where changes > 0 && !part.changes.isEmpty {
            try writeOutput("\n\(part.benchmark), the largest changes:\n")
            for change in part.changes.prefix(changes) {
                try writeOutput(
                    String(format: "  %+.2f  ", change.difference)
                        + "\(change.id): \(change.instruction)\n         \"\(change.before)\" -> \"\(change.after)\", expected \(change.references.prefix(3).joined(separator: ", "))\n"
                )
            }
        }
        for part in comparison.parts where part.askedOtherwise > 0 {
            writeRemark("note: \(part.benchmark): \(part.askedOtherwise) of \(part.count) samples were asked otherwise in the two\n")
        }
        if !comparison.unpaired.isEmpty { writeRemark("note: only one of them has \(comparison.unpaired.joined(separator: ", "))\n") }
    }
}
