import Blip
import Foundation
import Logging
import Synchronization

/// The models by their names: opened when they are first asked for, closed when nobody has asked for long.
final class ModelShelf: Sendable {
    private enum State {
        case closed
        case opening(Task<ServedModel, any Error>)
        case open(ServedModel)
        case failed(at: ContinuousClock.Instant)
    }

    private struct Slot {
        let specification: ModelSpecification
        var state = State.closed
        var users = 0
        var lastUse = ContinuousClock.now
    }

    /// Holds a model open.
    final class Loan: Sendable {
        let model: ServedModel
        private let shelf: ModelShelf

        fileprivate init(_ model: ServedModel, _ shelf: ModelShelf) { (self.model, self.shelf) = (model, shelf) }

        deinit { shelf.giveBack(model.name) }
    }

    /// The names, the usual one first.
    let names: [String]
    let started = Date()
    private let limits: ServerLimits
    private let scheduling: AnswerScheduler.Limits
    private let opens: @Sendable (ModelSpecification) async throws -> Assistant
    private let logger: Logger
    private let slots: Mutex<[String: Slot]>
    private let clock = AlarmClock()
    /// Whether the usual model has been open.
    private let hasBeenOpen = Atomic(false)
    /// Seconds after which a model that could not be opened is tried again.
    private static let pause = 10.0

    /// - Precondition: there is at least one model, and no name twice.
    init(
        _ specifications: [ModelSpecification], _ limits: ServerLimits, _ scheduling: AnswerScheduler.Limits, _ logger: Logger,
        opens: @escaping @Sendable (ModelSpecification) async throws -> Assistant
    ) {
        precondition(!specifications.isEmpty, "a server has a model")
        names = specifications.map(\.name)
        (self.limits, self.scheduling, self.logger, self.opens) = (limits, scheduling, logger, opens)
        slots = Mutex(Dictionary(uniqueKeysWithValues: specifications.map { ($0.name, Slot(specification: $0)) }))
    }

    // MARK: Borrowing

    /// - Parameter name: nil is the usual model.
    /// - Throws: ``Refusal``: unknown, being opened, or not to be opened.
    func borrow(_ name: String?) async throws -> Loan {
        let name = name ?? names[0]
        let task: Task<ServedModel, any Error>
        switch try take(name) {
        case .model(let model): return Loan(model, self)
        case .wait(let opening): task = opening
        }
        guard limits.loadWait > 0 else { throw Refusal.loading }
        do {
            _ = try await clock.within(limits.loadWait) { try await Self.value(of: task) }
        } catch is TimeIsOver {
            throw Refusal.loading
        } catch let error as CancellationError {
            throw error
        } catch { throw Refusal.modelFailed }
        guard case .model(let model) = try take(name) else { throw Refusal.loading }
        return Loan(model, self)
    }

    /// Waits for a task. Waiting may be given up, and the task goes on.
    private static func value(of task: Task<ServedModel, any Error>) async throws -> ServedModel {
        let (stream, events) = AsyncThrowingStream.makeStream(of: ServedModel.self)
        let waiting = Task {
            do { events.yield(try await task.value) } catch { events.finish(throwing: error) }
            events.finish()
        }
        defer { waiting.cancel() }
        for try await model in stream { return model }
        throw CancellationError()
    }

    private enum Taken {
        case model(ServedModel)
        case wait(Task<ServedModel, any Error>)
    }

    private func take(_ name: String) throws -> Taken {
        try slots.withLock { slots in
            guard var slot = slots[name] else { throw Refusal.unknownModel(name) }
            defer { slots[name] = slot }
            slot.lastUse = .now
            switch slot.state {
            case .open(let model):
                slot.users += 1
                return .model(model)
            case .opening(let task): return .wait(task)
            case .failed(let at) where at.duration(to: .now) < .seconds(Self.pause): throw Refusal.modelFailed
            case .closed, .failed:
                let task = opening(slot.specification)
                slot.state = .opening(task)
                return .wait(task)
            }
        }
    }

    private func giveBack(_ name: String) {
        slots.withLock { slots in
            slots[name]?.users -= 1
            slots[name]?.lastUse = .now
        }
    }

    // MARK: Opening and closing

    /// Opens the usual model.
    func start() async throws {
        switch try take(names[0]) {
        case .model(let model): giveBack(model.name)
        case .wait(let task): _ = try await Self.value(of: task)
        }
    }

    private func opening(_ specification: ModelSpecification) -> Task<ServedModel, any Error> {
        Task { [self] in
            let name = specification.name
            do {
                let start = ContinuousClock.now
                var assistants: [Assistant] = []
                for _ in 0..<max(1, specification.engines) { assistants.append(try await opens(specification)) }
                let model = try await ServedModel(name, assistants, scheduling)
                slots.withLock { $0[name]?.state = .open(model) }
                if name == names[0] { hasBeenOpen.store(true, ordering: .relaxed) }
                let seconds = start.duration(to: .now) / .seconds(1)
                logger.info("model open", metadata: ["model": "\(name)", "seconds": "\((seconds * 100).rounded() / 100)"])
                return model
            } catch {
                slots.withLock { $0[name]?.state = .failed(at: .now) }
                logger.error("model cannot be opened", metadata: ["model": "\(name)", "error": "\(error)"])
                throw error
            }
        }
    }

    /// Closes what nobody has used for so many seconds.
    func closeIdle(after seconds: Double) {
        let closed = slots.withLock { slots -> [ServedModel] in
            var closed: [ServedModel] = []
            for (name, slot) in slots {
                guard case .open(let model) = slot.state, slot.users == 0, slot.lastUse.duration(to: .now) >= .seconds(seconds) else {
                    continue
                }
                slots[name]?.state = .closed
                closed.append(model)
            }
            return closed
        }
        for model in closed { logger.info("model closed, nobody asks", metadata: ["model": "\(model.name)"]) }
    }

    /// Returns when every question that was taken is answered.
    func drain() async {
        await withTaskGroup(of: Void.self) { group in
            for model in open { group.addTask { await model.scheduler.drain() } }
        }
    }

    // MARK: Looking

    /// The models that are open now, in the order of their names.
    var open: [ServedModel] {
        slots.withLock { slots in
            names.compactMap { name in if case .open(let model)? = slots[name]?.state { model } else { nil } }
        }
    }

    /// Whether the usual model has been open. One that rests since then counts too: the next question opens it.
    var isReady: Bool {
        slots.withLock { slots in
            if case .failed? = slots[names[0]]?.state { return false }
            return hasBeenOpen.load(ordering: .relaxed)
        }
    }
}
