/// A metric's value over a set of samples, and how sure it is.
public struct MetricScore: Sendable, Equatable {
    /// In snake case, as `MetricCatalog` lists it; a group of samples follows, as in `vqa_accuracy_yes_no`.
    public let name: String
    /// In the metric's unit, see ``MetricCard/unit``.
    public let value: Double
    /// The standard error: of a mean, the deviation of the samples' scores over the square root of their number; of another statistic, the
    /// deviation of its bootstrap values. Nil for a single sample.
    public let standardError: Double?
    /// From the 2.5th to the 97.5th percentile of bootstrap values; nil for a single sample.
    public let interval: ClosedRange<Double>?
    /// How many samples were scored.
    public let count: Int

    public init(_ name: String, _ value: Double, standardError: Double?, interval: ClosedRange<Double>?, count: Int) {
        self.name = name
        self.value = value
        self.standardError = standardError
        self.interval = interval
        self.count = count
    }
}

/// Scores of one metric, sample by sample, in the order of the samples.
public struct SampleScores: Sendable, Equatable {
    public let name: String
    public let values: [Double]

    public init(_ name: String, _ values: [Double]) {
        self.name = name
        self.values = values
    }

    /// The mean of the samples' scores.
    public func score(_ bootstrap: Bootstrap = Bootstrap()) throws -> MetricScore {
        guard let score = try bootstrap.means([self]).first else { throw MetricError.nothingToScore(what: "no sample has a \(name)") }
        return score
    }
}
