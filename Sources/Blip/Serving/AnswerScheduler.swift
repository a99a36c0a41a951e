import Synchronization

/// Answers many questions at once with one model.
///
/// Questions wait in a queue while their pictures are prepared. Those for which there is room are read together, and then join the others that are
/// being answered: in one pass of the language model each of them gets its next token, whatever its options, its prompt and the time it came. So none
/// waits for another's end, and which others there are changes nothing for any of them.
///
/// ```swift
/// let scheduler = AnswerScheduler(assistant)
/// let question = ServedQuestion(pictures: [try picture.load()], instruction: "What is unusual about this image?")
/// for try await event in try scheduler.submit(question) {
///     if case .piece(_, let text) = event { print(text, terminator: "") }
/// }
/// ```
public final class AnswerScheduler: Sendable {
    /// How much is done and kept at once.
    public struct Limits: Sendable, Equatable {
        /// Answers written at once; each beam and each sample counts. A question with more of them than this is answered when no other is.
        public var running = 16
        /// Questions that wait for their turn; further ones are refused.
        public var waiting = 64

        public init(running: Int = 16, waiting: Int = 64) {
            self.running = running
            self.waiting = waiting
        }
    }

    /// The same checkpoint, once for each engine.
    private let assistants: [Assistant]
    let queue: ServingQueue

    /// - Parameter others: the same checkpoint, opened again: each has a thread of its own and answers its share of the questions. For a small
    ///   model that brings more than threads that share each product, which wait for each other more than they compute.
    public init(_ assistant: Assistant, _ limits: Limits = Limits(), beside others: [Assistant] = []) {
        let known = KnownProcessor(assistant)
        let assistants = [assistant] + others
        self.assistants = assistants
        queue = ServingQueue(
            limits, engines: assistants.count, serve: { queue, engine in Task { await assistants[engine].serve(queue, engine) } },
            prepare: { queue, id, job in
                Task {
                    let outcome: Result<PreparedQuestion, any Error>
                    do { outcome = .success(try job.prepare(try await known.processor)) } catch { outcome = .failure(error) }
                    queue.prepared(id, outcome)
                }
            })
    }

    /// Puts a question into the queue. Ending the iteration early (or cancelling the task that iterates) frees its place within one token.
    ///
    /// - Throws: ``ServingError/queueFull(waiting:)``, ``ServingError/closed``; the stream throws ``ServingError/deadlinePassed`` and whatever
    ///   is wrong with the question.
    public func submit(_ question: ServedQuestion) throws(ServingError) -> AsyncThrowingStream<AnswerEvent, any Error> {
        try submit(question, prepared: nil)
    }

    /// - Parameter prepared: stands for the question's pictures and words.
    func submit(_ question: ServedQuestion, prepared: ModelInput?) throws(ServingError) -> AsyncThrowingStream<AnswerEvent, any Error> {
        let (stream, events) = AsyncThrowingStream.makeStream(of: AnswerEvent.self, throwing: (any Error).self)
        let (job, queue) = (ServedJob(question, prepared: prepared, events), queue)
        let id = try queue.add(job)
        events.onTermination = { _ in
            job.giveUp()
            queue.remove(id, CancellationError())
        }
        return stream
    }

    /// Runs something else (ranking, a heat map, embeddings) on the thread of an engine that rests, or between two steps of one; it counts as a running
    /// answer.
    ///
    /// - Throws: ``ServingError``, and what the work throws. At the deadline its task is cancelled.
    public func perform<Value: Sendable>(
        deadline: ContinuousClock.Instant? = nil, _ work: @escaping @Sendable (Assistant) async throws -> Value
    ) async throws -> Value {
        let engine = try await queue.turn(deadline: deadline)
        defer { queue.leaveWork(of: engine) }
        let assistant = assistants[engine]
        guard let deadline else { return try await work(assistant) }
        return try await queue.clock.within(deadline, else: ServingError.deadlinePassed) { try await work(assistant) }
    }

    public var statistics: ServingStatistics { queue.statistics }

    /// Takes no more questions; returns when the last one is answered.
    public func drain() async { await queue.drain() }

    /// Takes no more questions and gives up those there are, with ``ServingError/closed``; returns when nothing is computed any more, after a token
    /// at most, or when other work (``perform(deadline:_:)``) has come to its end.
    ///
    /// A program that ends while its model computes may crash on the way out: what libtorch needs goes before its threads do.
    public func stop() async { await queue.stop() }
}

/// What prepares questions, asked for once: whoever asks waits for the engine's thread.
private final class KnownProcessor: Sendable {
    private let assistant: Assistant
    private let known = Mutex<Processor?>(nil)

    init(_ assistant: Assistant) { self.assistant = assistant }

    var processor: Processor {
        get async throws {
            if let processor = known.withLock({ $0 }) { return processor }
            let processor = try await assistant.processor
            known.withLock { $0 = processor }
            return processor
        }
    }
}
