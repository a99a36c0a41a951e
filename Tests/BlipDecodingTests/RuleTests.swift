import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// Rules, stops and options, on hand-made logits.
@Suite("Decoding keeps its rules") struct RuleTests {
    /// Likes tokens in the order 0, 1, 2, ..., whatever was said.
    private let falling = ScriptedLanguageModel(vocabulary: 6) { _, _ in (0..<6).map { -Float($0) } }

    private func ids(_ change: (inout DecodingOptions) -> Void, _ hooks: DecodingHooks = DecodingHooks(), tokens: Int = 6) throws -> [Int] {
        var options = DecodingOptions(maximumTokens: tokens, stopIDs: [5])
        change(&options)
        return try TokenLoop(falling, options).run(ScriptedLanguageModel.prompt(), hooks)[0][0].ids
    }

    @Test("without rules the likeliest token is said again and again")
    func greedy() throws { #expect(try ids { _ in } == [0, 0, 0, 0, 0, 0]) }

    @Test("no token comes twice when runs of one may not repeat")
    func noRepeat() throws {
        #expect(try ids { $0.noRepeatNGram = 1 } == [0, 1, 2, 3, 4, 5])
        #expect(try ids { $0.noRepeatNGram = 2 } == [0, 0, 1, 0, 2, 0])
    }

    @Test("a repetition penalty multiplies scores below zero, and divides those above")
    func penalty() throws {
        // The score of 0 is 0, which no penalty moves.
        #expect(try ids { $0.repetitionPenalty = 3 } == [0, 0, 0, 0, 0, 0])
        let rising = ScriptedLanguageModel(vocabulary: 3) { _, _ in [4, 3, -1] }
        var options = DecodingOptions(maximumTokens: 3)
        options.repetitionPenalty = 2
        #expect(try TokenLoop(rising, options).run(ScriptedLanguageModel.prompt())[0][0].ids == [0, 1, 0])
        // What the prompt said counts when it is told.
        let told = DecodingHooks(said: [[0]])
        #expect(try TokenLoop(rising, options).run(ScriptedLanguageModel.prompt(), told)[0][0].ids == [1, 0, 0])
    }

    @Test("an answer does not end before it is long enough")
    func minimum() throws {
        let ending = ScriptedLanguageModel(vocabulary: 3) { _, _ in [1, 0, 2] }
        var options = DecodingOptions(maximumTokens: 5, stopIDs: [2])
        options.minimumTokens = 3
        for beams in [1, 3] {
            options.beams = beams
            let row = try TokenLoop(ending, options).run(ScriptedLanguageModel.prompt())[0][0]
            #expect(row.ids.count > 3 || beams == 1 && row.ids == [0, 0, 0, 2])
            #expect(row.finish == .stop && row.ids.last == 2)
        }
    }

    @Test("prompts of one batch end when each is done, and do not disturb each other")
    func batch() throws {
        let counting = ScriptedLanguageModel(vocabulary: 4) { prompt, said in said.count >= prompt + 1 ? [0, 0, 0, 9] : [9, 0, 0, 0] }
        for beams in [1, 2] {
            var options = DecodingOptions(maximumTokens: 8, stopIDs: [3])
            options.beams = beams
            let rows = try TokenLoop(counting, options).run(ScriptedLanguageModel.prompt(rows: 3))
            #expect(rows.map { $0[0].ids } == [[0, 3], [0, 0, 3], [0, 0, 0, 3]])
        }
    }

    @Test("a condition on what was said ends the answer")
    func condition() throws {
        let hooks = DecodingHooks(endsAnswer: { $0.count == 2 })
        #expect(try ids({ _ in }, hooks) == [0, 0])
        let row = try TokenLoop(falling, DecodingOptions(maximumTokens: 9)).run(ScriptedLanguageModel.prompt(), hooks)[0][0]
        #expect(row.finish == .stop)
    }

    @Test("an error in a hook ends the answer")
    func interruption() {
        let hooks = DecodingHooks(onStep: { step, _ in if step == 1 { throw CancellationError() } })
        #expect(throws: CancellationError.self) { try ids({ _ in }, hooks) }
    }

    @Test("logits that are not finite are an error that names the token", arguments: [1, 3])
    func notFinite(_ beams: Int) {
        let broken = ScriptedLanguageModel(vocabulary: 3) { _, said in said.count < 2 ? [1, 0, 0] : [.nan, 0, 0] }
        #expect(throws: GenerationError.notFinite(step: 2)) {
            var options = DecodingOptions(maximumTokens: 5)
            options.beams = beams
            _ = try TokenLoop(broken, options).run(ScriptedLanguageModel.prompt())
        }
    }

    @Test("options that make no sense are named")
    func options() {
        let wrong: [(inout DecodingOptions) -> Void] = [
            { $0.maximumTokens = 0 }, { $0.minimumTokens = 7 }, { $0.beams = 0 }, { $0.beams = 65 }, { $0.returned = 2 },
            { $0.returned = 0 },
            { $0.lengthPenalty = .nan }, { $0.repetitionPenalty = 0 }, { $0.noRepeatNGram = -1 },
            { $0.sampling = .init(temperature: 0) }, { $0.sampling = .init(topK: 0) }, { $0.sampling = .init(topP: 0) },
            { $0.sampling = .init(topP: 1.1) }, { $0.sampling = .init(minP: -0.1) },
        ]
        for change in wrong { #expect(throws: GenerationError.self) { try ids(change) } }
    }
}
