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
