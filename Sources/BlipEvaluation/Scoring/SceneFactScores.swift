import BlipData
import BlipMetrics
import BlipScenes

/// Captions and descriptions held against the scenes they are of.
struct SceneFactScores {
    let metrics: [MetricScore]
    /// Of each item what is wrong, in words.
    let remarks: [[String]]

    /// - Returns: nil where nothing is described, or no item has a scene.
    init?(_ benchmark: EvaluationBenchmark, _ scored: [ScoredItem]) throws {
        guard try benchmark.describesScenes else { return nil }
        let checks = scored.compactMap { one in one.item.scene.map { SceneFactCheck(one.prediction.answer, of: $0) } }
        guard !checks.isEmpty, checks.count == scored.count else { return nil }
        let columns = [
            SampleScores(MetricCatalog.captionFacts.name, checks.map(\.score)),
            SampleScores(MetricCatalog.captionFactsFaultless.name, checks.map { $0.wrong.isEmpty ? 1 : 0 }),
            SampleScores(MetricCatalog.captionFactsRecall.name, checks.map(\.recall)),
            SampleScores(MetricCatalog.captionFactsUnparsed.name, checks.map { $0.unparsed.isEmpty ? 0 : 1 }),
        ]
        var metrics = try Bootstrap().means(columns)
        // Of each kind of fact the share that is right, whichever caption it is in.
        for kind in SceneFactCheck.Fact.Kind.allCases where kind != .unknown {
            let facts = checks.flatMap(\.facts).filter { $0.kind == kind }
            guard !facts.isEmpty else { continue }
            metrics.append(
                try SampleScores("\(MetricCatalog.captionFacts.name)_\(kind.rawValue)", facts.map { $0.isRight ? 1 : 0 }).score())
        }
        self.metrics = metrics
        remarks = checks.map { check in
            check.wrong.map { $0.kind == .unknown ? "not understood: \($0.words)" : "\($0.kind.rawValue): \($0.words)" }
        }
    }
}
