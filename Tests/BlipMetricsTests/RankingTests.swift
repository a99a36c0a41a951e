import BlipJSON
import Testing

@testable import BlipMetrics

/// Areas under curves and rankings of dialogs against scikit-learn.
@Suite("Rankings")
struct RankingTests {
    @Test("Areas under ROC and precision curves are those of scikit-learn, ties included")
    func areas() throws {
        for item in try #require(try MetricFixtures.json("scores.json")["binary"]?.array) {
            let scores = try BinaryScores(try item.numbers("scores"), try #require(item["labels"]?.array).compactMap(\.bool))
            #expect(isClose(scores.rocAUC, try item.number("roc_auc")))
            #expect(isClose(scores.averagePrecision, try item.number("average_precision")))
            // The samples' parts of the area are what it is the mean of.
            let parts = scores.areaParts
            #expect(isClose(parts.reduce(0, +) / Double(parts.count), scores.rocAUC))
        }
    }

    @Test("Areas do not depend on the order or scale of the scores, and turn with them")
    func invariance() throws {
        let (scores, labels) = ([0.1, 0.4, 0.4, 0.8, 0.3, 0.9], [false, true, false, true, false, true])
        let area = try BinaryScores(scores, labels).rocAUC
        #expect(isClose(try BinaryScores(scores.reversed(), labels.reversed()).rocAUC, area))
        #expect(isClose(try BinaryScores(scores.map { 5 * $0 - 100 }, labels).rocAUC, area))
        #expect(isClose(try BinaryScores(scores.map { -$0 }, labels).rocAUC, 1 - area))
        #expect(try BinaryScores(labels.map { $0 ? 1 : 0 }, labels).rocAUC == 1)
        #expect(try BinaryScores(labels.map { _ in 0.5 }, labels).rocAUC == 0.5)
        let errors = try BinaryScores(scores, labels).score(Bootstrap(resamples: 200))
        #expect(errors.map(\.name) == ["roc_auc", "average_precision"])
        #expect(errors.allSatisfy { ($0.interval?.contains($0.value) ?? false) && $0.count == 6 })
    }

    @Test("A sample's part of the area is how often the other label's stand where they should, seen from it")
    func parts() throws {
        // Of two positives and four negatives, 0.4 stands twice.
        let parts = try BinaryScores([0.1, 0.4, 0.4, 0.8, 0.3, 0.9], [false, true, false, true, false, false]).areaParts
        let expected = [1 * 0.75, 0.625 * 1.5, 0.75 * 0.75, 0.75 * 1.5, 1 * 0.75, 0]
        #expect(zip(parts, expected).allSatisfy { isClose($0, $1) }, "\(parts)")
    }

    @Test("Scores that are no numbers and labels of one kind are errors")
    func badScores() {
        #expect(throws: MetricError.badNumber(place: "sample 2", expected: "a finite score", found: "nan")) {
            try BinaryScores([1, .nan], [true, false])
        }
        #expect(throws: MetricError.oneClass(found: "positive")) { try BinaryScores([1, 2], [true, true]) }
        #expect(throws: MetricError.wrongCount(what: "labels", expected: 1, found: 0)) { try BinaryScores([1], []) }
        #expect(throws: MetricError.self) { try BinaryScores([], []) }
    }

    @Test("Ranks of dialogs give the metrics that scikit-learn gives")
    func dialogs() throws {
        let document = try #require(try MetricFixtures.json("scores.json")["dialogs"])
        var (ranks, gains): ([Int], [Double]) = ([], [])
        for round in try #require(document["rounds"]?.array) {
            let ranking = try DialogRanking(ranks: try round.numbers("ranks").map { Int($0) })
            ranks.append(try ranking.rank(of: try #require(round["gt_index"]?.integer)))
            gains.append(try ranking.gain(relevance: try round.numbers("relevance")))
            #expect(isClose(gains[gains.count - 1], try round.number("ndcg")))
        }
        let scores = try DialogEvaluation(ranks: ranks, gains: gains).scores(quick)
        #expect(scores.map(\.name) == ScoringTask.visdial.metrics.map(\.name))
        for score in scores { #expect(isClose(score.value, try document.number(score.name)), "\(score.name)") }
    }

    @Test("Scores become ranks, the best first, equal ones in their order")
    func ranks() throws {
        #expect(try DialogRanking(scores: [0.1, 0.9, 0.1, 0.5]).ranks == [3, 1, 4, 2])
        let perfect = try DialogRanking(ranks: [2, 1, 3])
        #expect(try perfect.gain(relevance: [0.5, 1, 0]) == 1)
    }

    @Test("What is no ranking is an error")
    func badRanks() {
        #expect(throws: MetricError.badRanks(place: "x", expected: "each rank from 1 to 2 once", found: "1 twice")) {
            try DialogRanking(ranks: [1, 1], place: "x")
        }
        for ranks in [[0, 1], [1, 3], [Int.min, 1], []] { #expect(throws: MetricError.self) { try DialogRanking(ranks: ranks) } }
        #expect(throws: MetricError.self) { try DialogRanking(scores: [.nan, 1]) }
        #expect(throws: MetricError.self) { try DialogRanking(ranks: [1, 2]).gain(relevance: [0, 0]) }
        #expect(throws: MetricError.self) { try DialogRanking(ranks: [1, 2]).gain(relevance: [-1, 1]) }
        #expect(throws: MetricError.self) { try DialogRanking(ranks: [1, 2]).gain(relevance: [1]) }
        #expect(throws: MetricError.self) { try DialogRanking(ranks: [1, 2]).rank(of: 2) }
        #expect(throws: MetricError.self) { try DialogEvaluation(ranks: []) }
        #expect(throws: MetricError.self) { try DialogEvaluation(ranks: [0]) }
    }
}
