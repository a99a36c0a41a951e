/// Scores of samples that are positive or negative, for thresholds of any height.
public struct BinaryScores: Sendable, Equatable {
    /// Samples by falling score, in groups of equal scores.
    private let order: [Int]
    private let scores: [Double]
    private let labels: [Bool]

    /// - Parameter scores: larger where a sample is more likely positive; of any range, but finite.
    public init(_ scores: [Double], _ labels: [Bool]) throws {
        guard scores.count == labels.count else {
            throw MetricError.wrongCount(what: "labels", expected: scores.count, found: labels.count)
        }
        guard !scores.isEmpty else { throw MetricError.nothingToScore(what: "there are no samples") }
        if let place = scores.firstIndex(where: { !$0.isFinite }) {
            throw MetricError.badNumber(place: "sample \(place + 1)", expected: "a finite score", found: "\(scores[place])")
        }
        guard labels.contains(true), labels.contains(false) else {
            throw MetricError.oneClass(found: labels[0] ? "positive" : "negative")
        }
        self.scores = scores
        self.labels = labels
        order = scores.indices.sorted { scores[$0] > scores[$1] }
    }

    /// The area under the ROC curve: how often a positive sample has a larger score than a negative one, ties counting half.
    public var rocAUC: Double { area(weight: { _ in 1 }) ?? 0.5 }

    /// The mean of the precision at each positive sample, over thresholds between different scores, as scikit-learn computes it.
    public var averagePrecision: Double { precision(weight: { _ in 1 }) ?? 0 }

    /// Each sample's part of the area, whose mean is ``rocAUC``: how often those of the other label stand where they should, seen from it. What one
    /// sample adds can so be compared between two models.
    ///
    /// Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating characteristic curves", 1988.
    public var areaParts: [Double] {
        let (count, positives) = (Double(labels.count), Double(labels.count { $0 }))
        let negatives = count - positives
        var parts = [Double](repeating: 0, count: labels.count)
        var (above, place) = ((positive: 0.0, negative: 0.0), 0)
        while place < order.count {
            let group = order[place...].prefix { scores[$0] == scores[order[place]] }
            let (positive, negative) = (Double(group.count { labels[$0] }), Double(group.count { !labels[$0] }))
            for sample in group {
                parts[sample] =
                    labels[sample]
                    ? (negatives - above.negative - negative / 2) / negatives * count / (2 * positives)
                    : (above.positive + positive / 2) / positives * count / (2 * negatives)
            }
            above = (above.positive + positive, above.negative + negative)
            place += group.count
        }
        return parts
    }

    /// Both, with their errors; resamples that have no positive or no negative are left out.
    public func score(_ bootstrap: Bootstrap = Bootstrap()) -> [MetricScore] {
        var (areas, precisions): ([Double], [Double]) = ([], [])
        bootstrap.forEachResample(of: scores.count) { weights in
            guard let area = area(weight: { Double(weights[$0]) }), let precision = precision(weight: { Double(weights[$0]) }) else {
                return
            }
            areas.append(area)
            precisions.append(precision)
        }
        return [
            bootstrap.score(MetricCatalog.rocAUC.name, rocAUC, resampled: areas, count: scores.count),
            bootstrap.score(MetricCatalog.averagePrecision.name, averagePrecision, resampled: precisions, count: scores.count),
        ]
    }

    /// Calls `body` for each group of equal scores, the highest first, with the weights of its positive and negative samples.
    private func forEachThreshold(weight: (Int) -> Double, _ body: (_ positive: Double, _ negative: Double) -> Void) {
        var place = 0
        while place < order.count {
            var (positive, negative) = (0.0, 0.0)
            let score = scores[order[place]]
            while place < order.count, scores[order[place]] == score {
                let sample = order[place]
                if labels[sample] { positive += weight(sample) } else { negative += weight(sample) }
                place += 1
            }
            body(positive, negative)
        }
    }

    private func area(weight: (Int) -> Double) -> Double? {
        var (positives, negatives, pairs) = (0.0, 0.0, 0.0)
        forEachThreshold(weight: weight) { positive, negative in
            pairs += negative * (positives + positive / 2)
            positives += positive
            negatives += negative
        }
        return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : nil
    }

    private func precision(weight: (Int) -> Double) -> Double? {
        var (positives, all, sum) = (0.0, 0.0, 0.0)
        forEachThreshold(weight: weight) { positive, negative in
            positives += positive
            all += positive + negative
            if positive > 0 { sum += positive * positives / all }
        }
        return positives > 0 ? sum / positives : nil
    }
}
