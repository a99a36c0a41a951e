import Foundation

/// A bar with share, amount, rate and time left on a terminal; silent elsewhere, and for work of less than half a second.
///
/// Unchecked: every access holds the lock.
final class ProgressBar: @unchecked Sendable {
    private let title: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private let lock = NSLock()
    private var lastDrawn: ContinuousClock.Instant?

    init(_ title: String) { self.title = title }

    func update(_ done: Int, of total: Int) {
        guard isTerminal, total > 0 else { return }
        lock.withLock {
            let now = ContinuousClock.now
            guard start.duration(to: now) > .milliseconds(500) else { return }
            if let lastDrawn, done < total, lastDrawn.duration(to: now) < .milliseconds(100) { return }
            lastDrawn = now
            write("\r\u{1B}[K" + Self.line(title, done, total, seconds: start.duration(to: now) / .seconds(1)))
        }
    }

    /// Clears the line.
    func finish() {
        lock.withLock {
            if lastDrawn != nil { write("\r\u{1B}[K") }
            lastDrawn = nil
        }
    }

    private func write(_ text: String) { writeRemark(text) }

    static func line(_ title: String, _ done: Int, _ total: Int, seconds: Double) -> String {
        let share = min(1, Double(done) / Double(total))
        let width = 24
        let filled = Int(share * Double(width))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        let left = rate > 0 ? Double(total - done) / rate : 0
        let amounts = String(
            format: "%3.0f%%  %.1f of %.1f GB  %.2f GB/s", share * 100, Double(done) / 1e9, Double(total) / 1e9, rate / 1e9)
        return "\(title) [\(bar)] \(amounts)  \(Int(left.rounded(.up))) s left"
    }
}
