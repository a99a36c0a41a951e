import BlipData
import BlipMetrics
import Foundation

/// The results as a table in Markdown, with published numbers beside them.
public struct MarkdownTable {
    public let text: String

    public init(_ report: EvaluationReport) throws {
        let row = report.subject.publishedRow
        var lines = [
            "# \(report.subject.model)", "",
            "Numbers are percent, and CIDEr times 100, as papers print them; behind ± the standard error.", "",
            "| benchmark | split | samples | metric | measured | published | by |", "|---|---|---|---|---|---|---|",
        ]
        for part in report.parts {
            let known = PublishedScores.scores(of: part.benchmark.name)
            // One's own row where there is one, else the best.
            let beside = known.first { $0.model == row } ?? known.filter { $0.model.hasPrefix("InstructBLIP") }.max { $0.value < $1.value }
            let failed = part.scores.failures.isEmpty ? "" : ", \(part.scores.failures.count) failed"
            for score in part.tabulated {
                let error = score.standardError.map { String(format: " ± %.1f", 100 * $0) } ?? ""
                lines.append(
                    "| \(try part.benchmark.title) | \(part.benchmark.split.rawValue) | \(score.count)\(failed) | \(score.name) | "
                        + String(format: "%.1f", 100 * score.value) + error + " | "
                        + (beside.map { String(format: "%.1f", $0.value) } ?? "-")
                        + " | \(beside?.model ?? "-") |")
            }
        }
        lines += ["", "Prompts:", ""]
        for part in report.parts {
            let options = part.benchmark.chosen.filter { $0.key != "prompt" }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let shown = part.benchmark.template.text.replacingOccurrences(of: "\n", with: "\\n")
            lines.append(
                "* \(part.benchmark.name): `\(shown)` (\(part.benchmark.evidence))"
                    + (options.isEmpty ? "" : "; \(options.joined(separator: ", "))")
                    + (part.samples.picture == .given ? "" : "; picture: \(part.samples.picture.rawValue)"))
        }
        text = lines.joined(separator: "\n") + "\n"
    }
}
