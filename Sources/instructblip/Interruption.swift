import Dispatch
import Foundation

/// Notes Ctrl-C and SIGTERM, so that long work can stop in order and leave nothing half-made.
///
/// Unchecked: the flag is only touched under the lock.
final class Interruption: @unchecked Sendable {
    private let lock = NSLock()
    private var isSet = false
    private var sources: [any DispatchSourceSignal] = []

    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in self?.set() }
            source.resume()
            sources.append(source)
        }
    }

    var happened: Bool { lock.withLock { isSet } }

    private func set() { lock.withLock { isSet = true } }
}

/// Runs `work` as a task that Ctrl-C and SIGTERM cancel, so that it can stop in order.
func interruptible<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let interruption = Interruption()
    let task = Task(operation: work)
    let watch = Task {
        while !interruption.happened { try await Task.sleep(for: .milliseconds(50)) }
        task.cancel()
    }
    defer { watch.cancel() }
    return try await task.value
}
