import Testing

@testable import BlipData

@Suite("Random numbers depend on their keys alone")
struct SeededGeneratorTests {
    @Test("numbers are SplitMix64's")
    func reference() {
        // The first numbers of the authors' C program, started at 0 and at 1234567.
        var zero = SeededGenerator(state: 0)
        #expect([zero.next(), zero.next(), zero.next()] == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
        var other = SeededGenerator(state: 1_234_567)
        #expect(
            [other.next(), other.next(), other.next()] == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test("every key and their order count")
    func keys() {
        let streams = [
            SeededGenerator(seed: 1), SeededGenerator(seed: 2), SeededGenerator(seed: 1, 0), SeededGenerator(seed: 1, 0, 1),
            SeededGenerator(seed: 1, 1, 0), SeededGenerator(seed: 1, 1),
        ]
        let first = streams.map { stream in
            var stream = stream
            return stream.next()
        }
        #expect(Set(first).count == streams.count)
    }

    @Test("numbers below a bound are equally likely", arguments: [1, 2, 3, 7, 10])
    func below(_ bound: Int) {
        var generator = SeededGenerator(seed: 5, UInt64(bound))
        var counts = Array(repeating: 0, count: bound)
        for _ in 0..<20_000 { counts[generator.below(bound)] += 1 }
        let expected = 20_000 / Double(bound)
        let chiSquared = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // 0.999 quantile of chi-squared with 9 degrees of freedom, the most there are here.
        #expect(chiSquared < 27.9)
    }

    @Test("a large bound is not biased towards small numbers")
    func largeBound() {
        let bound = Int.max / 3 * 2
        var generator = SeededGenerator(seed: 9)
        let low = (0..<20_000).count { _ in generator.below(bound) < bound / 2 }
        #expect(abs(low - 10_000) < 300)
    }

    @Test("places among weights follow the weights, and never one of weight 0")
    func weights() {
        var generator = SeededGenerator(seed: 3)
        var counts = [0, 0, 0, 0]
        for _ in 0..<40_000 { counts[generator.place(among: [1, 0, 3, 4]) ?? 1] += 1 }
        #expect(counts[1] == 0)
        #expect(abs(counts[0] - 5_000) < 300 && abs(counts[2] - 15_000) < 400 && abs(counts[3] - 20_000) < 400)
        #expect(generator.place(among: [0, 0]) == nil && generator.place(among: []) == nil && generator.place(among: [.infinity]) == nil)
    }
}
