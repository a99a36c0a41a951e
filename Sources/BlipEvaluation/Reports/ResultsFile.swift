import BlipData
import BlipMetrics
import Foundation

/// `results_<date>.json`, laid out as lm-eval's: metrics are called `<metric>,<filter>`, and nothing is filtered here.
///
/// Source: `lm_eval/result_schema.py` and `evaluation_tracker.py` of lm-evaluation-harness, as of version 0.4.
struct ResultsFile: Encodable {
    private struct Samples: Encodable {
        let original, effective: Int
    }

    private struct Errors: Encodable {
        let count: Int
        let first: [String]
    }

    private struct Published: Encodable {
        let model: String
        let value: Double
        let source: String
        /// Ours minus this one, in the same unit.
        let difference: Double
    }

    private struct Configuration: Encodable {
        let task, dataset, split, prompt, evidence, answering, metric, picture: String
        let options: [String: String]
    }

    private struct Settings: Encodable {
        let model: String
        let modelArgs: [String: String]

        enum CodingKeys: String, CodingKey {
            case model
            case modelArgs = "model_args"
        }
    }

    private let results: [String: [String: Value]]
    private let groups: [String: String] = [:]
    private let configs: [String: Configuration]
    private let versions: [String: Int]
    private let shots: [String: Int]
    private let higherIsBetter: [String: [String: Bool]]
    private let counts: [String: Samples]
    private let config: Settings
    private let errors: [String: Errors]
    private let published: [String: [Published]]
    private let breakdown: [String: [String: [String: Value]]]
    private let hashes: [String: String]
    private let commit: String?
    private let environment: [String: String]
    private let date, start, end, seconds: Double
    private let modelName: String

    enum CodingKeys: String, CodingKey {
        case results, groups, configs, versions, config, errors, published, breakdown, date
        case shots = "n-shot"
        case higherIsBetter = "higher_is_better"
        case counts = "n-samples"
        case hashes = "task_hashes"
        case commit = "git_hash"
        case environment = "pretty_env_info"
        case start = "start_time"
        case end = "end_time"
        case seconds = "total_evaluation_time_seconds"
        case modelName = "model_name"
    }

    /// A number, a text, or "N/A" where a single sample has no error.
    private enum Value: Encodable {
        case number(Double)
        case text(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            }
        }
    }

    init(_ report: EvaluationReport) throws {
        func byName<Content>(_ content: (EvaluationReport.Part) throws -> Content) rethrows -> [String: Content] {
            try Dictionary(report.parts.map { ($0.benchmark.name, try content($0)) }, uniquingKeysWith: { first, _ in first })
        }
        func values(_ metrics: [MetricScore]) -> [String: Value] {
            var values: [String: Value] = [:]
            for metric in metrics {
                values["\(metric.name),none"] = .number(metric.value)
                values["\(metric.name)_stderr,none"] = metric.standardError.map { .number($0) } ?? .text("N/A")
            }
            return values
        }
        results = try byName { part in
            var all = values(part.scores.metrics)
            all["alias"] = .text(try part.benchmark.title)
            return all
        }
        configs = byName { part in
            let benchmark = part.benchmark
            return Configuration(
                task: benchmark.name, dataset: benchmark.dataset, split: benchmark.split.rawValue, prompt: benchmark.template.text,
                evidence: benchmark.evidence, answering: "\(benchmark.answering)", metric: benchmark.headline,
                picture: part.samples.picture.rawValue, options: benchmark.chosen)
        }
        versions = byName { _ in 1 }
        shots = byName { _ in 0 }
        let lower = Set(MetricCatalog.all.filter { $0.direction == .lower }.map(\.name))
        higherIsBetter = byName { part in
            Dictionary(part.scores.metrics.map { ($0.name, !lower.contains($0.name)) }, uniquingKeysWith: { first, _ in first })
        }
        counts = byName { Samples(original: $0.samples.originalCount, effective: $0.outcomes.count - $0.scores.failures.count) }
        errors = byName { part in
            Errors(
                count: part.scores.failures.count, first: part.scores.failures.prefix(20).map { "sample \($0.number + 1): \($0.reason)" })
        }
        published = byName { part in
            PublishedScores.scores(of: part.benchmark.name).map {
                Published(model: $0.model, value: $0.value, source: $0.source, difference: part.printed - $0.value)
            }
        }
        breakdown = byName { part in
            Dictionary(part.scores.groups.map { ($0.name, values([$0.score])) }, uniquingKeysWith: { first, _ in first })
        }
        hashes = byName { part in
            ContentHash.of(
                part.samples.places.indices.map { number in
                    let item = try? part.samples.item(number)
                    return item.map { "\($0.sample.id)\n\($0.instruction)" } ?? "\(number)"
                })
        }
        config = Settings(model: report.subject.model, modelArgs: report.subject.arguments)
        (commit, environment, modelName) = (report.subject.commit, report.subject.versions, report.subject.model)
        (date, start, end) = (
            report.end.timeIntervalSince1970, report.start.timeIntervalSince1970, report.end.timeIntervalSince1970
        )
        seconds = report.end.timeIntervalSince(report.start)
    }

    func data() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}
