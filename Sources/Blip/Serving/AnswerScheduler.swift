import BlipDecoding
import Synchronization

/// Answers many questions at once with one model.
public final class AnswerScheduler: Sendable {
    /// How much is done and kept at once.
    public struct Limits: Sendable, Equatable {
        /// Answers written at once; each beam and each sample counts.
        public var running = 16
        /// Questions that wait for their turn; further ones are refused.
        public var waiting = 64

        public init(running: Int = 16, waiting: Int = 64) {
            self.running = running
            self.waiting = waiting
        }
    }

    private let assistant: Assistant
    private let limits: Limits
    private let state = Mutex(State())

    private struct State {
        var queue: [Job] = []
        var statistics = ServingStatistics()
        var isClosed = false
        var isWorking = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    /// A question, and where its answer goes.
    private final class Job: Sendable {
        let question: ServedQuestion
        let events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation
        let clock = Stopwatch()
        let task = Mutex<Task<Answer, any Error>?>(nil)
        let isGivenUp = Atomic(false)

        init(_ question: ServedQuestion, _ events: AsyncThrowingStream<AnswerEvent, any Error>.Continuation) {
            self.question = question
            self.events = events
        }

        func giveUp() {
            isGivenUp.store(true, ordering: .relaxed)
            task.withLock { $0 }?.cancel()
        }
    }

    public init(_ assistant: Assistant, _ limits: Limits = Limits()) {
        self.assistant = assistant
        self.limits = limits
    }

    /// Puts a question into the queue. Ending the iteration early (or cancelling the task that iterates) frees its place within one token.
    ///
    /// - Throws: ``ServingError/queueFull(waiting:)``, ``ServingError/closed``; the stream throws ``ServingError/deadlinePassed`` and whatever
    ///   is wrong with the question.
    public func submit(_ question: ServedQuestion) throws(ServingError) -> AsyncThrowingStream<AnswerEvent, any Error> {
        let (stream, events) = AsyncThrowingStream.makeStream(of: AnswerEvent.self, throwing: (any Error).self)
        let job = Job(question, events)
        let outcome = state.withLock { state -> Result<Bool, ServingError> in
            if state.isClosed { return .failure(.closed) }
            if state.queue.count >= limits.waiting { return .failure(.queueFull(waiting: state.queue.count)) }
            state.queue.append(job)
            state.statistics.waiting = state.queue.count
            defer { state.isWorking = true }
            return .success(!state.isWorking)
        }
        events.onTermination = { _ in job.giveUp() }
        if try outcome.get() { Task { await work() } }
        return stream
    }

    /// Runs something else on the engine's thread between two steps (ranking, a heat map, embeddings), counted as a running question.
    public func perform<Value: Sendable>(
        deadline: ContinuousClock.Instant? = nil, _ work: @escaping @Sendable (Assistant) async throws -> Value
    ) async throws -> Value {
        if state.withLock({ $0.isClosed }) { throw ServingError.closed }
        if let deadline, deadline <= .now { throw ServingError.deadlinePassed }
        state.withLock { $0.statistics.running += 1 }
        defer { state.withLock { $0.statistics.running -= 1 } }
        return try await work(assistant)
    }

    public var statistics: ServingStatistics { state.withLock { $0.statistics } }

    /// Takes no more questions; returns when the last one is answered.
    public func drain() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                state.isClosed = true
                if state.isWorking { state.drained.append(continuation) }
                return !state.isWorking
            }
            if isDone { continuation.resume() }
        }
    }

    private func work() async {
        while let job = next() {
            let outcome = await answer(job)
            state.withLock { state in
                state.statistics.running -= 1
                state.statistics.questions += 1
                switch outcome {
                case .success(let answer):
                    state.statistics.promptTokens += answer.promptTokens
                    state.statistics.generatedTokens += answer.sequences.map(\.tokenIDs.count).reduce(0, +)
                case .failure: state.statistics.failures += 1
                }
            }
            switch outcome {
            case .success(let answer):
                job.events.yield(.answer(answer))
                job.events.finish()
            case .failure(let error): job.events.finish(throwing: error)
            }
        }
    }

    private func next() -> Job? {
        let (job, drained) = state.withLock { state -> (Job?, [CheckedContinuation<Void, Never>]) in
            if state.queue.isEmpty {
                state.isWorking = false
                defer { state.drained = [] }
                return (nil, state.drained)
            }
            let job = state.queue.removeFirst()
            state.statistics.waiting = state.queue.count
            state.statistics.running += 1
            return (job, [])
        }
        for continuation in drained { continuation.resume() }
        return job
    }

    private func answer(_ job: Job) async -> Result<Answer, any Error> {
        let (assistant, question) = (assistant, job.question)
        if let deadline = question.deadline, deadline <= .now { return .failure(ServingError.deadlinePassed) }
        let waited = job.clock.seconds
        job.events.yield(.began(waited: waited))
        let task = Task {
            if question.pictures.isEmpty {
                let input = try await assistant.processor.textInput(question.instruction)
                let answers = try await assistant.answers(to: [.success(input)], question.options)
                return try answers[0].get()
            }
            return try await assistant.answer(question.instruction, about: question.pictures, question.options) { text in
                if let deadline = question.deadline, deadline <= .now { throw ServingError.deadlinePassed }
                if question.options.decoding.beams == 1, question.options.decoding.returned == 1 {
                    job.events.yield(.piece(sequence: 0, text: text))
                }
            }
        }
        job.task.withLock { $0 = task }
        if job.isGivenUp.load(ordering: .relaxed) { task.cancel() }
        return await task.result.map { answer in
            var answer = answer
            answer.timings.waiting = waited
            return answer
        }
    }
}
