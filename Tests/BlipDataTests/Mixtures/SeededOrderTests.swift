import BlipData
import Testing

@Suite("A random order holds everything once")
struct SeededOrderTests {
    @Test("for every count", arguments: [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1_000, 4_097])
    func permutation(_ count: Int) {
        let order = SeededOrder(count: count, SeededGenerator(seed: 7))
        #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count))
    }

    @Test("another seed is another order, the same seed the same")
    func seeds() {
        let orders = (0..<20).map { seed in
            let order = SeededOrder(count: 1_000, SeededGenerator(seed: UInt64(seed)))
            return (0..<1_000).map { order[$0] }
        }
        #expect(Set(orders).count == 20)
        let again = SeededOrder(count: 1_000, SeededGenerator(seed: 4))
        #expect(orders[4] == (0..<1_000).map { again[$0] })
    }

    @Test("every element comes first as often as the others")
    func uniform() {
        var counts = Array(repeating: 0, count: 10)
        for seed in 0..<20_000 { counts[SeededOrder(count: 10, SeededGenerator(seed: UInt64(seed)))[0]] += 1 }
        let chiSquared = counts.reduce(0) { $0 + (Double($1) - 2_000) * (Double($1) - 2_000) / 2_000 }
        // 0.999 quantile with 9 degrees of freedom.
        #expect(chiSquared < 27.9)
    }

    @Test("neighbours do not stay neighbours")
    func neighbours() {
        let order = SeededOrder(count: 10_000, SeededGenerator(seed: 1))
        let steps = (1..<10_000).count { abs(order[$0] - order[$0 - 1]) == 1 }
        // In a random order two are expected.
        #expect(steps < 12)
    }

    @Test("the order of millions needs no list")
    func large() {
        let order = SeededOrder(count: 14_000_000, SeededGenerator(seed: 2))
        #expect((0..<1_000).allSatisfy { (0..<14_000_000).contains(order[$0 * 14_000]) })
        #expect(Set((0..<1_000).map { order[$0] }).count == 1_000)
    }
}
