import Blip
import NIOCore
import Synchronization

/// Tells whoever works for a connection that its client has gone.
final class ConnectionWatch: Sendable {
    private struct State {
        var isGone = false
        var next = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Calls `action` once when the client goes, at once if it has gone.
    ///
    /// - Returns: by what it is forgotten.
    func whenGone(_ action: @escaping @Sendable () -> Void) -> Int {
        let (place, isGone) = state.withLock { state in
            state.next += 1
            if !state.isGone { state.actions[state.next] = action }
            return (state.next, state.isGone)
        }
        if isGone { action() }
        return place
    }

    func forget(_ place: Int) { _ = state.withLock { $0.actions.removeValue(forKey: place) } }

    func gone() {
        let actions = state.withLock { state in
            state.isGone = true
            defer { state.actions = [:] }
            return state.actions
        }
        for action in actions.values { action() }
    }
}

/// The watches of all open connections.
final class ConnectionWatches: Sendable {
    private let watches = Mutex<[ObjectIdentifier: ConnectionWatch]>([:])

    func add(_ channel: any Channel) -> ConnectionWatch {
        let watch = ConnectionWatch()
        watches.withLock { $0[ObjectIdentifier(channel)] = watch }
        return watch
    }

    func remove(_ channel: any Channel) {
        watches.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.gone()
    }

    subscript(_ channel: any Channel) -> ConnectionWatch? { watches.withLock { $0[ObjectIdentifier(channel)] } }

    var count: Int { watches.withLock { $0.count } }

    /// Runs `work` as a task that is cancelled when the client goes.
    func whileConnected<Value: Sendable>(
        _ channel: any Channel, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task(operation: work)
        let watch = self[channel]
        let place = watch?.whenGone { task.cancel() }
        defer { if let place { watch?.forget(place) } }
        return try await withTaskCancellationHandler(operation: { try await task.value }, onCancel: { task.cancel() })
    }
}

/// The time for something is over.
struct TimeIsOver: Error {}

extension AlarmClock {
    /// Runs `work`, and cancels it after so many seconds.
    ///
    /// - Throws: ``TimeIsOver``, or what `work` throws.
    func within<Value: Sendable>(_ seconds: Double, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await within(.now + .seconds(seconds), else: TimeIsOver(), work)
    }
}
