import BlipDecoding
import BlipImages
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// What came of a question.
struct Served {
    var waited: Double?
    var pieces: [Int: String] = [:]
    var answer: Answer?

    init(_ events: AsyncThrowingStream<AnswerEvent, any Error>) async throws {
        for try await event in events {
            #expect(answer == nil, "nothing follows the answer")
            switch event {
            case .began(let waited):
                #expect(self.waited == nil)
                self.waited = waited
            case .piece(let sequence, let text):
                #expect(waited != nil && !text.isEmpty)
                pieces[sequence, default: ""] += text
            case .answer(let answer): self.answer = answer
            }
        }
    }
}

@Suite("Many questions to one model") struct SchedulerTests {
    static let checkpoints = ["vicuna", "vicuna-grouped", "flan-t5", "blip2/opt", "blip2/flan-t5"]

    private static let pictures = ["shapes.png", "tower.png", "shapes.jpg"]
    private static let instructions = [
        "What is in the picture?", "Why?", "Which of the shapes stands left of the big red circle, and which of them is green?",
        "Describe the picture.",
    ]

    private static func picture(_ index: Int) throws -> RGBImage {
        try ImageSource.file(Fixtures.picture(pictures[index % pictures.count])).load()
    }

    /// A question of the mix, of one to two pictures or none.
    private static func question(_ index: Int) throws -> ServedQuestion {
        var options = AnswerOptions(maximumTokens: 3 + index % 9)
        switch index % 5 {
        case 0: break
        case 1:
            options.decoding.beams = 3
            options.decoding.returned = 2
        case 2:
            options.decoding.sampling = .init(temperature: 0.9, topK: 30, seed: UInt64(index))
            options.decoding.returned = 1 + index % 3
        case 3:
            options.decoding.repetitionPenalty = 1.5
            options.decoding.penalizesPrompt = index % 2 == 1
            options.stopStrings = ["e"]
        default:
            options.decoding.minimumTokens = 3
            options.stop = .configOnly
        }
        let count = index % 8 == 7 ? 0 : 1 + (index % 6 == 5 ? 1 : 0)
        return ServedQuestion(
            pictures: try (0..<count).map { try picture(index + $0) }, instruction: instructions[index % instructions.count],
            options: options)
    }

    /// The same question asked alone, without a scheduler.
    private static func alone(_ question: ServedQuestion, _ assistant: Assistant) async throws -> Answer {
        if question.pictures.isEmpty {
            let input = try await assistant.processor.textInput(question.instruction)
            return try await assistant.answers(to: [.success(input)], question.options)[0].get()
        }
        return try await assistant.answer(question.instruction, about: question.pictures, question.options)
    }

    static func expect(_ found: Answer, _ expected: Answer, _ name: String) {
        #expect(found.sequences.map(\.tokenIDs) == expected.sequences.map(\.tokenIDs), "\(name)")
        #expect(found.sequences.map(\.text) == expected.sequences.map(\.text), "\(name)")
        #expect(found.sequences.map(\.finishReason) == expected.sequences.map(\.finishReason), "\(name)")
        #expect(found.promptTokens == expected.promptTokens && found.notes == expected.notes, "\(name)")
        for (mine, theirs) in zip(found.sequences, expected.sequences) {
            for (first, second) in zip(mine.logProbabilities, theirs.logProbabilities) {
                #expect(abs(first - second) < 1e-5 * max(1, abs(second)), "\(name)")
            }
        }
    }

    @Test("each gets the answer that it gets alone, and its pieces add up to it", arguments: checkpoints, [1, 3])
    func equal(_ checkpoint: String, engines: Int) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        var others: [Assistant] = []
        for _ in 1..<engines { others.append(try await Assistant.open(Fixtures.checkpoint(checkpoint))) }
        let scheduler = AnswerScheduler(assistant, .init(running: 6, waiting: 64), beside: others)
        let questions = try (0..<24).map { try Self.question($0) }
        let served = try await withThrowingTaskGroup(of: (Int, Served).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask {
                    // They come at different times.
                    try await Task.sleep(for: .milliseconds(index * 3 % 20))
                    return (index, try await Served(scheduler.submit(question)))
                }
            }
            return try await group.reduce(into: [Int: Served]()) { $0[$1.0] = $1.1 }
        }
        for (index, question) in questions.enumerated() {
            let answer = try #require(served[index]?.answer)
            try await Self.expect(answer, Self.alone(question, assistant), "\(index)")
            let decoding = question.options.decoding
            #expect((served[index]?.pieces.isEmpty ?? false) || decoding.beams == 1)
            if decoding.beams == 1 {
                for sequence in answer.sequences { #expect(served[index]?.pieces[sequence.number] ?? "" == sequence.text, "\(index)") }
            }
            #expect(answer.timings.prefill > 0 && answer.timings.waiting >= 0 && answer.timings.image >= 0)
        }
        let statistics = scheduler.statistics
        #expect(statistics.questions == 24 && statistics.failures == 0 && statistics.running == 0 && statistics.waiting == 0)
        #expect(statistics.rowsPerStep > 1 && statistics.generatedTokens > 24 && statistics.promptTokens > 24 * 5)
        #expect(
            statistics.pictureCache.queries > 20 && statistics.pictureCache.hits > (engines == 1 ? 10 : 0)
                && statistics.pictureCache.bytes > 0)
    }

    @Test("the likeliest alternatives of every token come with the answer", arguments: ["vicuna", "flan-t5"])
    func alternatives(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let scheduler = AnswerScheduler(assistant)
        var question = try ServedQuestion(pictures: [Self.picture(0)], instruction: "Why?", options: AnswerOptions(maximumTokens: 5))
        question.alternatives = 3
        let answer = try #require(try await Served(scheduler.submit(question)).answer)
        let sequence = answer.sequences[0]
        #expect(sequence.alternatives.count == sequence.tokenIDs.count && sequence.alternatives.allSatisfy { $0.count == 3 })
        for (place, id) in sequence.tokenIDs.enumerated() {
            // The likeliest token is the greedy one.
            #expect(sequence.alternatives[place][0].id == id)
            #expect(abs(sequence.alternatives[place][0].logProbability - sequence.logProbabilities[place]) < 1e-6)
        }
        question.alternatives = 101
        await #expect(throws: GenerationError.self) { try await Served(scheduler.submit(question)) }
    }

    @Test("what is wrong with a question is its own error, and the others are answered")
    func refused() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("vicuna"))
        let scheduler = AnswerScheduler(assistant)
        let picture = try Self.picture(0)
        let (fine, options) = (AnswerOptions(maximumTokens: 4), AnswerOptions(maximumTokens: 0))
        let good = try scheduler.submit(ServedQuestion(pictures: [picture], instruction: "Why?", options: fine))
        let empty = try scheduler.submit(ServedQuestion(pictures: [picture], instruction: " ", options: fine))
        let none = try scheduler.submit(ServedQuestion(pictures: [picture], instruction: "Why?", options: options))
        let long = try scheduler.submit(
            ServedQuestion(pictures: [picture], instruction: String(repeating: "why ", count: 9000), options: fine))
        let many = try scheduler.submit(
            ServedQuestion(pictures: Array(repeating: picture, count: 60), instruction: "Why?", options: fine))
        await #expect(throws: BlipError.emptyInstruction) { try await Served(empty) }
        await #expect(throws: GenerationError.self) { try await Served(none) }
        await #expect(throws: BlipError.self) { try await Served(long) }
        await #expect(throws: BlipError.self) { try await Served(many) }
        #expect(try await Served(good).answer?.tokenIDs.count == 4)
        #expect(scheduler.statistics.failures == 4 && scheduler.statistics.questions == 5)
    }

    @Test("a picture whose numbers are not finite spoils its own answer alone", arguments: ["vicuna", "flan-t5"])
    func poisoned(_ checkpoint: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let scheduler = AnswerScheduler(assistant)
        let processor = try await assistant.processor
        let input = try processor.input(Self.picture(0), "Why?")
        let planes = PixelPlanes(
            height: input.frames[0].height, width: input.frames[0].width,
            values: input.frames[0].values.enumerated().map { $0.offset == 100 ? .nan : $0.element })
        let bad = ModelInput(frames: [planes], instructionIDs: input.instructionIDs, promptIDs: input.promptIDs, notes: [])
        let questions = try (0..<6).map { try Self.question($0) }
        var streams: [AsyncThrowingStream<AnswerEvent, any Error>] = []
        for question in questions { streams.append(try scheduler.submit(question)) }
        let poisoned = try scheduler.submit(questions[0], prepared: bad)
        let poisonedBeams = try scheduler.submit(questions[1], prepared: bad)
        let poisonedSamples = try scheduler.submit(questions[2], prepared: bad)
        for stream in [poisoned, poisonedBeams, poisonedSamples] {
            let error = await #expect(throws: BlipError.self) { try await Served(stream) }
            #expect("\(try #require(error))".contains("overflows"))
        }
        for (index, stream) in streams.enumerated() {
            let answer = try #require(try await Served(stream).answer)
            try await Self.expect(answer, Self.alone(questions[index], assistant), "\(index)")
        }
        #expect(scheduler.statistics.failures == 3)
    }
}

@Suite("A served model keeps its bounds") struct SchedulerBoundsTests {
    /// Ends when it is stopped: whoever waits beside it may be late on a busy machine.
    private static let long = AnswerOptions(maximumTokens: 100_000, stop: .configOnly)

    private static func question(_ options: AnswerOptions = long, deadline: ContinuousClock.Instant? = nil) throws -> ServedQuestion {
        ServedQuestion(
            pictures: [try ImageSource.file(Fixtures.picture("shapes.png")).load()], instruction: "Why?", options: options,
            deadline: deadline)
    }

    /// A model that goes on for long: tiny T5s have relative positions, and no end in the config's own ids.
    private static func open() async throws -> Assistant { try await Assistant.open(Fixtures.checkpoint("flan-t5")) }

    /// Waits until something is so.
    private static func wait(_ isSo: () -> Bool) async throws {
        // An hour at most, on a machine that does everything else first.
        var naps = 0
        while !isSo(), naps < 360_000 {
            try await Task.sleep(for: .milliseconds(10))
            naps += 1
        }
        #expect(isSo())
    }

    @Test("a queue that is full refuses, at once and without spoiling the others")
    func full() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 1, waiting: 2))
        let short = AnswerOptions(maximumTokens: 60, stop: .configOnly)
        let streams = try (0..<3).map { _ in try scheduler.submit(Self.question(short)) }
        #expect(throws: ServingError.queueFull(waiting: 2)) { try scheduler.submit(Self.question(short)) }
        #expect(scheduler.statistics.waiting == 2)
        await #expect(throws: ServingError.queueFull(waiting: 2)) { try await scheduler.perform { _ in 1 } }
        for stream in streams { #expect(try await Served(stream).answer != nil) }
        #expect(try await Served(scheduler.submit(Self.question(short))).answer != nil)
        #expect("\(ServingError.queueFull(waiting: 2))".contains("2 questions"))
    }

    @Test("an iteration that ends early, and a task that is cancelled, free their places within a token")
    func cancelled() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 1, waiting: 8))
        for try await event in try scheduler.submit(Self.question()) {
            if case .began = event { break }
        }
        let task = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        try await Self.wait { scheduler.statistics.running == 1 && scheduler.statistics.steps > 2 }
        // One that still waits is given up, too.
        let waiting = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        try await Self.wait { scheduler.statistics.waiting == 1 }
        waiting.cancel()
        try await Self.wait { scheduler.statistics.waiting == 0 }
        task.cancel()
        try await Self.wait { scheduler.statistics.running == 0 }
        let steps = scheduler.statistics.steps
        #expect(try await Served(scheduler.submit(Self.question(AnswerOptions(maximumTokens: 2)))).answer != nil)
        #expect(scheduler.statistics.steps <= steps + 1)
        #expect(scheduler.statistics.questions == 4 && scheduler.statistics.failures == 3)
    }

    @Test("a deadline ends a question that waits, one that is answered, and other work")
    func deadline() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 1, waiting: 8))
        func soon() -> ContinuousClock.Instant { .now + .milliseconds(150) }
        let others = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        try await Self.wait { scheduler.statistics.running == 1 }
        let waits = try scheduler.submit(Self.question(deadline: soon()))
        await #expect(throws: ServingError.deadlinePassed) { try await scheduler.perform(deadline: soon()) { _ in 1 } }
        await #expect(throws: ServingError.deadlinePassed) { try await Served(waits) }
        others.cancel()
        // It runs well beyond its deadline if nobody stops it.
        let answered = try scheduler.submit(Self.question(deadline: soon()))
        await #expect(throws: ServingError.deadlinePassed) { try await Served(answered) }
        await #expect(throws: ServingError.deadlinePassed) {
            try await scheduler.perform(deadline: soon()) { _ in try await Task.sleep(for: .seconds(60)) }
        }
        try await Self.wait { scheduler.statistics.running == 0 && scheduler.statistics.waiting == 0 }
    }

    @Test("other work runs between two steps of a long answer, and counts as running")
    func perform() async throws {
        let assistant = try await Self.open()
        let scheduler = AnswerScheduler(assistant, .init(running: 2, waiting: 8))
        let (picture, expected) = (try Self.question().pictures[0], ["cat", "dog"])
        let task = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        try await Self.wait { scheduler.statistics.steps > 2 }
        let before = scheduler.statistics.steps
        let ranking = try await scheduler.perform { assistant in
            #expect(scheduler.statistics.running == 2)
            let input = try await assistant.processor.input(picture, "What is it?")
            return try await assistant.rank(expected, behind: "What is it?", of: input)
        }
        #expect(ranking.candidates.count == 2)
        try await Self.wait { scheduler.statistics.steps > before + 2 }
        #expect(scheduler.statistics.running == 1)
        task.cancel()
        struct Full: Error {}
        await #expect(throws: Full.self) { try await scheduler.perform { _ in throw Full() } }
        // Work that is given up while it waits.
        let heavy = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        let second = Task { for try await _ in try scheduler.submit(Self.question()) {} }
        try await Self.wait { scheduler.statistics.running == 2 }
        let work = Task { try await scheduler.perform { _ in 1 } }
        try await Self.wait { scheduler.statistics.waiting == 1 }
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        heavy.cancel()
        second.cancel()
    }

    @Test("other work goes to an engine that does none")
    func spread() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 4, waiting: 8), beside: [try await Self.open()])
        for _ in 0..<3 {
            let engines = try await scheduler.perform { one in
                [ObjectIdentifier(one), try await scheduler.perform { ObjectIdentifier($0) }]
            }
            #expect(Set(engines).count == 2)
        }
    }

    @Test("a question with more beams than run at once is answered, when no other is")
    func heavy() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 2, waiting: 8))
        var options = AnswerOptions(maximumTokens: 6)
        options.decoding.beams = 5
        let streams = try [options, AnswerOptions(maximumTokens: 6), options, AnswerOptions(maximumTokens: 6)].map {
            try scheduler.submit(Self.question($0))
        }
        for stream in streams { #expect(try await Served(stream).answer != nil) }
        var many = AnswerOptions(maximumTokens: 6)
        many.decoding.sampling = .init(seed: 1)
        many.decoding.returned = .max
        await #expect(throws: GenerationError.self) { try await Served(scheduler.submit(Self.question(many))) }
        #expect(scheduler.statistics.running == 0 && scheduler.statistics.questions == 5)
    }

    @Test("a scheduler that is drained answers what it has, and takes no more")
    func drained() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 2, waiting: 8))
        let streams = try (0..<5).map { _ in try scheduler.submit(Self.question(AnswerOptions(maximumTokens: 20, stop: .configOnly))) }
        async let drained: Void = scheduler.drain()
        for stream in streams { #expect(try await Served(stream).answer != nil) }
        await drained
        #expect(throws: ServingError.closed) { try scheduler.submit(Self.question()) }
        await #expect(throws: ServingError.closed) { try await scheduler.perform { _ in 1 } }
        // Twice is once.
        await scheduler.drain()
        await AnswerScheduler(try await Self.open()).drain()
    }

    @Test("a scheduler that is stopped gives up what it has, within a token")
    func stopped() async throws {
        let scheduler = AnswerScheduler(try await Self.open(), .init(running: 1, waiting: 8))
        let streams = try (0..<3).map { _ in try scheduler.submit(Self.question()) }
        try await Self.wait { scheduler.statistics.steps > 2 }
        let steps = scheduler.statistics.steps
        await scheduler.stop()
        #expect(scheduler.statistics.running == 0 && scheduler.statistics.waiting == 0 && scheduler.statistics.failures == 3)
        #expect(scheduler.statistics.steps < steps + 500)
        for stream in streams { await #expect(throws: ServingError.closed) { try await Served(stream) } }
        #expect(throws: ServingError.closed) { try scheduler.submit(Self.question()) }
        await scheduler.stop()
    }

    @Test("embeddings are what the image encoder gives, or what the Q-Former found for an instruction", arguments: ["vicuna", "flan-t5"])
    func embeddings(_ checkpoint: String) async throws {
        let (tiny, references) = (try TinyNetwork(checkpoint), try References(checkpoint))
        let assistant = try await Assistant.open(Fixtures.checkpoint(checkpoint))
        let item = try #require(references.cases.cases.first)
        let picture = try ImageSource.file(Fixtures.picture(item.image)).load()
        let plain = try await assistant.embeddings(nil, about: [picture])
        let told = try await assistant.embeddings(item.instruction, about: [picture])
        #expect(plain.count == tiny.config.vision.hiddenSize && told.count == tiny.config.language.width)
        // Of the reference's own stages.
        for (name, found) in [("image_embeds", plain), ("soft_prompt", told)] {
            let tensor = try references.stored("\(item.name)/\(name)")
            let expected = try tensor.reshape([-1, tensor.size(-1)]).mean(0)
            #expect(try relativeDifference(Tensor.of(found), expected) < 1e-4, "\(name)")
        }
        // Twice the same picture has the same mean.
        let twice = try await assistant.embeddings(item.instruction, about: [picture, picture])
        #expect(zip(told, twice).allSatisfy { abs($0 - $1) < 1e-5 })
        await #expect(throws: BlipError.self) { try await assistant.embeddings(nil, about: []) }
        await #expect(throws: BlipError.emptyInstruction) { try await assistant.embeddings("", about: [picture]) }
    }
}
