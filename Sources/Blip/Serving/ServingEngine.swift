import BlipDecoding
import BlipModels
import BlipTensors

extension Assistant {
    /// Serves what is in the queue until nothing is left that can be served.
    ///
    /// - Parameter number: of this one among those that serve the queue.
    func serve(_ queue: ServingQueue, _ number: Int) async {
        let engine: ServingEngine
        do { engine = ServingEngine(try checkpoint(), queue, number, loadSeconds: loadSeconds) } catch { return queue.fail(error, number) }
        while queue.goesOn(number, isIdle: engine.isIdle) {
            withoutGradients { engine.round() }
            // Other work on this thread has its turn between two steps.
            await giveWay()
        }
    }
}

/// Answers questions together, on the engine's thread: newcomers are read, then all take a step.
final class ServingEngine {
    private let checkpoint: Checkpoint
    private let queue: ServingQueue
    private let number: Int
    private let loadSeconds: Double
    private let session: any JointSession
    private var running: [RunningAnswer] = []
    /// Why the model's numbers are not finite, once somebody had to know.
    private var whyNotFinite: (any Error)?
    /// How long reading the last newcomers took, and how long, and by how many tokens, those before them have gone on since.
    private var readingSeconds = 0.0
    private var steppingSeconds = 0.0
    private var steps = 0

    init(_ checkpoint: Checkpoint, _ queue: ServingQueue, _ number: Int, loadSeconds: Double) {
        (self.checkpoint, self.queue, self.number, self.loadSeconds) = (checkpoint, queue, number, loadSeconds)
        session = checkpoint.network.language.jointSession()
    }

    var isIdle: Bool { running.isEmpty }

    /// Newcomers that are read at once while others wait for their next token: more would hold those up for longer.
    private static let newcomers = 4
    /// Reading takes at most two thirds of the time while answers are written: for each second of it, they go on for half a second.
    private static let stepShare = 0.5
    /// Steps for which newcomers wait for company: what reading costs beside its products is the same for one as for several.
    private static let patience = 3

    func round() {
        // 1. Who has given up, or waited too long, leaves.
        let isStopped = queue.isStopped
        running.removeAll { answer in
            guard let obstacle = isStopped ? ServingError.closed : answer.job.obstacle else { return false }
            leave(answer, failing: obstacle)
            return true
        }
        // 2. Newcomers are read.
        if readsNow {
            let clock = Stopwatch()
            let questions = queue.take(most: running.isEmpty ? max(Self.newcomers, queue.share) : Self.newcomers, number)
            if !questions.isEmpty {
                read(questions)
                (readingSeconds, steppingSeconds, steps) = (clock.seconds, 0, 0)
            }
        }
        // 3. All go on by a token.
        let clock = Stopwatch()
        if !running.isEmpty { step(running) }
        steppingSeconds += clock.seconds
        steps += 1
    }

    // MARK: Reading

    private var readsNow: Bool {
        if running.isEmpty { return true }
        guard steppingSeconds >= Self.stepShare * readingSeconds else { return false }
        return steps >= Self.patience || queue.prepared >= Self.newcomers
    }

    private func read(_ questions: [PreparedQuestion]) {
        var groups: [Int: [Newcomer]] = [:]
        for question in questions {
            do {
                if queue.isStopped { throw ServingError.closed }
                if let obstacle = question.job.obstacle { throw obstacle }
                let newcomer = try Newcomer(question, checkpoint, loadSeconds: loadSeconds)
                question.job.events.yield(.began(waited: newcomer.timings.waiting))
                groups[newcomer.input.frames.count, default: []].append(newcomer)
            } catch { end(question.job, failing: error) }
        }
        // Those with equally many pictures can be read together.
        for group in groups.sorted(by: { $0.key < $1.key }) { read(together: group.value[...]) }
        let use = checkpoint.pictureUse
        queue.note(ServingStatistics.PictureCache(queries: use.queries, hits: use.hits, bytes: use.bytes), of: number)
    }

    /// Reads newcomers in one batch; one that fails is halved until the question is found that cannot be read.
    private func read(together newcomers: ArraySlice<Newcomer>) {
        do {
            for answer in try start(Array(newcomers)) { running.append(answer) }
        } catch {
            if newcomers.count > 1 {
                let middle = newcomers.startIndex + newcomers.count / 2
                read(together: newcomers[..<middle])
                read(together: newcomers[middle...])
            } else if let newcomer = newcomers.first {
                end(newcomer.job, failing: error)
            }
        }
    }

    private func start(_ newcomers: [Newcomer]) throws -> [RunningAnswer] {
        var (timings, clock) = (Timings(), Stopwatch())
        let inputs = newcomers.map(\.input)
        let prompt = try checkpoint.prompt(inputs, &timings, &clock)
        let writers = try newcomers.map { newcomer in
            let options = newcomer.job.question.options
            let hooks = checkpoint.hooks(options, newcomer.request, [newcomer.input]) { _, _ in }
            return try AnswerWriter(
                newcomer.request, before: (hooks.said.first ?? []) + checkpoint.network.language.startIDs,
                alternatives: newcomer.job.question.alternatives, endsAnswer: hooks.endsAnswer)
        }
        let (rows, first) = try session.join(prompt, rooms: writers.map(\.room))
        do {
            // Every beam and every sample begins alike.
            let logits = try Tensor.concatenate(
                writers.enumerated().map { try first.slice(0, $0..<$0 + 1).expand([$1.count, first.size(1)]) }, 0)
            let failures = try AnswerWriter.advance(writers, logits)
            timings.prefill = clock.lap()
            let answers = newcomers.enumerated().map { place, newcomer in
                var mine = newcomer.timings
                (mine.vision, mine.qformer, mine.prefill) = (timings.vision, timings.qformer, timings.prefill)
                return RunningAnswer(newcomer, writers[place], row: rows[place], mine, checkpoint.processor)
            }
            queue.note { statistics in
                for newcomer in newcomers { statistics.promptTokens += checkpoint.promptTokens(of: newcomer.input) }
            }
            return went(on: answers, failures)
        } catch {
            for row in rows { session.leave(row) }
            throw error
        }
    }

    // MARK: Writing

    /// One more token for each; where there is no memory for all, for one half after the other.
    private func step(_ answers: [RunningAnswer]) {
        let logits: Tensor
        do {
            logits = try session.step(
                answers.map { JointTokens(row: $0.row, tokens: $0.writer.tokens, parents: $0.writer.parents) })
        } catch {
            if answers.count > 1 {
                step(Array(answers[..<(answers.count / 2)]))
                step(Array(answers[(answers.count / 2)...]))
            } else {
                fail(answers, error)
            }
            return
        }
        queue.note { statistics in
            statistics.steps += 1
            statistics.rows += answers.map(\.writer.count).reduce(0, +)
        }
        let written = answers.map(\.writer.written)
        do {
            let open = Set(went(on: answers, try AnswerWriter.advance(answers.map(\.writer), logits)).map(\.row))
            let mine = Set(answers.map(\.row))
            running.removeAll { mine.contains($0.row) && !open.contains($0.row) }
        } catch {
            // Those who were not reached cannot be given the same tokens twice.
            fail(zip(answers, written).filter { $0.writer.written == $1 }.map(\.0), error)
        }
    }

    private func fail(_ answers: [RunningAnswer], _ error: any Error) {
        let mine = Set(answers.map(\.row))
        running.removeAll { mine.contains($0.row) }
        for answer in answers { leave(answer, failing: error) }
    }

    /// Shows what is new, and lets those go that are done or have failed.
    ///
    /// - Returns: those that go on.
    private func went(on answers: [RunningAnswer], _ failures: [(any Error)?]) -> [RunningAnswer] {
        var (open, tokens) = ([RunningAnswer](), 0)
        for (answer, failure) in zip(answers, failures) {
            if let failure {
                leave(answer, failing: failure)
                continue
            }
            tokens += answer.writer.newTokens
            answer.show()
            if answer.writer.isDone {
                session.leave(answer.row)
                end(answer.job, with: answer.finish(checkpoint, notes: checkpoint.takeNotes()))
            } else {
                open.append(answer)
            }
        }
        queue.note { $0.generatedTokens += tokens }
        return open
    }

    // MARK: Ends

    private func leave(_ answer: RunningAnswer, failing error: any Error) {
        session.leave(answer.row)
        end(answer.job, failing: error)
    }

    private func end(_ job: ServedJob, with answer: Answer) {
        // Whoever waits for the end finds it counted.
        queue.leave(weight: job.weight, hasFailed: false)
        job.events.yield(.answer(answer))
        job.events.finish()
    }

    private func end(_ job: ServedJob, failing error: any Error) {
        queue.leave(weight: job.weight, hasFailed: true)
        job.fail(explain(error))
    }

    /// Where numbers overflow, whether it is the model's fault. Its weights are searched once.
    private func explain(_ error: any Error) -> any Error {
        guard case GenerationError.notFinite = error else { return error }
        if let whyNotFinite { return whyNotFinite }
        let reason: any Error
        do { reason = try checkpoint.explainNotFinite() } catch { reason = error }
        whyNotFinite = reason
        return reason
    }
}
