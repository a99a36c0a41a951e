import Blip
import BlipTestSupport
import Foundation
import Testing

/// Ranking from texts.
@Suite("Candidates are ranked") struct RankTests {
    private let picture = ImageSource.file(Fixtures.picture("shapes.png"))
    private let texts = ["yes", "no", "a red circle", "a red square", "true", "false"]

    @Test("the best comes first, and probabilities sum to one", arguments: ["vicuna", "flan-t5"])
    func order(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let ranking = try await assistant.rank(texts, "Is there a circle?", about: picture)
        #expect(Set(ranking.candidates.map(\.text)) == Set(texts))
        #expect(ranking.candidates.map(\.logProbability) == ranking.candidates.map(\.logProbability).sorted(by: >))
        #expect(abs(ranking.candidates.map(\.probability).reduce(0, +) - 1) < 1e-9)
        let score = try #require(ranking.score(of: ["yes", "true"], against: ["no", "false"]))
        #expect((0...1).contains(score))
        let opposite = try #require(ranking.score(of: ["no", "false"], against: ["yes", "true"]))
        #expect(abs(score + opposite - 1) < 1e-9)
        #expect(ranking.score(of: ["perhaps"], against: ["never"]) == nil)
    }

    @Test("the end of sequence counts for T5 and not for LLaMA, unless told")
    func end() async throws {
        for (checkpoint, published) in [("vicuna", false), ("flan-t5", true)] {
            let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
            func scores(_ options: RankOptions) async throws -> [String: Double] {
                let ranking = try await assistant.rank(texts, "Is there a circle?", about: picture, options)
                return Dictionary(ranking.candidates.map { ($0.text, $0.logProbability) }, uniquingKeysWith: { first, _ in first })
            }
            let usual = try await scores(RankOptions())
            #expect(try await scores(RankOptions(countsEnd: published)) == usual)
            let other = try await scores(RankOptions(countsEnd: !published))
            for text in texts {
                #expect(published ? other[text, default: 0] > usual[text, default: 0] : other[text, default: 0] < usual[text, default: 0])
            }
            let mean = try await scores(RankOptions(perToken: true))
            for text in texts { #expect(mean[text, default: 0] >= usual[text, default: 0]) }
        }
    }

    @Test("no candidates, and empty ones, are errors")
    func wrong() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        await #expect(throws: BlipError.self) { try await assistant.rank([], "Why?", about: picture) }
        await #expect(throws: GenerationError.emptyCandidate(index: 1)) { try await assistant.rank(["yes", " "], "Why?", about: picture) }
    }
}
