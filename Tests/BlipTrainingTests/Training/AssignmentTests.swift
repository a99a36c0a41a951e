import BlipData
import Testing

@testable import BlipTraining

@Suite("Things and places") struct AssignmentTests {
    /// All orders of 0..<count.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { shorter in (0...shorter.count).map { shorter[..<$0] + [count - 1] + shorter[$0...] } }.map(
            Array.init)
    }

    private static func sum(_ costs: [[Double]], _ things: [Int]) -> Double { zip(costs, things).reduce(0) { $0 + $1.0[$1.1] } }

    @Test("no other order is cheaper, of all there are", arguments: UInt64(0)..<60)
    func cheapest(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int(seed % 7)
        // Negative ones and ties, too.
        let costs = (0..<count).map { _ in (0..<count).map { _ in Double(Int(random.next() % 9)) - 3 + (seed % 2 == 0 ? 0 : random.unit()) }
        }
        let found = Assignment.cheapest(costs)
        #expect(found.sorted() == Array(0..<count))
        let least = Self.orders(count).map { Self.sum(costs, $0) }.min() ?? 0
        #expect(abs(Self.sum(costs, found) - least) < 1e-9, "\(costs): \(found)")
    }

    @Test("in a larger square no two places gain by changing, and what has a place of its own keeps it")
    func larger() {
        var random = SeededGenerator(seed: 5)
        let count = 40
        let costs = (0..<count).map { _ in (0..<count).map { _ in random.unit() } }
        let found = Assignment.cheapest(costs)
        #expect(Set(found).count == count)
        for one in 0..<count {
            for other in 0..<one {
                #expect(
                    costs[one][found[one]] + costs[other][found[other]] <= costs[one][found[other]] + costs[other][found[one]] + 1e-12)
            }
        }
        let own = (0..<count).map { place in (0..<count).map { $0 == place ? 0.0 : 0.05 } }
        #expect(Assignment.cheapest(own) == Array(0..<count))
    }
}
