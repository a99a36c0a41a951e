import Blip
import BlipTestSupport
import Foundation
import Testing

/// From a picture file and an instruction to the answer, token for token what `transformers` gives.
@Suite("Answers equal the reference") struct AnswerTests {
    static let checkpoints = [("vicuna", "vicuna"), ("flan-t5", "flan-t5"), ("vicuna-sharded", "vicuna"), ("flan-t5-old", "flan-t5")]

    @Test("ids and text are the reference's, from the picture file on", arguments: checkpoints)
    func answers(_ checkpoint: String, _ reference: String) async throws {
        let references = try References(reference)
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        for item in references.cases.cases {
            let answer = try await assistant.answer(
                item.instruction, about: .file(Fixtures.picture(item.image)), AnswerOptions(maximumTokens: references.cases.newTokens))
            #expect(answer.tokenIDs == item.greedy.stoppingAtTokenizerEnd, "\(item.name)")
            #expect(answer.text == item.text.trimmingCharacters(in: .whitespacesAndNewlines), "\(item.name)")
            #expect(answer.finishReason == (item.greedy.stoppingAtTokenizerEnd.last == references.cases.tokenizerEnd ? .stop : .length))
        }
    }

    @Test("stopping like transformers runs past the tokenizer's end", arguments: ["vicuna", "flan-t5"])
    func stopsLikeTransformers(_ checkpoint: String) async throws {
        let references = try References(checkpoint)
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        for item in references.cases.cases {
            let options = AnswerOptions(maximumTokens: references.cases.newTokens, stop: .configOnly)
            let answer = try await assistant.answer(item.instruction, about: .file(Fixtures.picture(item.image)), options)
            #expect(answer.tokenIDs == item.greedy.stoppingAtConfigEnd, "\(item.name)")
        }
    }

    @Test("the pieces of a stream add up to the answer", arguments: ["vicuna", "flan-t5"])
    func streams(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let (instruction, picture) = ("Which of the shapes stands left?", ImageSource.file(Fixtures.picture("tower.png")))
        let options = AnswerOptions(maximumTokens: 40)
        var streamed = ""
        for try await piece in assistant.stream(instruction, about: picture, options) { streamed += piece }
        let answer = try await assistant.answer(instruction, about: picture, options)
        #expect(streamed == answer.text)
        #expect(!streamed.isEmpty)
    }

    @Test("a stream that nobody reads any more stops the answer")
    func abandons() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let picture = ImageSource.file(Fixtures.picture("shapes.png"))
        for try await _ in assistant.stream("Why?", about: picture, AnswerOptions(maximumTokens: 200, stop: .configOnly)) { break }
        // The actor is free for the next question.
        let answer = try await assistant.answer("Why?", about: picture, AnswerOptions(maximumTokens: 2))
        #expect(answer.tokenIDs.count == 2)
    }

    @Test("an error of whoever takes the pieces ends the answer")
    func throwing() async throws {
        struct Full: Error {}
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        await #expect(throws: Full.self) {
            try await assistant.answer("Why?", about: .file(Fixtures.picture("shapes.png"))) { _ in throw Full() }
        }
    }

    @Test("a cancelled task's answer throws CancellationError")
    func cancels() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await assistant.answer("Why?", about: .file(Fixtures.picture("shapes.png")))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("questions asked at once are answered one after another, each as if alone")
    func concurrent() async throws {
        let references = try References("flan-t5")
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        try await withThrowingTaskGroup(of: (String, [Int]).self) { group in
            for _ in 0..<4 {
                for item in references.cases.cases {
                    group.addTask {
                        let options = AnswerOptions(maximumTokens: 12)
                        let answer = try await assistant.answer(item.instruction, about: .file(Fixtures.picture(item.image)), options)
                        return (item.name, answer.tokenIDs)
                    }
                }
            }
            for try await (name, ids) in group {
                #expect(ids == references.cases.cases.first { $0.name == name }?.greedy.stoppingAtTokenizerEnd)
            }
        }
    }

    @Test("a trace holds every stage as the reference computed it", arguments: ["vicuna", "flan-t5"])
    func traces(_ checkpoint: String) async throws {
        let references = try References(checkpoint)
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let item = try #require(references.cases.cases.first { $0.name == "awkward" })
        try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("trace.safetensors")
            try await assistant.trace(item.instruction, about: .file(Fixtures.picture(item.image)), to: file)
            let trace = try SafetensorsFile(file)
            #expect(
                Set(trace.names) == [
                    "pixel_values", "image_embeds", "qformer_input_ids", "query_output", "soft_prompt", "input_ids", "logits",
                ])
            for name in ["pixel_values", "image_embeds", "query_output", "soft_prompt"] {
                let gap = try relativeDifference(trace.tensor(name), references.tensor("awkward/\(name)"))
                #expect(gap < Tolerance.hidden, "\(name)")
            }
            #expect(try difference(trace.tensor("logits"), references.tensor("awkward/logits")) < Tolerance.logits)
            #expect(try trace.tensor("input_ids").integers() == item.inputIds)
            #expect(try trace.tensor("qformer_input_ids").integers() == item.qformerInputIds)
        }
    }
}
