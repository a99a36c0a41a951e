import BlipData
import Testing

@testable import BlipTraining

@Suite("Cutting a step by the lengths of answers")
struct LengthCutsTests {
    @Test("short answers stay together, long ones come into pieces of their own, by fours")
    func like() {
        #expect(LengthCuts.cut([], size: 16).isEmpty)
        #expect(LengthCuts.cut([Int](repeating: 3, count: 16), size: 16) == [0..<16])
        #expect(LengthCuts.cut([Int](repeating: 3, count: 12) + [90, 90, 100, 120], size: 16) == [0..<12, 12..<16])
        // One long answer takes three others along.
        #expect(LengthCuts.cut([Int](repeating: 3, count: 15) + [120], size: 16) == [0..<12, 12..<16])
        // Half as long is like enough.
        #expect(LengthCuts.cut([50, 50, 60, 60, 99, 99, 100, 100], size: 16) == [0..<8])
        #expect(LengthCuts.cut([3, 3, 3, 3, 3, 3], size: 16) == [0..<6])
    }

    @Test("no piece is larger than it may be, and no sample is lost", arguments: [1, 2, 3, 4, 6, 16])
    func all(size: Int) {
        var generator = SeededGenerator(seed: 7, UInt64(size))
        for _ in 0..<200 {
            let rows = (0..<Int.random(in: 0...20, using: &generator)).map { ($0, Int.random(in: 1...120, using: &generator), $0 % 3) }
            for cuts in [true, false] {
                let pieces = LengthCuts.pieces(rows, size: size, cuts: cuts, length: { $0.1 }, kind: { $0.2 })
                #expect(pieces.flatMap { $0.map(\.0) }.sorted() == rows.map(\.0))
                #expect(pieces.allSatisfy { (1...size).contains($0.count) && Set($0.map(\.2)).count == 1 })
            }
        }
    }
}
