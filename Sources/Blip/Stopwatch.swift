/// Seconds since a start, and between laps.
struct Stopwatch {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var lapStart: ContinuousClock.Instant

    init() {
        start = clock.now
        lapStart = start
    }

    var seconds: Double { Self.seconds(start.duration(to: clock.now)) }

    /// Seconds since the last lap, or the start.
    mutating func lap() -> Double {
        let now = clock.now
        defer { lapStart = now }
        return Self.seconds(lapStart.duration(to: now))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
