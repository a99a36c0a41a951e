import BlipData

/// Intervals by drawing the samples again, with replacement: the same for the same seed, on every machine.
///
/// Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
public struct Bootstrap: Sendable {
    /// How often the samples are drawn again.
    public var resamples: Int
    public var seed: UInt64

    public init(resamples: Int = 1_000, seed: UInt64 = 42) {
        self.resamples = resamples
        self.seed = seed
    }

    /// The means of several metrics over the same samples.
    public func means(_ scores: [SampleScores]) throws -> [MetricScore] {
        try means(scores, totals: totals(scores.map(\.values)))
    }

    /// - Parameter totals: of each metric its total in each resample.
    func means(_ scores: [SampleScores], totals: [[Double]]) throws -> [MetricScore] {
        guard let count = scores.first?.values.count else { return [] }
        return try scores.enumerated().map { column, scores in
            guard !scores.values.isEmpty else { throw MetricError.nothingToScore(what: "no sample has a \(scores.name)") }
            let mean = scores.values.reduce(0, +) / Double(count)
            return MetricScore(
                scores.name, mean, standardError: Self.deviation(scores.values, around: mean).map { $0 / Double(count).squareRoot() },
                interval: count > 1 ? Self.interval(totals[column].map { $0 / Double(count) }) : nil, count: count)
        }
    }

    /// The score of a statistic that is no mean, from its values in the resamples.
    func score(_ name: String, _ value: Double, resampled: [Double], count: Int) -> MetricScore {
        let mean = resampled.reduce(0, +) / Double(max(1, resampled.count))
        return MetricScore(
            name, value, standardError: count > 1 ? Self.deviation(resampled, around: mean) : nil,
            interval: count > 1 ? Self.interval(resampled) : nil, count: count)
    }

    /// For each column of per-sample values its total in each resample; all columns are drawn alike.
    func totals(_ columns: [[Double]]) throws -> [[Double]] {
        guard let count = columns.first?.count else { return [] }
        for column in columns {
            if column.count != count { throw MetricError.wrongCount(what: "values of a metric", expected: count, found: column.count) }
            if let place = column.firstIndex(where: { !$0.isFinite }) {
                throw MetricError.badNumber(place: "sample \(place + 1)", expected: "a finite score", found: "\(column[place])")
            }
        }
        // Four columns side by side are added in one instruction or two.
        let blocks: [[SIMD4<Double>]] = stride(from: 0, to: columns.count, by: 4).map { first in
            (0..<count).map { sample in
                var block = SIMD4<Double>()
                for lane in 0..<min(4, columns.count - first) { block[lane] = columns[first + lane][sample] }
                return block
            }
        }
        var totals = columns.map { _ in [Double]() }
        forEachResample(of: count) { weights in
            for (place, block) in blocks.enumerated() {
                var sum = SIMD4<Double>()
                block.withUnsafeBufferPointer { block in
                    for sample in 0..<count { sum += block[sample] * Double(weights[sample]) }
                }
                for lane in 0..<min(4, columns.count - 4 * place) { totals[4 * place + lane].append(sum[lane]) }
            }
        }
        return totals
    }

    /// Calls `body` for each resample with how often it has each sample.
    func forEachResample(of count: Int, _ body: (UnsafeBufferPointer<UInt32>) -> Void) {
        guard count > 0 else { return }
        var generator = SeededGenerator(seed: seed)
        var weights = [UInt32](repeating: 0, count: count)
        weights.withUnsafeMutableBufferPointer { weights in
            for _ in 0..<resamples {
                weights.update(repeating: 0)
                for _ in 0..<count {
                    weights[generator.below(count)] &+= 1
                }
                body(UnsafeBufferPointer(weights))
            }
        }
    }

    /// The deviation of a sample, with `count - 1` below; nil of fewer than two values.
    static func deviation(_ values: [Double], around mean: Double) -> Double? {
        guard values.count > 1 else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }

    /// The middle 95 % of the values, interpolated between neighbours.
    static func interval(_ values: [Double]) -> ClosedRange<Double>? {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return nil }
        func quantile(_ share: Double) -> Double {
            let place = share * Double(last)
            let low = Int(place)
            return sorted[low] + (place - Double(low)) * (sorted[min(low + 1, last)] - sorted[low])
        }
        return quantile(0.025)...max(quantile(0.025), quantile(0.975))
    }
}
