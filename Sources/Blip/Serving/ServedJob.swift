import BlipDecoding
import Synchronization

/// A question that is served, and where its answer goes.
final class ServedJob: Sendable {
    let question: ServedQuestion
    let events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation
    let submitted = ContinuousClock.now
    /// Nil where the question's own pictures and words are to be prepared.
    let prepared: ModelInput?
    private let givenUp = Atomic(false)

    init(_ question: ServedQuestion, prepared: ModelInput?, _ events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation) {
        (self.question, self.prepared, self.events) = (question, prepared, events)
    }

    /// Whether nobody waits for the answer any more.
    var isGivenUp: Bool { givenUp.load(ordering: .relaxed) }

    func giveUp() { givenUp.store(true, ordering: .relaxed) }

    func fail(_ error: any Error) { events.finish(throwing: error) }

    /// What stands in the way of an answer now.
    var obstacle: (any Error)? {
        if isGivenUp { return CancellationError() }
        return question.deadline.map { $0 <= .now } == true ? ServingError.deadlinePassed : nil
    }

    /// How many answers are written at once: every beam and every sample.
    var weight: Int {
        let decoding = question.options.decoding
        return max(1, decoding.beams > 1 ? decoding.beams : decoding.returned)
    }

    /// Makes the question's input, anywhere but on the engine's thread.
    func prepare(_ processor: Processor) throws -> PreparedQuestion {
        let clock = Stopwatch()
        var request = question.options.decoding
        request.stopIDs = question.options.stop.ids(processor.config.language, processor.tokenizer)
        try request.validate()
        guard weight <= Self.heaviest else {
            throw GenerationError.invalid(option: "the number of answers", found: "\(weight)", expected: "at most \(Self.heaviest)")
        }
        guard (0...Self.mostAlternatives).contains(question.alternatives) else {
            throw GenerationError.invalid(
                option: "the number of alternatives", found: "\(question.alternatives)", expected: "0 to \(Self.mostAlternatives)")
        }
        let input =
            try prepared
            ?? (question.pictures.isEmpty
                ? processor.textInput(question.instruction) : processor.input(question.pictures, question.instruction))
        return PreparedQuestion(job: self, input: input, request: request, seconds: clock.seconds)
    }

    /// Ours, on memory: each sample keeps keys and values of its own.
    private static let heaviest = 128
    private static let mostAlternatives = 100
}

/// A question that can be answered as soon as there is room.
struct PreparedQuestion: Sendable {
    let job: ServedJob
    let input: ModelInput
    let request: DecodingOptions
    /// Resizing and normalising the pictures.
    let seconds: Double
}
