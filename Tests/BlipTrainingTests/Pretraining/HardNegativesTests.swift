import BlipData
import Foundation
import Testing

@testable import BlipTraining

@Suite("Hard negatives") struct HardNegativesTests {
    /// Similarities of two own pairs, of which the first is place 3, with six.
    private static let similarities: [Float] = [2, 0, 1, 9, -1, 0.5, 0, 0, 3, 1, 12, 1]

    private static func draw(_ seed: UInt64) -> HardNegatives {
        var generator = SeededGenerator(seed: seed)
        return HardNegatives(
            pictureToText: similarities, textToPicture: Array(similarities.reversed()), count: 2, first: 3, &generator)
    }

    @Test("are never the own pair, and as likely as the softmax of the others says")
    func distribution() {
        let draws = 20_000
        var counts = [[Double]](repeating: [Double](repeating: 0, count: 6), count: 4)
        for seed in 0..<draws {
            let drawn = Self.draw(UInt64(seed))
            for (row, place) in (drawn.texts + drawn.pictures).enumerated() { counts[row][place] += 1 }
        }
        let rows = [Self.similarities, Array(Self.similarities.reversed())].flatMap { [Array($0[..<6]), Array($0[6...])] }
        for (row, (found, similarities)) in zip(counts, rows).enumerated() {
            let own = 3 + row % 2
            #expect(found[own] == 0)
            var weights = similarities.map { exp(Double($0)) }
            weights[own] = 0
            let sum = weights.reduce(0, +)
            var statistic = 0.0
            for place in 0..<6 where place != own {
                let expected = weights[place] / sum * Double(draws)
                statistic += (found[place] - expected) * (found[place] - expected) / expected
            }
            // Four degrees of freedom: one draw of such a table in ten thousand lies beyond.
            #expect(statistic < 23.5, "row \(row): \(found)")
        }
    }

    @Test("are the same for the same seed, and others elsewhere")
    func seeds() {
        #expect((0..<50).allSatisfy { Self.draw(UInt64($0)) == Self.draw(UInt64($0)) })
        #expect(Set((0..<50).map { "\(Self.draw(UInt64($0)))" }).count > 10)
        func first(_ chance: Chance) -> UInt64 {
            var generator = chance.generator(for: "x")
            return generator.next()
        }
        let places = (0..<2).flatMap { step in
            (0..<2).flatMap { rank in (0..<2).map { Chance(seed: 1, step: step, rank: rank, part: $0, hasDropout: true) } }
        }
        #expect(Set(places.map(first)).count == 8)
    }

    @Test("are some other pair where similarities are no numbers")
    func notFinite() {
        var generator = SeededGenerator(seed: 1)
        let lost = [Float](repeating: .nan, count: 4)
        let drawn = HardNegatives(pictureToText: lost, textToPicture: lost, count: 2, first: 0, &generator)
        #expect(drawn == HardNegatives(pictures: [1, 0], texts: [1, 0]))
    }
}
