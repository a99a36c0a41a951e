import Blip
import BlipEvaluation
import BlipMetrics
import BlipTraining
import Foundation

/// Scores a network between the steps of its training on the benchmarks that the plan names: the evaluation of `eval`, without its files.
final class TrainBenchmarks: BenchmarkScorer {
    private let evaluations: [NetworkEvaluation]

    /// Opens the data and reads a first sample of each benchmark; nil for a plan without benchmarks.
    init?(_ plan: TrainingPlan) throws {
        guard let validation = plan.validation, !validation.benchmarks.isEmpty else { return nil }
        let limit: EvaluationSamples.Limit =
            switch validation.limit {
            case .all: .all
            case .count(let count): .count(count)
            case .share(let share): .share(share)
            }
        evaluations = try validation.benchmarks.map { name in
            let benchmark = try BenchmarkCatalog.benchmark(name)
            var evaluation = NetworkEvaluation(benchmark, try EvaluationSamples(benchmark, root: plan.data.root.path, limit: limit))
            evaluation.frames = plan.training.frames
            try evaluation.check()
            return evaluation
        }
    }

    func score(_ network: NetworkAnswerer, _ workers: any Workers) throws -> [BenchmarkRecord] {
        try evaluations.map { evaluation in
            let mine = try evaluation.predictions(of: network, rank: workers.rank, of: workers.count)
            let scores = try evaluation.scores(workers.gather(bytes: mine))
            guard let headline = scores.metrics.first else {
                throw EvaluationError.nothingToEvaluate(benchmark: evaluation.benchmark.name, reason: "it has no metric")
            }
            return BenchmarkRecord(
                name: evaluation.benchmark.name, metric: headline.name, value: headline.value, standardError: headline.standardError,
                metrics: Dictionary(scores.metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
                samples: headline.count, failures: scores.failures.count, firstFailure: scores.failures.first?.reason)
        }
    }
}
