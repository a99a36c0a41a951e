import Dispatch
import Foundation

/// Hears SIGTERM and Ctrl-C: the first one asks the server to stop, the second one ends the program.
///
/// Unchecked: the sources are made once and only kept.
final class StopSignals: @unchecked Sendable {
    private let first: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (first, heard) = AsyncStream.makeStream(of: Void.self)
        self.first = first
        let queue = DispatchQueue(label: "instructblip signals")
        let count = Count()
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // On the queue alone.
                count.value += 1
                if count.value > 1 { end(130) }
                heard.yield()
            }
            source.resume()
            return source
        }
    }

    /// Returns at the first signal, or when the task is cancelled.
    func wait() async { for await _ in first { return } }

    private final class Count: @unchecked Sendable { var value = 0 }
}
