import BlipData

/// What a pair of files is scored for: which metrics there are and what the files look like.
public enum ScoringTask: String, Sendable, CaseIterable {
    case vqa, gqa, ivqa, caption, visdial, auc
    case aokvqaDirectAnswer = "aokvqa_direct_answer"
    case aokvqaMultipleChoice = "aokvqa_multiple_choice"
    case exactMatch = "exact_match"
    case multipleChoice = "multiple_choice"

    /// The metrics, in the order in which they are reported.
    public var metrics: [MetricCard] {
        switch self {
        case .vqa: [MetricCatalog.vqaAccuracy, MetricCatalog.vqaUnanswerableRate]
        case .gqa: [MetricCatalog.gqaAccuracy, MetricCatalog.gqaAccuracyNormalized]
        case .ivqa: [MetricCatalog.ivqaAccuracy]
        case .caption:
            MetricCatalog.bleu + [
                MetricCatalog.cider, MetricCatalog.ciderD, MetricCatalog.ciderPlain, MetricCatalog.rougeL, MetricCatalog.captionLength,
            ]
        case .visdial:
            [
                MetricCatalog.reciprocalRank, MetricCatalog.recallAt1, MetricCatalog.recallAt5, MetricCatalog.recallAt10,
                MetricCatalog.meanRank, MetricCatalog.discountedGain,
            ]
        case .auc: [MetricCatalog.rocAUC, MetricCatalog.averagePrecision]
        case .aokvqaDirectAnswer: [MetricCatalog.aokvqaDirectAnswer]
        case .aokvqaMultipleChoice: [MetricCatalog.aokvqaMultipleChoice]
        case .exactMatch: [MetricCatalog.exactMatch, MetricCatalog.exactMatchNormalized]
        case .multipleChoice: [MetricCatalog.multipleChoice]
        }
    }

    /// The task of a name, which is its own or that of one of its metrics; then only that metric is meant, with its groups.
    ///
    /// - Throws: ``MetricError/unknownMetric(name:nearest:available:)``
    public static func named(_ name: String) throws -> (task: ScoringTask, metric: MetricCard?) {
        if let task = ScoringTask(rawValue: name) { return (task, nil) }
        for task in allCases {
            if let metric = task.metrics.first(where: { $0.name == name }) { return (task, metric) }
        }
        let names = allCases.map(\.rawValue) + allCases.flatMap { $0.metrics.map(\.name) }
        throw MetricError.unknownMetric(
            name: name, nearest: Spelling.nearest(to: name, among: names), available: allCases.map(\.rawValue))
    }
}
