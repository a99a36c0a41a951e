import Testing

@testable import BlipMetrics

@Suite("Errors of scores")
struct BootstrapTests {
    @Test("A mean has the error of a mean, and an interval about as wide as four of them")
    func means() throws {
        let values = (0..<400).map { Double($0 % 2) }
        let score = try SampleScores("share", values).score(Bootstrap(resamples: 500))
        #expect(score.value == 0.5 && score.count == 400)
        #expect(isClose(try #require(score.standardError), (0.25 * 400 / 399 / 400).squareRoot()))
        let interval = try #require(score.interval)
        #expect(interval.contains(0.5))
        #expect((0.08...0.12).contains(interval.upperBound - interval.lowerBound))
    }

    @Test("The same seed gives the same interval, another seed another one")
    func seeds() throws {
        let values = (0..<100).map { Double($0 * $0 % 17) }
        let scores = SampleScores("x", values)
        #expect(try scores.score() == scores.score())
        #expect(try scores.score(Bootstrap(seed: 1)) != scores.score(Bootstrap(seed: 2)))
    }

    @Test("Several metrics of the same samples are drawn alike")
    func together() throws {
        let values = (0..<50).map { Double($0 % 7) }
        let scores = try quick.means((0..<6).map { SampleScores("m\($0)", values) })
        #expect(scores.allSatisfy { $0.interval == scores[0].interval && $0.standardError == scores[0].standardError })
    }

    @Test("One sample has no error; none, no numbers and lists of different length are errors")
    func edges() throws {
        let one = try SampleScores("x", [0.25]).score()
        #expect(one.value == 0.25 && one.standardError == nil && one.interval == nil)
        #expect(throws: MetricError.nothingToScore(what: "no sample has a x")) { try SampleScores("x", []).score() }
        #expect(throws: MetricError.badNumber(place: "sample 2", expected: "a finite score", found: "inf")) {
            try SampleScores("x", [1, .infinity]).score()
        }
        #expect(throws: MetricError.self) { try quick.means([SampleScores("x", [1]), SampleScores("y", [1, 2])]) }
        let constant = try SampleScores("x", [3, 3, 3]).score()
        #expect(constant.standardError == 0 && constant.interval == 3...3)
    }
}
