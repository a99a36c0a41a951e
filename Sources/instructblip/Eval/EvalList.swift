import ArgumentParser
import BlipData
import BlipEvaluation

struct EvalList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the benchmarks: prompt, answering, metric, options.")

    @Flag(help: "Show prompts, their evidence, options and published numbers.")
    var all = false

    @Flag(help: "Write one JSON object for each benchmark.")
    var json = false

    private struct Entry: Encodable {
        struct Option: Encodable {
            let name: String
            let values: [String]
            let reason: String
        }

        struct Published: Encodable {
            let model: String
            let value: Double
            let source: String
        }

        let name, title, dataset, split, role, prompt, evidence, answering, metric: String
        let options: [Option]
        let published: [Published]
    }

    func run() throws {
        let benchmarks = try BenchmarkCatalog.all()
        if json {
            for benchmark in benchmarks { try writeJSON(Self.entry(benchmark)) }
            return
        }
        let rows = try benchmarks.map { benchmark in
            [
                benchmark.name, benchmark.split.rawValue, try benchmark.role.rawValue, Self.answering(benchmark), benchmark.headline,
                benchmark.options.map(\.name).joined(separator: ", "),
            ]
        }
        try writeOutput(TextTable(["benchmark", "split", "role", "answers", "metric", "options"], rows, rightAligned: []).text)
        guard all else { return }
        for benchmark in benchmarks {
            try writeOutput(
                "\n\(benchmark.name): \(try benchmark.title)\n  prompt: \(benchmark.template.text)\n  evidence: \(benchmark.evidence)\n")
            for option in benchmark.options {
                try writeOutput("  \(option.name), since \(option.reason):\n")
                for (place, value) in option.values.enumerated() {
                    try writeOutput("    \(value.name)\(place == 0 ? " (default)" : ""): \(value.meaning)\n")
                }
            }
            let published = PublishedScores.scores(of: benchmark.name).map { "\($0.model) \($0.value)" }
            if !published.isEmpty { try writeOutput("  published: \(published.joined(separator: ", "))\n") }
        }
    }

    private static func answering(_ benchmark: EvaluationBenchmark) -> String {
        switch benchmark.answering {
        case .generate: "written"
        case .rank: "ranked"
        }
    }

    private static func entry(_ benchmark: EvaluationBenchmark) throws -> Entry {
        Entry(
            name: benchmark.name, title: try benchmark.title, dataset: benchmark.dataset, split: benchmark.split.rawValue,
            role: try benchmark.role.rawValue, prompt: benchmark.template.text, evidence: benchmark.evidence,
            answering: answering(benchmark),
            metric: benchmark.headline,
            options: benchmark.options.map { Entry.Option(name: $0.name, values: $0.values.map(\.name), reason: $0.reason) },
            published: PublishedScores.scores(of: benchmark.name).map {
                Entry.Published(model: $0.model, value: $0.value, source: $0.source)
            })
    }
}
