import Synchronization

/// Calls actions at their times, with one task that sleeps for all of them.
///
/// A task that sleeps stays in memory until its time has come: where it is cancelled before, its timer still does. A server that gives each request some
/// minutes would so hold something of every request of the last minutes. Here nothing is left of what was cancelled.
package final class AlarmClock: Sendable {
    private struct Alarm {
        var time: ContinuousClock.Instant
        let interval: Duration?
        let action: @Sendable () -> Void
    }

    private struct State {
        var alarms: [Int: Alarm] = [:]
        var nextID = 0
        /// The task that sleeps for all, by its number, and when it wakes; nil where none does.
        var sleeper: (number: Int, wakes: ContinuousClock.Instant)?
        var sleepers = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Alarms that are set.
    package var count: Int { state.withLock { $0.alarms.count } }

    /// Tasks that have been started to sleep.
    package var sleepers: Int { state.withLock { $0.sleepers } }

    /// - Parameters:
    ///   - interval: after which it rings again, and so on; nil rings once.
    ///   - action: a quick one. Others ring when it is done.
    /// - Returns: by what the alarm is cancelled.
    package func ring(
        at time: ContinuousClock.Instant, every interval: Duration? = nil, _ action: @escaping @Sendable () -> Void
    ) -> Int {
        let (id, sleeper) = state.withLock { state -> (Int, Int?) in
            state.nextID += 1
            state.alarms[state.nextID] = Alarm(time: time, interval: interval, action: action)
            if let sleeper = state.sleeper, sleeper.wakes <= time { return (state.nextID, nil) }
            // Who slept for all until now wakes once more and ends.
            state.sleepers += 1
            state.sleeper = (state.sleepers, time)
            return (state.nextID, state.sleepers)
        }
        if let sleeper { sleep(sleeper, until: time) }
        return id
    }

    /// - Returns: whether it was set still.
    @discardableResult package func cancel(_ alarm: Int) -> Bool { state.withLock { $0.alarms.removeValue(forKey: alarm) } != nil }

    /// Runs `work`, and cancels it at a time.
    ///
    /// - Throws: `error` where that time comes before `work` is done, even if it is done then all the same; what `work` throws.
    package func within<Value: Sendable>(
        _ time: ContinuousClock.Instant, else error: any Error, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard time > .now else { throw error }
        let task = Task(operation: work)
        let alarm = ring(at: time) { task.cancel() }
        do {
            let value = try await withTaskCancellationHandler(operation: { try await task.value }, onCancel: { task.cancel() })
            guard cancel(alarm), time > .now else { throw error }
            return value
        } catch let failure { throw cancel(alarm) ? failure : error }
    }

    private func sleep(_ number: Int, until time: ContinuousClock.Instant) {
        Task { [weak self] in
            var time = time
            while true {
                do { try await Task.sleep(until: time, clock: .continuous) } catch { return }
                guard let next = self?.wake(number) else { return }
                time = next
            }
        }
    }

    /// Rings what is due.
    ///
    /// - Returns: when to wake next; nil where there is nothing left to sleep for.
    private func wake(_ number: Int) -> ContinuousClock.Instant? {
        let (due, next) = state.withLock { state -> ([Alarm], ContinuousClock.Instant?) in
            guard state.sleeper?.number == number else { return ([], nil) }
            let due = state.alarms.filter { $0.value.time <= .now }.sorted { $0.value.time < $1.value.time }
            for (id, alarm) in due {
                if let interval = alarm.interval { state.alarms[id]?.time += interval } else { state.alarms[id] = nil }
            }
            let next = state.alarms.values.map(\.time).min()
            state.sleeper = next.map { (number, $0) }
            return (due.map(\.value), next)
        }
        for alarm in due { alarm.action() }
        return next
    }
}
