import Foundation

/// A bar with share, amount, rate and time left on a terminal. Elsewhere bytes are silent, and items are told of in plain lines, for a log.
///
/// Work of less than half a second has no bar.
///
/// Unchecked: every access holds the lock.
final class ProgressBar: @unchecked Sendable {
    enum Unit { case bytes, items }

    private let title: String
    private let unit: Unit
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private let lineInterval: Duration
    private let lock = NSLock()
    private var lastDrawn: ContinuousClock.Instant?
    /// What was said last, or would be said next, in a log.
    private var pending: String?

    /// - Parameter lineInterval: between the lines of a log.
    init(_ title: String, _ unit: Unit = .bytes, lineInterval: Duration = .seconds(10)) {
        self.title = title
        self.unit = unit
        self.lineInterval = lineInterval
    }

    /// - Parameter note: said at the end of the line.
    func update(_ done: Int, of total: Int, note: String? = nil) {
        guard isTerminal || unit == .items, total > 0 else { return }
        lock.withLock {
            let now = ContinuousClock.now
            let seconds = start.duration(to: now) / .seconds(1)
            let notes = note.map { "  \($0)" } ?? ""
            guard isTerminal else {
                let line = "\(title): \(Self.amounts(done, total, unit, seconds: seconds))\(notes)\n"
                pending = done > 0 ? line : nil
                if (lastDrawn ?? start).duration(to: now) >= lineInterval {
                    lastDrawn = now
                    writePending()
                }
                return
            }
            guard seconds > 0.5 else { return }
            if let lastDrawn, done < total, lastDrawn.duration(to: now) < .milliseconds(100) { return }
            lastDrawn = now
            writeRemark("\r\u{1B}[K" + Self.line(title, done, total, unit, seconds: seconds) + notes)
        }
    }

    /// Clears the line; in a log, says what is not said yet.
    func finish() {
        lock.withLock {
            if isTerminal, lastDrawn != nil { writeRemark("\r\u{1B}[K") }
            lastDrawn = nil
            writePending()
        }
    }

    private func writePending() {
        if let pending { writeRemark(pending) }
        pending = nil
    }

    static func line(_ title: String, _ done: Int, _ total: Int, _ unit: Unit = .bytes, seconds: Double) -> String {
        let width = 24
        let filled = Int(min(1, Double(done) / Double(total)) * Double(width))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
        return "\(title) [\(bar)] \(amounts(done, total, unit, seconds: seconds))"
    }

    private static func amounts(_ done: Int, _ total: Int, _ unit: Unit, seconds: Double) -> String {
        let share = min(1, Double(done) / Double(total)) * 100
        let rate = seconds > 0 ? Double(done) / seconds : 0
        let left = rate > 0 ? duration(Double(total - done) / rate) : "? s"
        switch unit {
        case .bytes:
            let amounts = String(format: "%3.0f%%  %.1f of %.1f GB  %.2f GB/s", share, Double(done) / 1e9, Double(total) / 1e9, rate / 1e9)
            return "\(amounts)  \(left) left"
        case .items:
            return String(format: "%3.0f%%  %ld of %ld  %.*f/s", share, done, total, rate < 10 ? 2 : 0, rate) + "  \(left) left"
        }
    }

    /// `7 s`, `3 min 20 s`, `2 h 5 min`.
    static func duration(_ seconds: Double) -> String {
        let all = Int(min(seconds, 1e9).rounded(.up))
        switch all {
        case ..<120: return "\(all) s"
        case ..<7200: return "\(all / 60) min \(all % 60) s"
        default: return "\(all / 3600) h \(all % 3600 / 60) min"
        }
    }
}
