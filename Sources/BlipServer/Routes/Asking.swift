import Blip
import BlipJSON
import Foundation
import Logging

/// One question on its way through the engine, as chat and captions ask it.
struct Asking: Sendable {
    let call: Call
    let loan: ModelShelf.Loan
    let desk: PicturesOnDesk
    let question: ServedQuestion

    /// What came of it.
    struct Outcome: Sendable {
        let answer: Answer
        /// Seconds in the queue.
        let waited: Double
    }

    var model: ServedModel { loan.model }

    init(
        _ call: Call, _ loan: ModelShelf.Loan, _ pictures: [PictureReference], _ instruction: String, _ options: AnswerOptions,
        alternatives: Int = 0, holding lease: Budget.Lease
    ) async throws {
        (self.call, self.loan) = (call, loan)
        if call.server.isDraining { throw Refusal.draining }
        // A full queue is told before pictures are decoded for nothing.
        let waiting = loan.model.scheduler.statistics.waiting
        if waiting >= call.server.settings.scheduling.waiting { throw Refusal(ServingError.queueFull(waiting: waiting)) }
        var desk = try await call.server.desk.pictures(pictures)
        desk.leases.append(lease)
        self.desk = desk
        var question = ServedQuestion(pictures: desk.pictures, instruction: instruction, options: options, deadline: call.deadline)
        question.alternatives = alternatives
        self.question = question
        let name = loan.model.name
        let book = call.server.book
        book.measure(.imageDecode, desk.decoding, model: name)
        if desk.fetching > 0.001 { book.measure(.imageFetch, desk.fetching, model: name) }
        book.measure(.parameterN, Double(options.decoding.returned), model: name)
        book.measure(.parameterMaxTokens, Double(options.decoding.maximumTokens), model: name)
        if call.server.settings.logsPrompts {
            // In quotes: a line break in it would begin a line of its own.
            call.logger.info("asked", metadata: ["model": "\(name)", "instruction": "\(instruction.debugDescription)"])
        }
    }

    /// The answers by the numbers that clients know them by: beams come best first, samples keep the place at which they were drawn.
    func numbered(_ answer: Answer) -> [(number: Int, sequence: Answer.Sequence)] {
        let isBeams = question.options.decoding.beams > 1
        return answer.sequences.enumerated().map { (isBeams ? $0 : $1.number, $1) }.sorted { $0.0 < $1.0 }
    }

    func submit() throws -> AsyncThrowingStream<AnswerEvent, any Error> { try model.scheduler.submit(question) }

    /// Waits for the whole answer.
    func outcome() async throws -> Outcome {
        var waited = 0.0
        var watch = FirstTokenWatch(self)
        for try await event in try submit() {
            switch event {
            case .began(let seconds): waited = seconds
            case .piece: watch.piece()
            case .answer(let answer):
                let outcome = Outcome(answer: answer, waited: waited)
                watch.piece()
                noteEnd(outcome)
                return outcome
            }
        }
        throw CancellationError()
    }

    func noteEnd(_ outcome: Outcome) {
        let (book, name) = (call.server.book, model.name)
        book.answer(outcome.answer, name, finish: outcome.answer.sequences.map(\.finishReason.rawValue))
        book.measure(.queueTime, outcome.waited, model: name)
        book.measure(.latency, call.seconds, model: name)
        if call.server.settings.logsPrompts {
            call.logger.info("answered", metadata: ["model": "\(name)", "answer": "\(outcome.answer.text.debugDescription)"])
        }
        for note in outcome.answer.notes { call.logger.debug("note", metadata: ["note": "\(note)"]) }
    }

    func noteGivenUp() { call.server.book.count("request_success_total", [("finished_reason", "abort"), ("model_name", model.name)]) }

    // MARK: What answers carry

    static func usage(_ answer: Answer) -> JSONValue {
        let tokens = answer.sequences.map(\.tokenIDs.count).reduce(0, +)
        return .record([
            "prompt_tokens": .integer(answer.promptTokens), "completion_tokens": .integer(tokens),
            "total_tokens": .integer(answer.promptTokens + tokens), "prompt_tokens_details": .record(["cached_tokens": .integer(0)]),
        ])
    }

    func timings(_ outcome: Outcome) -> JSONValue {
        let (answer, times) = (outcome.answer, outcome.answer.timings)
        return .record([
            "queue_ms": .milliseconds(outcome.waited), "image_ms": .milliseconds(desk.fetching + desk.decoding + times.image),
            "vision_ms": .milliseconds(times.vision), "qformer_ms": .milliseconds(times.qformer),
            "prompt_n": .integer(answer.promptTokens), "prompt_ms": .milliseconds(times.prefill),
            "predicted_n": .integer(answer.tokenIDs.count), "predicted_ms": .milliseconds(times.decode),
            "predicted_per_second": .number((times.tokensPerSecond * 100).rounded() / 100),
        ])
    }
}

/// Measures when tokens come.
struct FirstTokenWatch {
    private let asking: Asking
    private var last: ContinuousClock.Instant?

    init(_ asking: Asking) { self.asking = asking }

    mutating func piece() {
        let now = ContinuousClock.now
        let (book, name) = (asking.call.server.book, asking.model.name)
        if let last {
            book.measure(.interTokenLatency, last.duration(to: now) / .seconds(1), model: name)
        } else {
            book.measure(.timeToFirstToken, asking.call.seconds, model: name)
        }
        last = now
    }
}
