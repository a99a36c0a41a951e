import BlipData
public import BlipMetrics
import Foundation

/// What predictions of a benchmark come to.
public struct BenchmarkScores: Sendable {
    /// The benchmark's metrics; the first of them stands for it.
    public let metrics: [MetricScore]
    /// Of each sample asked the value of the metric that stands for the benchmark; nil for one without a prediction.
    public let samples: [Double?]
    /// The same metric for each kind of sample, the largest group first.
    public let groups: [(name: String, score: MetricScore)]
    /// Of samples whose facts were checked, by their numbers, what is wrong about the predictions, in words.
    public let remarks: [Int: [String]]
    /// Samples without a prediction, and why.
    public let failures: [(number: Int, reason: String)]

    /// - Parameter outcomes: one for each sample asked.
    /// - Throws: ``EvaluationError/allFailed(benchmark:count:first:)``, ``EvaluationError/noReferences(benchmark:sample:)``; `MetricError`.
    public init(_ benchmark: EvaluationBenchmark, _ samples: EvaluationSamples, _ outcomes: EvaluationRun.Outcomes) throws {
        var scored: [ScoredItem] = []
        var failures: [(number: Int, reason: String)] = []
        for (number, outcome) in outcomes.enumerated() {
            switch outcome {
            case .success(let prediction): scored.append(ScoredItem(number: number, item: try samples.item(number), prediction: prediction))
            case .failure(let failure): failures.append((number, failure.reason))
            }
        }
        guard !scored.isEmpty else {
            throw EvaluationError.allFailed(
                benchmark: benchmark.name, count: outcomes.count, first: failures.first?.reason ?? "there are none")
        }
        let found = try benchmark.score(scored)
        guard let first = found.metrics.first(where: { $0.name == benchmark.headline }) else {
            throw EvaluationError.nothingToEvaluate(benchmark: benchmark.name, reason: "\(benchmark.headline) cannot be computed")
        }
        let facts = try SceneFactScores(benchmark, scored)
        remarks = Dictionary(zip(scored.map(\.number), facts?.remarks ?? []), uniquingKeysWith: { first, _ in first })
        metrics = [first] + found.metrics.filter { $0.name != benchmark.headline } + (facts?.metrics ?? [])
        var values = [Double?](repeating: nil, count: outcomes.count)
        for (one, value) in zip(scored, found.samples) { values[one.number] = value }
        self.samples = values
        self.failures = failures
        groups = try Self.groups(benchmark, scored, found.samples)
    }

    private static func groups(
        _ benchmark: EvaluationBenchmark, _ scored: [ScoredItem], _ values: [Double]
    ) throws -> [(name: String, score: MetricScore)] {
        // Of a curve a single sample has no share.
        guard let fact = benchmark.breakdown, benchmark.scoring != .curve else { return [] }
        var groups: [String: [Double]] = [:]
        for (one, value) in zip(scored, values) {
            if let name = one.item.sample.facts[fact] { groups[name, default: []].append(value) }
        }
        return try groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
            (name: $0.key, score: try SampleScores(benchmark.headline, $0.value).score())
        }
    }
}

/// An item with what a model made of it.
struct ScoredItem {
    let number: Int
    let item: EvaluationItem
    let prediction: Prediction
}
