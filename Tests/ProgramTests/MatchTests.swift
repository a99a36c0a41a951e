import BlipTestSupport
import Foundation
import Testing

/// `match`, and captions by `ask`.
@Suite("match compares a picture with a text") struct MatchTests {
    private let picture = Fixtures.picture("shapes.png").path
    private let model = Fixtures.checkpoint("blip2/itm").path

    @Test("match --json writes both scores, equal to the reference's")
    func json() throws {
        let score = try RetrievalScores().scores[0]
        let outcome = try Program.run(["match", Fixtures.picture(score.image).path, score.text, "--model", model, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let json = try outcome.json()
        #expect(Set(json.keys) == ["itm_probability", "itc_similarity", "timings"])
        #expect(abs(try #require(json["itm_probability"] as? Double) - score.itmProbability) < Tolerance.logits)
        #expect(abs(try #require(json["itc_similarity"] as? Double) - score.itcSimilarity) < Tolerance.logits)
        #expect(Set(try #require(json["timings"] as? [String: Double]).keys) == ["load_s", "image_s", "vision_s", "qformer_s"])
    }

    @Test("match writes two lines, and refuses other checkpoints and empty texts")
    func text() throws {
        let outcome = try Program.run(["match", picture, "two cats", "--model", model])
        #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 2, "\(outcome.errors)")
        #expect(try Program.run(["match", picture, " ", "--model", model]).status == 64)
        let other = try Program.run(["match", picture, "two cats", "--model", Fixtures.checkpoint("vicuna").path])
        #expect(other.status == 65 && other.errors.contains("blip2-itm-vit-g"))
        let ask = try Program.run(["ask", picture, "Why?", "--model", model])
        #expect(ask.status == 65 && ask.errors.contains("(match)"))
    }

    @Test("ask with an empty instruction writes a caption with BLIP-2", arguments: ["blip2/opt", "blip2/flan-t5"])
    func captions(_ checkpoint: String) throws {
        let caption = try #require(try References(checkpoint).cases.withoutText?.first)
        let outcome = try Program.run([
            "ask", Fixtures.picture(caption.image).path, "", "--model", Fixtures.checkpoint(checkpoint).path, "--json", "--max-tokens",
            "12", "--stop-like-transformers",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json()["token_ids"] as? [Int] == caption.stoppingAtConfigEnd)
    }

    @Test("show describes BLIP-2 and retrieval")
    func show() throws {
        #expect(try Program.run(["show", "--model", Fixtures.checkpoint("blip2/opt").path]).output.contains("BLIP-2 with opt"))
        #expect(try Program.run(["show", "--model", model]).output.contains("image-text retrieval"))
    }
}
