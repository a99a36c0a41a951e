import BlipJSON
import Testing

@testable import BlipRuns

@Suite struct AxisTests {
    @Test(
        arguments: [
            (0...1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0.42...3.1, ["0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]),
            (-5...7, ["-4", "-2", "0", "2", "4", "6"]), (0.311...0.319, ["0.312", "0.314", "0.316", "0.318"]),
            (1e-8...1e-5, ["0", "2e-6", "4e-6", "6e-6", "8e-6", "1e-5"]),
            (0...60000, ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]),
            (1e12...3e12, ["1e12", "1.5e12", "2e12", "2.5e12", "3e12"]),
            (0.37...0.37, ["0.355", "0.360", "0.365", "0.370", "0.375", "0.380", "0.385"]),
            (0...0, ["-0.4", "-0.2", "0", "0.2", "0.4"]),
        ] as [(ClosedRange<Double>, [String])])
    func `ticks of values are round, with as many decimals as they need`(range: ClosedRange<Double>, labels: [String]) {
        #expect(Axis.values(range, logarithmic: false).ticks.map(\.label) == labels)
    }

    @Test func `ticks are the numbers that their labels say`() {
        let axis = Axis.values(0...0.9, logarithmic: false)
        #expect(axis.ticks.map(\.value) == [0, 0.2, 0.4, 0.6, 0.8])
        #expect(Axis.values(1e-8...1e-5, logarithmic: false).ticks.map(\.value) == [0, 2e-6, 4e-6, 6e-6, 8e-6, 1e-5])
    }

    @Test(
        arguments: [
            (1...2000, 0.0, 2000.0, ["0", "200", "400", "600", "800", "1,000", "1,200", "1,400", "1,600", "1,800", "2,000"]),
            (1...60000, 0, 60000, ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]),
            (500...900, 500, 900, ["500", "550", "600", "650", "700", "750", "800", "850", "900"]), (1...3, 1, 3, ["1", "2", "3"]),
            (7...7, 6, 8, ["6", "7", "8"]),
            (0...0, -1, 1, ["-1", "0", "1"]),
        ] as [(ClosedRange<Int>, Double, Double, [String])])
    func `the axis of steps ends with the steps and has whole ticks`(steps: ClosedRange<Int>, low: Double, high: Double, labels: [String]) {
        let axis = Axis.steps(steps, width: 840)
        #expect(axis.low == low && axis.high == high)
        #expect(axis.ticks.map(\.label) == labels)
    }

    @Test(
        arguments: [
            (0.001...1000, ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]), (0.4...3, ["0.5", "1", "2"]),
            (0.3...0.4, ["0.3", "0.32", "0.34", "0.36", "0.38", "0.4"]),
            (1e-8...1e-5, ["1e-8", "1e-7", "1e-6", "1e-5"]), (2...2, ["2"]),
        ] as [(ClosedRange<Double>, [String])])
    func `ticks of a logarithmic axis are powers of ten where there are some`(range: ClosedRange<Double>, labels: [String]) {
        let axis = Axis.values(range, logarithmic: true)
        for label in labels { #expect(axis.ticks.map(\.label).contains(label), "\(axis.ticks.map(\.label))") }
        #expect(axis.isLogarithmic)
    }

    @Test(arguments: [1, 9, 10, 250, 4000, 99_999, 1_000_000, 9_999_999, 123_456_789, Int.max])
    func `labels of steps do not touch`(last: Int) {
        for width in [300.0, 480, 840] {
            let axis = Axis.steps(1...last, width: width)
            let widest = axis.ticks.map { StrokeFont.width($0.label, size: 11.5) }.max() ?? 0
            let gap = zip(axis.ticks, axis.ticks.dropFirst()).map { (axis.position(of: $1.value) - axis.position(of: $0.value)) * width }
                .min()
            #expect((gap ?? .infinity) > widest + 8, "\(axis.ticks)")
            #expect(!axis.ticks.isEmpty)
        }
    }

    @Test func `positions on a logarithmic axis follow the exponents`() {
        let axis = Axis.values(0.01...100, logarithmic: true)
        #expect(abs(axis.position(of: 1) - 0.5) < 1e-12)
        #expect(abs(axis.position(of: 10) - axis.position(of: 1) - (axis.position(of: 1) - axis.position(of: 0.1))) < 1e-12)
        #expect(axis.minorTicks.contains(0.02) && !axis.minorTicks.contains(0.1))
    }

    @Test func `any range has a few ticks inside, evenly spaced, and room for its ends`() {
        var generator = SeededGenerator(state: 11)
        for _ in 0..<3000 {
            let scale = Double("1e\(Int.random(in: -250...250, using: &generator))") ?? 1
            let (a, b) = (Double.random(in: -1...1, using: &generator) * scale, Double.random(in: -1...1, using: &generator) * scale)
            let axis = Axis.values(min(a, b)...max(a, b), logarithmic: false)
            #expect((2...12).contains(axis.ticks.count), "\(min(a, b))...\(max(a, b)): \(axis.ticks)")
            #expect(axis.position(of: min(a, b)) >= 0 && axis.position(of: max(a, b)) <= 1)
            #expect(axis.ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(axis.position(of: $0.value)) })
            #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count, "\(axis.ticks)")
            let (low, high) = (abs(a) + scale * 1e-6, (abs(a) + abs(b)) * 1.0001 + scale * 2e-6)
            let logarithmic = Axis.values(low...high, logarithmic: true)
            #expect((1...20).contains(logarithmic.ticks.count), "\(low)...\(high): \(logarithmic.ticks)")
            #expect(logarithmic.position(of: low) >= 0 && logarithmic.position(of: high) <= 1)
        }
        for extreme in [-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, 0...Double.leastNonzeroMagnitude, 1...1.0.nextUp]
        {
            let axis = Axis.values(extreme, logarithmic: false)
            #expect(axis.low.isFinite && axis.high.isFinite && axis.high > axis.low)
        }
        #expect(Axis.steps(0...Int.max, width: 400).ticks.count > 1)
    }

    @Test func `smoothed curves equal those of TensorBoard's page`() throws {
        for entry in try RunFixtures.cases("smoothing.json") {
            let weight = try #require(entry["weight"]?.double)
            let values = try #require(entry["values"]?.array).map { $0.double ?? .nan }
            let expected = try #require(entry["smoothed"]?.array).map { $0.double ?? .nan }
            let smoothed = Smoothing.smoothed(values, weight: weight)
            #expect(smoothed.count == expected.count)
            for (ours, theirs) in zip(smoothed, expected) {
                let isEqual = ours.isNaN ? theirs.isNaN : abs(ours - theirs) <= 1e-12 * abs(theirs)
                #expect(isEqual, "\(ours) and \(theirs) by \(weight)")
            }
        }
    }
}
