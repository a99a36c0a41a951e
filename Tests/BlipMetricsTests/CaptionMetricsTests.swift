import BlipJSON
import Testing

@testable import BlipMetrics

/// BLEU, CIDEr and ROUGE-L of a generated corpus against the official scorers.
@Suite("Metrics of captions")
struct CaptionMetricsTests {
    @Test("Every caption of a corpus has the official CIDEr, BLEU and ROUGE-L, and so has the corpus")
    func reference() throws {
        let (samples, document) = try MetricFixtures.captions()
        let corpus = try CaptionCorpus(samples)
        let (cider, rouge, bleu) = (corpus.cider().values, corpus.rougeL().values, BLEU(corpus))
        let plain = corpus.ciderWithoutPenalty().values
        for (place, sample) in try #require(document["samples"]?.array).enumerated() {
            let expected = try sample.numbers("bleu")
            #expect(isClose(cider[place], try sample.number("cider")), "\(samples[place])")
            #expect(isClose(plain[place], try sample.number("cider_plain")), "\(samples[place])")
            #expect(isClose(rouge[place], try sample.number("rouge_l")), "\(samples[place])")
            for order in 0..<4 { #expect(isClose(bleu.samples[order].values[place], expected[order]), "\(samples[place])") }
        }
        #expect(isClose(try corpus.cider().score(quick).value, try document.number("cider")))
        #expect(isClose(try corpus.rougeL().score(quick).value, try document.number("rouge_l")))
        #expect(zip(bleu.values, try document.numbers("bleu")).allSatisfy { isClose($0, $1) })
    }

    @Test("All scores of a corpus come in the catalog's order, those of one caption without errors")
    func all() throws {
        let (samples, document) = try MetricFixtures.captions()
        let scores = try CaptionCorpus(Array(samples.prefix(50))).scores(quick)
        #expect(scores.map(\.name) == ScoringTask.caption.metrics.map(\.name))
        #expect(scores.allSatisfy { $0.count == 50 && $0.standardError != nil && $0.value.isFinite })
        #expect(scores.allSatisfy { score in score.interval.map { $0.lowerBound <= $0.upperBound } ?? false })
        let whole = try CaptionCorpus(samples).scores(quick)
        #expect(isClose(try #require(whole.first { $0.name == "cider_d" }).value, try document.number("cider")))
        #expect(isClose(try #require(whole.first { $0.name == "bleu_4" }).value, try document.numbers("bleu")[3]))
        let one = try CaptionCorpus([CaptionSample("A dog.", references: ["a dog"])]).scores(quick)
        #expect(one.allSatisfy { $0.standardError == nil && $0.interval == nil && $0.value.isFinite })
    }

    @Test("Neither the order of the references nor that of the samples changes a score")
    func permutation() throws {
        let samples = Array(try MetricFixtures.captions().samples.prefix(60))
        let corpus = try CaptionCorpus(samples)
        let turned = try CaptionCorpus(
            samples.reversed().map { CaptionSample($0.prediction, references: $0.references.reversed()) })
        for (one, other) in [
            (corpus.cider(), turned.cider()), (corpus.rougeL(), turned.rougeL()),
            (corpus.ciderWithoutPenalty(), turned.ciderWithoutPenalty()),
        ] {
            #expect(zip(one.values, other.values.reversed()).allSatisfy { isClose($0, $1) })
        }
        #expect(zip(BLEU(corpus).values, BLEU(turned).values).allSatisfy { isClose($0, $1) })
    }

    @Test("A caption that is its reference has the most that there is, and no caption has more or less than the range")
    func bounds() throws {
        let samples = try MetricFixtures.captions().samples.filter { $0.references[0].split(separator: " ").count > 4 }
        let perfect = try CaptionCorpus(samples.map { CaptionSample($0.references[0], references: [$0.references[0]]) })
        #expect(BLEU(perfect).values.allSatisfy { isClose($0, 1, within: 1e-6) })
        #expect(perfect.rougeL().values.allSatisfy { isClose($0, 1) })
        #expect(perfect.cider().values.allSatisfy { isClose($0, 10) })
        #expect(perfect.ciderWithoutPenalty().values.allSatisfy { isClose($0, 10) })
        let corpus = try CaptionCorpus(samples)
        #expect(corpus.cider().values.allSatisfy { (0...10.000001).contains($0) })
        #expect(corpus.ciderWithoutPenalty().values.allSatisfy { (0...10.000001).contains($0) })
        #expect(
            (corpus.rougeL().values + BLEU(corpus).values + BLEU(corpus).samples.flatMap(\.values)).allSatisfy {
                (0...1.000001).contains($0)
            })
        #expect(zip(BLEU(corpus).values, BLEU(corpus).values.dropFirst()).allSatisfy { $0 >= $1 })
    }

    @Test("Captions that share no word with their references have nothing but their length")
    func strangers() throws {
        let corpus = try CaptionCorpus([
            CaptionSample("one two three", references: ["four five six"]), CaptionSample("a", references: ["b c", "d"]),
        ])
        #expect(corpus.cider().values == [0, 0] && corpus.rougeL().values == [0, 0])
        #expect(BLEU(corpus).values.allSatisfy { $0 < 1e-3 })
        #expect(corpus.lengths.values == [3, 1])
    }

    @Test("Empty captions and empty references are scored, not crashed on")
    func empty() throws {
        let corpus = try CaptionCorpus([CaptionSample("", references: [""]), CaptionSample("...", references: ["a dog", "!"])])
        #expect(corpus.cider().values == [0, 0])
        // Python splits an empty caption into one empty word, which is the same in both.
        #expect(corpus.rougeL().values == [1, 1])
        #expect(BLEU(corpus).values.allSatisfy { $0.isFinite })
    }

    @Test("No captions and no references are errors")
    func nothing() {
        #expect(throws: MetricError.nothingToScore(what: "there are no captions")) { try CaptionCorpus([]) }
        #expect(throws: MetricError.nothingToScore(what: "caption 2 has no references")) {
            try CaptionCorpus([CaptionSample("a", references: ["a"]), CaptionSample("a", references: [])])
        }
    }
}
