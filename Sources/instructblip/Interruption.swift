import Dispatch
import Foundation

/// Notes Ctrl-C, SIGTERM and a terminal that closes, so that long work can stop in order and leave nothing half-made.
///
/// Unchecked: the signals and the action are only touched under the lock.
final class Interruption: @unchecked Sendable {
    private let lock = NSLock()
    private var noted: [Int32] = []
    private var action: (@Sendable () -> Void)?
    private var sources: [any DispatchSourceSignal] = []

    init(_ numbers: [Int32] = [SIGINT, SIGTERM, SIGHUP]) {
        // A queue of its own has a thread even where work that blocks has taken all those of the shared pool.
        let queue = DispatchQueue(label: "instructblip interruption")
        for number in numbers {
            // Under nohup closing the terminal means nothing.
            if number == SIGHUP, Self.isIgnored(number) { continue }
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [weak self] in self?.note(number) }
            source.resume()
            sources.append(source)
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        #if canImport(Darwin)
            let handler = action.__sigaction_u.__sa_handler
        #else
            let handler = action.__sigaction_handler.sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    var happened: Bool { !signals.isEmpty }

    /// The signals so far, in order.
    var signals: [Int32] { lock.withLock { noted } }

    /// Calls `action` when it happens, on a thread of its own; at once where it happened already.
    func onHappening(_ action: @escaping @Sendable () -> Void) {
        let isLate = lock.withLock {
            self.action = action
            return !noted.isEmpty
        }
        if isLate { action() }
    }

    private func note(_ number: Int32) {
        let action = lock.withLock {
            noted.append(number)
            return self.action
        }
        action?()
    }
}

/// Runs `work` as a task that Ctrl-C, SIGTERM and SIGHUP cancel, so that it can stop in order.
func interruptible<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let interruption = Interruption()
    let task = Task(operation: work)
    interruption.onHappening { task.cancel() }
    // The signals are heard as long as it lives.
    defer { withExtendedLifetime(interruption) {} }
    return try await task.value
}
