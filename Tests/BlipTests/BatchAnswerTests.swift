import Blip
import BlipTestSupport
import Foundation
import Testing

/// Several questions in one batch.
@Suite("A batch answers as its questions are answered one by one") struct BatchAnswerTests {
    static let checkpoints = [
        "vicuna", "vicuna-sharded", "vicuna-grouped", "flan-t5", "flan-t5-old", "flan-t5-plain", "flan-t5-tied", "blip2/opt",
        "blip2/flan-t5",
    ]

    private static let shapes = ImageSource.file(Fixtures.picture("shapes.png"))
    private static let tower = ImageSource.file(Fixtures.picture("tower.png"))
    private static let missing = ImageSource.file(URL(fileURLWithPath: "/nowhere.png"))

    /// Unequal lengths, a picture twice, two frames, and two that cannot be answered.
    private static let questions = [
        Question("What is in the picture?", about: [shapes]),
        Question("Why?", about: [tower]),
        Question("Why?", about: [missing]),
        Question("Which of the shapes stands left of the big red circle, and which of them is green?", about: [shapes]),
        Question("Why?", about: [shapes, tower]),
        Question("Describe the picture.", about: [tower, shapes]),
        Question("Describe the picture.", about: []),
        Question("Describe the picture.", about: [.file(Fixtures.picture("shapes.jpg"))]),
    ]

    private static func options(beams: Int, countsPrompt: Bool = false) -> AnswerOptions {
        var options = AnswerOptions(maximumTokens: 12)
        options.decoding.beams = beams
        options.decoding.repetitionPenalty = 1.5
        options.decoding.penalizesPrompt = countsPrompt
        return options
    }

    @Test("ids, texts and reasons are the same, greedy and with beams", arguments: checkpoints, [1, 5])
    func equal(_ checkpoint: String, _ beams: Int) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        for countsPrompt in [false, true] {
            let options = Self.options(beams: beams, countsPrompt: countsPrompt)
            let answers = try await assistant.answers(to: Self.questions, options)
            try #require(answers.count == Self.questions.count)
            for (question, result) in zip(Self.questions, answers) {
                let alone: Answer
                do {
                    alone = try await assistant.answer(question.instruction, about: question.images, options)
                } catch {
                    #expect(throws: (any Error).self) { try result.get() }
                    if case .failure(let found) = result { #expect("\(found)" == "\(error)") }
                    continue
                }
                let answer = try result.get()
                #expect(answer.tokenIDs == alone.tokenIDs, "\(question.instruction)")
                #expect(answer.text == alone.text)
                #expect(answer.finishReason == alone.finishReason)
                #expect(answer.promptTokens == alone.promptTokens)
                #expect(abs(answer.sequences[0].score - alone.sequences[0].score) < 1e-3)
            }
        }
    }

    @Test("what is drawn does not depend on the batch")
    func draws() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        var options = AnswerOptions(maximumTokens: 12)
        options.decoding.sampling = .init(temperature: 2, seed: 3)
        let answers = try await assistant.answers(to: Self.questions, options)
        for (question, result) in zip(Self.questions, answers) {
            guard case .success(let answer) = result else { continue }
            #expect(answer.tokenIDs == (try await assistant.answer(question.instruction, about: question.images, options)).tokenIDs)
        }
    }

    @Test("several samples come best first, and know in which order they were drawn, in a batch and alone")
    func numbers() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        var options = AnswerOptions(maximumTokens: 12)
        (options.decoding.sampling, options.decoding.returned) = (.init(temperature: 2, seed: 3), 4)
        let question = Self.questions[0]
        let answers = [
            try await assistant.answers(to: [question], options)[0].get(),
            try await assistant.answer(question.instruction, about: question.images, options),
        ]
        for answer in answers {
            #expect(answer.sequences.map(\.score) == answer.sequences.map(\.score).sorted(by: >))
            #expect(answer.sequences.map(\.number).sorted() == [0, 1, 2, 3] && answer.sequences.map(\.number) != [0, 1, 2, 3])
        }
    }

    @Test("an empty batch has no answers; wrong options are refused; a cancelled batch throws")
    func edges() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        #expect(try await assistant.answers(to: [Question]()).isEmpty)
        await #expect(throws: GenerationError.self) { try await assistant.answers(to: Self.questions, AnswerOptions(maximumTokens: 0)) }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await assistant.answers(to: Self.questions).count
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("an instruction that is too long, or empty, spoils no other")
    func lengths() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let long = Question(String(repeating: "word ", count: 20_000), about: [Self.shapes])
        let questions = [Self.questions[0], long, Question(" ", about: [Self.shapes]), Self.questions[1]]
        let answers = try await assistant.answers(to: questions, AnswerOptions(maximumTokens: 6))
        #expect(answers.map { if case .success = $0 { true } else { false } } == [true, false, false, true])
        #expect(throws: BlipError.emptyInstruction) { try answers[2].get() }
    }

    @Test("an answer that overflows spoils no other, and is explained")
    func overflow() async throws {
        try await withCopy(of: "flan-t5") { folder in
            // One word's embedding is not a number: only questions with that word fail.
            let file = try SafetensorsFile(folder.appendingPathComponent("model.safetensors"))
            let processor = try Processor(folder: folder, InstructBLIPConfig(file: folder.appendingPathComponent("config.json")))
            let word = try #require(
                Set(processor.tokenizer.encode("Why?")).subtracting(processor.tokenizer.encode("What is in the picture?")).min())
            let tensors = try file.names.map { name -> (String, Tensor) in
                let tensor = try file.tensor(name)
                guard name.hasSuffix("shared.weight") || name.hasSuffix("embed_tokens.weight") else { return (name, tensor) }
                var values = try tensor.floats()
                let width = tensor.size(1)
                for place in word * width..<(word + 1) * width { values[place] = .infinity }
                return (name, try Tensor.of(values, tensor.shape))
            }
            try FileManager.default.removeItem(at: folder.appendingPathComponent("model.safetensors"))
            try SafetensorsWriter.write(tensors, to: folder.appendingPathComponent("model.safetensors"))
            let assistant = try await Assistant.open(folder)
            let answers = try await assistant.answers(to: Array(Self.questions.prefix(2)), AnswerOptions(maximumTokens: 4))
            #expect(try answers[0].get().tokenIDs.isEmpty == false)
            #expect(throws: BlipError.self) { try answers[1].get() }
        }
    }
}
