import Blip
import BlipTestSupport
import Foundation
import Testing

/// Pictures seen before, several pictures, and where the Q-Former looked.
@Suite("Pictures are looked at once, several, and visibly") struct PictureTests {
    private let shapes = ImageSource.file(Fixtures.picture("shapes.png"))
    private let tower = ImageSource.file(Fixtures.picture("tower.png"))

    @Test("the next question about a picture skips the image encoder and gets the same answer", arguments: ["vicuna", "flan-t5"])
    func cache(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let forgetful = try await Assistant.open(Fixtures.checkpoint(checkpoint), OpenOptions(imageCacheBytes: 0))
        let options = AnswerOptions(maximumTokens: 8)
        for question in ["Why?", "What is in the picture?", "Why?"] {
            for picture in [shapes, tower, shapes] {
                let kept = try await assistant.answer(question, about: picture, options)
                let fresh = try await forgetful.answer(question, about: picture, options)
                #expect(kept.tokenIDs == fresh.tokenIDs)
                #expect(fresh.timings.vision > 0)
            }
        }
        // Even a tiny image encoder takes longer than finding a picture. The quickest of several tries: any one may have had to wait for a processor.
        var (again, anew) = (Double.infinity, Double.infinity)
        for _ in 0..<9 {
            again = min(again, try await assistant.answer("Why?", about: shapes, options).timings.vision)
            anew = min(anew, try await forgetful.answer("Why?", about: shapes, options).timings.vision)
        }
        #expect(again < anew)
    }

    @Test("a small cache forgets the oldest picture, and answers stay right")
    func smallCache() async throws {
        let (small, none) = (OpenOptions(imageCacheBytes: 40_000), OpenOptions(imageCacheBytes: 0))
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"), small)
        let forgetful = try await Assistant.open(Fixtures.checkpoint("flan-t5"), none)
        for shade in [10, 90, 170, 250, 10, 250] as [UInt8] {
            let image = RGBImage(width: 4, height: 4, pixels: (0..<48).map { UInt8(truncatingIfNeeded: $0 * 5) ^ shade })
            let source = ImageSource.data(try image.pngData())
            let kept = try await assistant.answer("Why?", about: source, AnswerOptions(maximumTokens: 4))
            #expect(try await forgetful.answer("Why?", about: source, AnswerOptions(maximumTokens: 4)).tokenIDs == kept.tokenIDs)
        }
    }

    @Test("several pictures stand in a row before the words", arguments: ["vicuna", "flan-t5"])
    func several(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let options = AnswerOptions(maximumTokens: 8)
        let one = try await assistant.answer("Why?", about: [shapes], options)
        let two = try await assistant.answer("Why?", about: [shapes, tower], options)
        let turned = try await assistant.answer("Why?", about: [tower, shapes], options)
        #expect(two.promptTokens == one.promptTokens + 5)
        #expect(one.tokenIDs == (try await assistant.answer("Why?", about: shapes, options)).tokenIDs)
        #expect(turned.sequences[0].logProbabilities != two.sequences[0].logProbabilities)
        await #expect(throws: BlipError.self) { try await assistant.answer("Why?", about: [ImageSource](), options) }
    }

    @Test("a clip is read as frames, whether it is asked about alone, streamed or in a batch")
    func clips() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let (clip, options) = (ImageSource.file(Fixtures.picture("moving.gif")), AnswerOptions(maximumTokens: 6))
        let expected = try await assistant.answer("Why?", about: clip.frames(), options)
        let alone = try await assistant.answer("Why?", about: clip, options)
        #expect(alone.tokenIDs == expected.tokenIDs && alone.promptTokens == expected.promptTokens)
        let answers = try await assistant.answers(to: [Question("Why?", about: [clip])], options)
        #expect(try answers[0].get().tokenIDs == expected.tokenIDs)
        var streamed = ""
        for try await piece in assistant.stream("Why?", about: clip, options) { streamed += piece }
        #expect(streamed == expected.text)
    }

    @Test("the heat map's weights are the queries' attention, and depend on the instruction")
    func heatmap() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let map = try await assistant.heatmap("What is in the picture?", about: shapes)
        #expect(map.rows == 3 && map.columns == 3)
        // Three layers, of which the first and the third look; five queries.
        #expect(map.weights.count == 2 && map.weights.allSatisfy { $0.count == 5 })
        for query in map.weights.joined() { #expect(query.allSatisfy { $0 >= 0 } && query.reduce(0, +) <= 1.0001) }
        let other = try await assistant.heatmap("Why?", about: shapes)
        #expect(try map.mean() != other.mean())
        // Before the first look the queries have already read the instruction.
        #expect(try map.mean(layer: 0, query: 1) != other.mean(layer: 0, query: 1))
        #expect(throws: BlipError.self) { try map.mean(layer: 2) }
        #expect(throws: BlipError.self) { try map.mean(query: -1) }
    }

    @Test("stop strings end the answer before them, streamed or not")
    func stopStrings() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let whole = try await assistant.answer("What is in the picture?", about: shapes, AnswerOptions(maximumTokens: 12)).text
        let place = try #require(whole.range(of: "image)"))
        let options = AnswerOptions(maximumTokens: 12, stopStrings: ["image)", "never"])
        let answer = try await assistant.answer("What is in the picture?", about: shapes, options)
        #expect(answer.text == whole[..<place.lowerBound].trimmingCharacters(in: .whitespaces))
        #expect(answer.finishReason == .stop)
        var streamed = ""
        for try await piece in assistant.stream("What is in the picture?", about: shapes, options) { streamed += piece }
        #expect(streamed == answer.text)
    }
}
