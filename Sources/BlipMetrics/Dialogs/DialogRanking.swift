import Foundation

/// Where a ranking of candidate answers puts the right ones, as the Visual Dialog challenge computes it.
///
/// Source: `visdialch/metrics.py` of batra-mlp-lab/visdial-challenge-starter-pytorch.
public struct DialogRanking: Sendable, Equatable {
    /// The rank of each candidate, from 1 for the best to their number.
    public let ranks: [Int]

    /// - Parameter place: what messages call the ranking.
    public init(ranks: [Int], place: String = "the ranking") throws {
        guard !ranks.isEmpty else { throw MetricError.nothingToScore(what: "\(place) has no candidates") }
        var seen = [Bool](repeating: false, count: ranks.count)
        for rank in ranks {
            guard (1...ranks.count).contains(rank), !seen[rank - 1] else {
                throw MetricError.badRanks(
                    place: place, expected: "each rank from 1 to \(ranks.count) once",
                    found: (1...ranks.count).contains(rank) ? "\(rank) twice" : "\(rank)")
            }
            seen[rank - 1] = true
        }
        self.ranks = ranks
    }

    /// The ranks of scores, larger being better; of equal scores the first is ranked better.
    public init(scores: [Double], place: String = "the ranking") throws {
        if let bad = scores.firstIndex(where: { !$0.isFinite }) {
            throw MetricError.badNumber(place: "\(place), candidate \(bad + 1)", expected: "a finite score", found: "\(scores[bad])")
        }
        var ranks = [Int](repeating: 0, count: scores.count)
        // Pairs are compared so that the order does not depend on whether the library's sort is stable.
        for (rank, place) in scores.indices.sorted(by: { (scores[$1], $0) < (scores[$0], $1) }).enumerated() { ranks[place] = rank + 1 }
        try self.init(ranks: ranks, place: place)
    }

    /// The rank of one candidate.
    /// - Throws: ``MetricError/badNumber(place:expected:found:)`` for a candidate that is not there.
    public func rank(of candidate: Int, place: String = "the ranking") throws -> Int {
        guard ranks.indices.contains(candidate) else {
            throw MetricError.badNumber(place: place, expected: "a candidate below \(ranks.count)", found: "\(candidate)")
        }
        return ranks[candidate]
    }

    /// The normalised discounted cumulative gain among the first k places, where k candidates are relevant at all.
    ///
    /// - Parameter relevance: of each candidate, the share of people who found it right, 0 or more.
    public func gain(relevance: [Double], place: String = "the ranking") throws -> Double {
        guard relevance.count == ranks.count else {
            throw MetricError.wrongCount(what: "relevances (\(place))", expected: ranks.count, found: relevance.count)
        }
        if let bad = relevance.first(where: { !$0.isFinite || $0 < 0 }) {
            throw MetricError.badNumber(place: place, expected: "relevances of 0 or more", found: "\(bad)")
        }
        let relevant = relevance.count { $0 > 0 }
        guard relevant > 0 else { throw MetricError.badNumber(place: place, expected: "a relevance above 0", found: "none") }
        var ranked = [Double](repeating: 0, count: ranks.count)
        for (rank, value) in zip(ranks, relevance) { ranked[rank - 1] = value }
        return Self.gain(ranked.prefix(relevant)) / Self.gain(relevance.sorted(by: >).prefix(relevant))
    }

    private static func gain(_ relevance: ArraySlice<Double>) -> Double {
        relevance.enumerated().reduce(0) { $0 + $1.element / log2(Double($1.offset + 2)) }
    }
}

/// Scores of many rounds of dialog.
public struct DialogEvaluation: Sendable, Equatable {
    /// The ranks that the right answers got.
    public let ranks: [Int]
    /// The gains of the rounds whose candidates people rated.
    public let gains: [Double]

    public init(ranks: [Int], gains: [Double] = []) throws {
        guard !ranks.isEmpty || !gains.isEmpty else { throw MetricError.nothingToScore(what: "there are no rounds") }
        if let bad = ranks.first(where: { $0 < 1 }) { throw MetricError.badNumber(place: "ranks", expected: "1 or more", found: "\(bad)") }
        self.ranks = ranks
        self.gains = gains
    }

    /// Mean reciprocal rank, recall among the first 1, 5 and 10, mean rank, and the gain where there are ratings.
    public func scores(_ bootstrap: Bootstrap = Bootstrap()) throws -> [MetricScore] {
        func recall(_ limit: Int) -> [Double] { ranks.map { $0 <= limit ? 1 : 0 } }
        var scores: [MetricScore] = []
        if !ranks.isEmpty {
            scores = try bootstrap.means([
                SampleScores(MetricCatalog.reciprocalRank.name, ranks.map { 1 / Double($0) }),
                SampleScores(MetricCatalog.recallAt1.name, recall(1)), SampleScores(MetricCatalog.recallAt5.name, recall(5)),
                SampleScores(MetricCatalog.recallAt10.name, recall(10)),
                SampleScores(MetricCatalog.meanRank.name, ranks.map(Double.init)),
            ])
        }
        if !gains.isEmpty { scores.append(try SampleScores(MetricCatalog.discountedGain.name, gains).score(bootstrap)) }
        return scores
    }
}
