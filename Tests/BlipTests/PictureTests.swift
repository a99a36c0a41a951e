import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

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

    /// Against finite differences on the same way from the mean soft token.
    @Test("queries count by what an answer rests on", arguments: ["flan-t5", "vicuna"])
    func shares(_ name: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(name), OpenOptions(dtype: .float32))
        var compared = 0
        for answer in ["a red circle", "no", "It is a picture of shapes.", "seven"] {
            let shares = try #require(try await assistant.heatmap("What is in the picture?", about: shapes, answer: answer).shares)
            let expected = try await assistant.finiteShares("What is in the picture?", shapes.load(), answer)
            #expect(shares.count == expected.count && abs(shares.reduce(0, +) - 1) < 1e-5)
            // Where every query speaks against an answer, none counts more than another.
            guard expected.reduce(0, +) > 0 else { continue }
            compared += 1
            for (one, other) in zip(shares, expected) { #expect(abs(one - other) < 0.02, "\(answer): \(shares) \(expected)") }
        }
        #expect(compared >= 2)
        let map = try await assistant.heatmap("What is in the picture?", about: shapes, answer: "no")
        let shares = try #require(map.shares)
        // The mean counts them so.
        let mean = try map.mean(layer: 0)
        for place in mean.indices {
            #expect(abs(mean[place] - zip(map.weights[0], shares).map { $0[place] * $1 }.reduce(0, +)) < 1e-6)
        }
        #expect(try await assistant.heatmap("What is in the picture?", about: shapes).shares == nil)
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

extension Assistant {
    fileprivate func finiteShares(_ instruction: String, _ picture: RGBImage, _ answer: String) throws -> [Float] {
        let opened = try checkpoint()
        let input = try opened.processor.input(picture, instruction)
        return try withoutGradients {
            let (network, padding) = (opened.network, opened.padding)
            let soft = try network.softTokens(
                seeing: opened.look(at: input.frames), told: padding.instructions([input], on: .cpu))
            let words = try padding.prompts([input], on: .cpu)
            let targets = try TokenBatch(
                opened.candidateIDs([answer], behind: instruction, countsEnd: nil), padding: 0, at: .right)
            let mean = try soft.mean(1).reshape([1, 1, soft.size(2)])
            let beyond = try soft - mean
            func loss(_ query: Int, _ share: Float, _ further: Float) throws -> Float {
                let scales = try Tensor.of((0..<soft.size(1)).map { $0 == query ? share + further : share }, [1, soft.size(1), 1])
                let prompt = try Prompt(mean + beyond * scales, then: network.language.embed(words.ids), mask: words.mask)
                return try network.language.loss(prompt, targets).floats()[0]
            }
            let shares = (0..<Checkpoint.shareSteps).map { (Float($0) + 0.5) / Float(Checkpoint.shareSteps) }
            let slopes = try (0..<soft.size(1)).map { query in
                max(0, try shares.map { try loss(query, $0, -0.05) - loss(query, $0, 0.05) }.reduce(0, +))
            }
            let total = slopes.reduce(0, +)
            return slopes.map { total > 0 ? $0 / total : 0 }
        }
    }
}
