import Foundation
import Synchronization

/// What waits to be served, what is, and what was. It knows nothing of tensors; everybody may call it from anywhere.
///
/// Things leave in the order in which they came, except that one whose pictures are not prepared yet holds up none behind it.
final class ServingQueue: Sendable {
    private let limits: AnswerScheduler.Limits
    private let state = Mutex(State())
    /// Takes out what still waits at its deadline.
    let clock = AlarmClock()

    private let engines: Int
    /// Called with an engine's number when something can be served and that engine rests.
    private let serve: @Sendable (ServingQueue, Int) -> Void
    /// Called with a question to be prepared; it calls ``prepared(_:_:)`` when it is done.
    private let prepare: @Sendable (ServingQueue, Int, ServedJob) -> Void

    /// Questions prepared at once: as many as there are cores.
    private static let preparedAtOnce = max(1, ProcessInfo.processInfo.activeProcessorCount)

    private struct State {
        var entries: [Entry] = []
        var nextID = 0
        var preparing = 0
        /// Of everything that is served now.
        var weight = 0
        /// Engines that serve.
        var serving: Set<Int> = []
        /// Engines that do other work, once for each.
        var working: [Int] = []
        var isClosed = false
        var isStopped = false
        var statistics = ServingStatistics()
        var pictures: [Int: ServingStatistics.PictureCache] = [:]
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private struct Entry {
        let id: Int
        let weight: Int
        let body: Body
        var phase: Phase
        /// Of the deadline.
        let alarm: Int?
    }

    private enum Body {
        case question(ServedJob)
        case work(CheckedContinuation<Int, any Error>)

        func fail(_ error: any Error) {
            switch self {
            case .question(let job): job.fail(error)
            case .work(let continuation): continuation.resume(throwing: error)
            }
        }
    }

    private enum Phase {
        case new, preparing
        case ready(PreparedQuestion?)
    }

    /// What is to be done when the lock is given back.
    private struct Actions {
        var prepare: [(id: Int, job: ServedJob)] = []
        var serves: Int?
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    init(
        _ limits: AnswerScheduler.Limits, engines: Int = 1, serve: @escaping @Sendable (ServingQueue, Int) -> Void,
        prepare: @escaping @Sendable (ServingQueue, Int, ServedJob) -> Void
    ) {
        (self.limits, self.engines, self.serve, self.prepare) = (limits, engines, serve, prepare)
    }

    var statistics: ServingStatistics { state.withLock { $0.statistics } }

    func note(_ change: (inout ServingStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    /// Each engine keeps what it saw of pictures.
    func note(_ pictures: ServingStatistics.PictureCache, of engine: Int) {
        state.withLock { state in
            state.pictures[engine] = pictures
            state.statistics.pictureCache = state.pictures.values.reduce(into: ServingStatistics.PictureCache()) { $0.add($1) }
        }
    }

    // MARK: Coming

    /// - Returns: the question's number.
    func add(_ job: ServedJob) throws(ServingError) -> Int {
        try add(.question(job), weight: job.weight, .new, deadline: job.question.deadline)
    }

    /// Waits until it is the turn of something else than a question.
    ///
    /// - Returns: the engine whose turn it is to do it.
    func turn(deadline: ContinuousClock.Instant?) async throws -> Int {
        let number = Mutex<Int?>(nil)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int, any Error>) in
                do {
                    let id = try add(.work(continuation), weight: 1, .ready(nil), deadline: deadline)
                    number.withLock { $0 = id }
                    if Task.isCancelled { remove(id, CancellationError()) }
                } catch { continuation.resume(throwing: error) }
            }
        } onCancel: {
            if let id = number.withLock({ $0 }) { remove(id, CancellationError()) }
        }
    }

    private func add(
        _ body: Body, weight: Int, _ phase: Phase, deadline: ContinuousClock.Instant?
    ) throws(ServingError) -> Int {
        let (outcome, actions) = state.withLock { state -> (Result<Int, ServingError>, Actions) in
            if state.isClosed { return (.failure(.closed), Actions()) }
            let waiting = waiting(state)
            // What will be served at once does not wait.
            let waits = !waiting.isEmpty || !fits(weight, state.weight + state.entries.map(\.weight).reduce(0, Self.sum))
            if waits, waiting.count >= limits.waiting { return (.failure(.queueFull(waiting: waiting.count)), Actions()) }
            let id = state.nextID
            state.nextID += 1
            let alarm = deadline.map { clock.ring(at: $0) { [weak self] in self?.remove(id, ServingError.deadlinePassed) } }
            state.entries.append(Entry(id: id, weight: weight, body: body, phase: phase, alarm: alarm))
            return (.success(id), followUp(&state))
        }
        run(actions)
        return try outcome.get()
    }

    /// Those in the queue for which there is no room now.
    private func waiting(_ state: State) -> ArraySlice<Entry> {
        var weight = state.weight
        let first = state.entries.firstIndex { entry in
            guard fits(entry.weight, weight) else { return true }
            weight = Self.sum(weight, entry.weight)
            return false
        }
        return state.entries[(first ?? state.entries.endIndex)...]
    }

    /// Whether something can be served beside what weighs so much; alone anything can.
    private func fits(_ weight: Int, _ others: Int) -> Bool { others == 0 || Self.sum(weight, others) <= limits.running }

    /// Weights come from outside.
    private static func sum(_ first: Int, _ second: Int) -> Int {
        let (sum, overflows) = first.addingReportingOverflow(second)
        return overflows ? .max : sum
    }

    func prepared(_ id: Int, _ outcome: Result<PreparedQuestion, any Error>) {
        let (failed, actions) = state.withLock { state -> (Body?, Actions) in
            state.preparing -= 1
            guard let place = state.entries.firstIndex(where: { $0.id == id }) else { return (nil, followUp(&state)) }
            guard case .success(let question) = outcome else {
                let body = takeOut(place, &state).body
                end(&state, hasFailed: true)
                return (body, followUp(&state))
            }
            state.entries[place].phase = .ready(question)
            return (nil, followUp(&state))
        }
        if let failed, case .failure(let error) = outcome { failed.fail(error) }
        run(actions)
    }

    // MARK: Going

    /// Takes something out of the queue that is still in it.
    func remove(_ id: Int, _ error: any Error) {
        let (body, actions) = state.withLock { state -> (Body?, Actions) in
            guard let place = state.entries.firstIndex(where: { $0.id == id }) else { return (nil, Actions()) }
            let body = takeOut(place, &state).body
            if case .question = body { end(&state, hasFailed: true) }
            return (body, followUp(&state))
        }
        body?.fail(error)
        run(actions)
    }

    private func takeOut(_ place: Int, _ state: inout State) -> Entry {
        let entry = state.entries.remove(at: place)
        if let alarm = entry.alarm { clock.cancel(alarm) }
        return entry
    }

    /// Questions that are prepared.
    var prepared: Int { state.withLock { $0.entries.count { if case .ready(_?) = $0.phase { true } else { false } } } }

    /// An engine's share of them.
    var share: Int { (prepared + engines - 1) / engines }

    /// The next questions to be served, which count as served from now on; other work whose turn it is begins.
    ///
    /// - Parameters:
    ///   - most: so many questions at most.
    ///   - engine: that takes them.
    func take(most: Int, _ engine: Int) -> [PreparedQuestion] {
        let (questions, works, actions) = state.withLock { state in
            var (questions, works) = ([PreparedQuestion](), [CheckedContinuation<Int, any Error>]())
            var place = 0
            while place < state.entries.count {
                guard case .ready(let question) = state.entries[place].phase else {
                    place += 1
                    continue
                }
                guard fits(state.entries[place].weight, state.weight), question == nil || questions.count < most else { break }
                let entry = takeOut(place, &state)
                state.weight = Self.sum(state.weight, entry.weight)
                state.statistics.running += 1
                if let question { questions.append(question) }
                if case .work(let continuation) = entry.body {
                    works.append(continuation)
                    state.working.append(engine)
                }
            }
            return (questions, works, followUp(&state))
        }
        for work in works { work.resume(returning: engine) }
        run(actions)
        return questions
    }

    /// A question that was served has come to its end.
    func leave(weight: Int, hasFailed: Bool) {
        leave(weight) { end(&$0, hasFailed: hasFailed) }
    }

    /// Other work that an engine did has.
    func leaveWork(of engine: Int) {
        leave(1) { state in
            if let place = state.working.firstIndex(of: engine) { state.working.remove(at: place) }
        }
    }

    private func leave(_ weight: Int, _ change: (inout State) -> Void) {
        let actions = state.withLock { state in
            state.weight -= weight
            state.statistics.running -= 1
            change(&state)
            return followUp(&state)
        }
        run(actions)
    }

    private func end(_ state: inout State, hasFailed: Bool) {
        state.statistics.questions += 1
        if hasFailed { state.statistics.failures += 1 }
    }

    /// Everything in the queue fails, as there is no model to serve it.
    func fail(_ error: any Error, _ engine: Int) {
        empty(error) { $0.serving.remove(engine) }
    }

    private func empty(_ error: any Error, _ change: (inout State) -> Void) {
        let (bodies, actions) = state.withLock { state in
            var bodies: [Body] = []
            while !state.entries.isEmpty { bodies.append(takeOut(0, &state).body) }
            for body in bodies { if case .question = body { end(&state, hasFailed: true) } }
            change(&state)
            return (bodies, followUp(&state))
        }
        for body in bodies { body.fail(error) }
        run(actions)
    }

    /// Whether an engine goes on; if not, it is called when there is something.
    func goesOn(_ engine: Int, isIdle: Bool) -> Bool {
        state.withLock { state in
            let goesOn = !isIdle || canServe(state)
            if !goesOn { state.serving.remove(engine) }
            return goesOn
        }
    }

    /// Takes no more; returns when nothing is left.
    func drain() async {
        await withCheckedContinuation { continuation in
            let actions = state.withLock { state in
                state.isClosed = true
                state.drained.append(continuation)
                return followUp(&state)
            }
            run(actions)
        }
    }

    /// Takes no more, and gives up what there is; returns when nothing is left.
    func stop() async {
        empty(ServingError.closed) { ($0.isClosed, $0.isStopped) = (true, true) }
        await drain()
    }

    /// Whether what is served is to be given up.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    // MARK: Keeping going

    private func canServe(_ state: State) -> Bool {
        let ready = state.entries.first { if case .ready = $0.phase { true } else { false } }
        return ready.map { fits($0.weight, state.weight) } == true
    }

    /// What follows from a change.
    private func followUp(_ state: inout State) -> Actions {
        var actions = Actions()
        for place in state.entries.indices where state.preparing < Self.preparedAtOnce {
            guard case .new = state.entries[place].phase, case .question(let job) = state.entries[place].body else { continue }
            state.entries[place].phase = .preparing
            state.preparing += 1
            actions.prepare.append((state.entries[place].id, job))
        }
        let resting = (0..<engines).filter { !state.serving.contains($0) }
        if canServe(state), let engine = resting.first(where: { !state.working.contains($0) }) ?? resting.first {
            state.serving.insert(engine)
            actions.serves = engine
        }
        state.statistics.waiting = waiting(state).count
        if state.isClosed, state.entries.isEmpty, state.statistics.running == 0 {
            actions.drained = state.drained
            state.drained = []
        }
        return actions
    }

    private func run(_ actions: Actions) {
        for (id, job) in actions.prepare { prepare(self, id, job) }
        if let engine = actions.serves { serve(self, engine) }
        for continuation in actions.drained { continuation.resume() }
    }
}
