import Foundation

/// The range of an axis, with round ticks.
struct Axis: Equatable {
    struct Tick: Equatable {
        let value: Double
        let label: String
    }

    let low: Double
    let high: Double
    let isLogarithmic: Bool
    let ticks: [Tick]
    /// Lines between the ticks of a logarithmic axis; without a label.
    let minorTicks: [Double]

    static let labelSize = 11.5

    /// Where a value lies: 0 at the low end, 1 at the high one, outside beyond them.
    func position(of value: Double) -> Double {
        guard isLogarithmic else { return (value - low) / (high - low) }
        return (log10(value) - log10(low)) / (log10(high) - log10(low))
    }

    /// An axis for the range of steps: exactly that, from zero if the first step is near it.
    ///
    /// - Parameter width: of the axis in points; labels need room.
    static func steps(_ steps: ClosedRange<Int>?, width: Double) -> Axis {
        guard let steps else { return linear(0, 1, labels: false) }
        var (low, high) = (Double(steps.lowerBound), Double(steps.upperBound))
        if low >= 0, low <= 0.05 * high { low = 0 }
        // One step alone stands in the middle.
        if low == high { (low, high) = (low - 1, high + 1) }
        let choices = [8, 6, 5, 4, 3, 2].map { ticks(low, high, max(1, roundStep(over: high - low, count: $0))) }
        let fitting = choices.first { ticks in
            let widest = ticks.map { StrokeFont.width($0.label, size: labelSize) }.max() ?? 0
            return Double(ticks.count) * (widest + 24) <= width
        }
        return Axis(low: low, high: high, isLogarithmic: false, ticks: fitting ?? choices.last ?? [], minorTicks: [])
    }

    /// An axis for values, with a little room around them.
    ///
    /// - Parameter values: the range; nil if there is nothing to show. On a logarithmic axis both ends must be above zero.
    static func values(_ values: ClosedRange<Double>?, logarithmic: Bool) -> Axis {
        guard let values else { return linear(0, 1, labels: false) }
        if logarithmic, values.lowerBound > 0 { return self.logarithmic(values.lowerBound, values.upperBound) }
        var (low, high) = (values.lowerBound, values.upperBound)
        // Equal values, or too near for the numbers to tell apart, lie in the middle of an axis as wide as a tenth of them.
        if high - low <= 1e-9 * max(abs(low), abs(high)) || high - low < 1e-300 {
            let room = max(abs(low), abs(high)) * 0.05
            (low, high) = (low - (room > 1e-300 ? room : 0.5), high + (room > 1e-300 ? room : 0.5))
        } else {
            // Loss and accuracy have their end at zero, and no curve needs to see behind it.
            let room = (high / 2 - low / 2) * 0.1
            (low, high) = (low >= 0 && low < room ? 0 : low - room, high + room)
        }
        return linear(max(low, -8e307), min(high, 8e307), labels: true)
    }

    private static func linear(_ low: Double, _ high: Double, labels: Bool) -> Axis {
        guard labels else { return Axis(low: low, high: high, isLogarithmic: false, ticks: [], minorTicks: []) }
        let step = roundStep(over: high - low, count: 5)
        return Axis(low: low, high: high, isLogarithmic: false, ticks: ticks(low, high, step), minorTicks: [])
    }

    private static func logarithmic(_ lowest: Double, _ highest: Double) -> Axis {
        let span = log10(highest) - log10(lowest)
        let room = max(0.04 * span, 0.02)
        let low = max(pow(10, log10(lowest) - room), .leastNormalMagnitude)
        let high = min(pow(10, log10(highest) + room), 1e308)
        let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.down))
        func multiples(_ factors: [Double]) -> [Double] {
            decades.flatMap { decade in factors.map { $0 * power(decade) } }.filter { $0 >= low && $0 <= high }
        }
        var places: [Double]
        switch span {
        // Of very many decades not every one has room for a label.
        case 2...: places = multiples([1]).enumerated().filter { $0.offset % (Int(span) / 8 + 1) == 0 }.map(\.element)
        case 0.8...: places = multiples([1, 2, 5])
        default: places = ticks(low, high, roundStep(over: high - low, count: 5)).map(\.value)
        }
        if places.count < 2 { places = [low, high].map { round($0, digits: 3) }.filter { $0 >= low && $0 <= high } }
        let minor = span >= 0.8 && span < 12 ? multiples([2, 3, 4, 5, 6, 7, 8, 9]).filter { !places.contains($0) } : []
        let labelled = places.map { Tick(value: $0, label: AxisLabel.text($0)) }
        return Axis(low: low, high: high, isLogarithmic: true, ticks: labelled, minorTicks: minor)
    }

    /// 1, 2 or 5 times a power of ten, so that about `count` steps cover the length.
    static func roundStep(over length: Double, count: Int) -> Double {
        let rough = length / Double(count)
        guard rough > 0, rough.isFinite else { return 1 }
        let decade = Int(log10(rough).rounded(.down))
        let factor = rough / pow(10, Double(decade))
        let round: Double = factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10
        return round * power(decade)
    }

    /// Multiples of the step from low to high, each computed by itself, so that 0.3 is 0.3.
    private static func ticks(_ low: Double, _ high: Double, _ step: Double) -> [Tick] {
        let (first, last) = ((low / step - 1e-9).rounded(.up), (high / step + 1e-9).rounded(.down))
        guard first.magnitude < 1e15, last.magnitude < 1e15, last >= first, last - first < 100 else { return [] }
        // Dividing by a whole number is exact where multiplying by a tenth is not.
        let decade = Int(log10(step).rounded(.down))
        let values = stride(from: first, through: last, by: 1).map { multiple in
            let factor = multiple * (step / power(decade)).rounded()
            return decade < 0 ? factor / power(-decade) : factor * power(decade)
        }
        return values.map { Tick(value: $0, label: AxisLabel.text($0, step: step)) }
    }

    /// A power of ten as the literal has it; `pow` is off by a bit for some.
    private static func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? pow(10, Double(exponent)) }

    private static func round(_ value: Double, digits: Int) -> Double { Double(String(format: "%.\(digits - 1)e", value)) ?? value }
}

/// Numbers as people write them at an axis.
enum AxisLabel {
    /// A tick of an axis whose ticks are `step` apart: all with as many decimals as the step needs.
    static func text(_ value: Double, step: Double) -> String {
        if value == 0 { return "0" }
        let largest = abs(value)
        if step < 1e-3 && largest < 1e-2 || largest >= 1e7 { return scientific(value, step: step) }
        let decimals = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
        return decimals > 9 ? scientific(value, step: step) : grouped(String(format: "%.\(decimals)f", value))
    }

    /// A number by itself, with at most four digits that count.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "not a number" }
        if value.isInfinite { return value < 0 ? "-infinite" : "infinite" }
        let size = abs(value)
        if size != 0 && (size < 1e-3 || size >= 1e7) { return scientific(value) }
        let text = String(format: "%.*f", size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 4 : 5, value)
        return grouped(trimmed(text))
    }

    /// - Parameter step: what the digits must tell apart.
    private static func scientific(_ value: Double, step: Double? = nil) -> String {
        let digits = step.map { log10(abs(value)).rounded(.down) - (log10($0) + 1e-9).rounded(.down) } ?? 3
        let parts = String(format: "%.\(Int(max(0, min(16, digits))))e", value).split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(value)" }
        return "\(trimmed(String(parts[0])))e\(exponent)"
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// With commas between thousands.
    private static func grouped(_ text: String) -> String {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard let whole = parts.first else { return text }
        let digits = whole.drop { $0 == "-" }
        var result = String(whole.prefix(whole.count - digits.count))
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return parts.count == 2 ? result + "." + parts[1] : result
    }
}
