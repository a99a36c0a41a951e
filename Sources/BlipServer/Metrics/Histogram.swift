/// How often values fell below each of some bounds.
struct Histogram: Sendable {
    private(set) var counts: [Int]
    private(set) var sum = 0.0
    private(set) var count = 0
    let bounds: [Double]

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count)
    }

    mutating func add(_ value: Double) {
        guard value.isFinite else { return }
        count += 1
        sum += value
        if let place = bounds.firstIndex(where: { value <= $0 }) { counts[place] += 1 }
    }

    /// Lines in Prometheus's text format; counts are of all values up to a bound.
    func lines(_ name: String, _ labels: String) -> String {
        var lines = ""
        var total = 0
        let parted = labels.isEmpty ? "" : labels + ","
        for (bound, count) in zip(bounds, counts) {
            total += count
            lines += "\(name)_bucket{\(parted)le=\"\(bound)\"} \(total)\n"
        }
        lines += "\(name)_bucket{\(parted)le=\"+Inf\"} \(count)\n"
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        return lines + "\(name)_sum\(braces) \(sum)\n\(name)_count\(braces) \(count)\n"
    }
}
