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

    @Test("processes share a step's rows: neighbours in length, about the same work for all, and none for nobody", arguments: 1...4)
    func shares(count: Int) {
        var generator = SeededGenerator(seed: 8, UInt64(count))
        for _ in 0..<100 {
            let rows = (0..<Int.random(in: count...40, using: &generator)).map {
                ($0, Int.random(in: 1...120, using: &generator), Int.random(in: 0...1, using: &generator))
            }
            func share(_ rank: Int) -> [(Int, Int, Int)] {
                LengthCuts.share(rows, rank: rank, of: count, size: 40, length: { $0.1 }, kind: { $0.2 }, work: Self.work)
            }
            let shares = (0..<count).map(share)
            #expect(shares.allSatisfy { !$0.isEmpty } && shares.flatMap { $0.map(\.0) }.sorted() == rows.map(\.0))
            if count > 1 { #expect(zip(shares, shares.dropFirst()).allSatisfy { ($0.last?.2 ?? 0) <= ($1.first?.2 ?? 0) }) }
            // No other border between two would be better by more than the search leaves open.
            guard count == 2 else { continue }
            func work(_ rows: [(Int, Int, Int)]) -> Int {
                LengthCuts.pieces(rows, size: 40, length: { $0.1 }, kind: { $0.2 }).reduce(0) { $0 + Self.work($1) }
            }
            let (all, most) = (shares[0] + shares[1], max(work(shares[0]), work(shares[1])))
            let best = (1..<all.count).map { max(work(Array(all[..<$0])), work(Array(all[$0...]))) }.min() ?? 0
            #expect(Double(most) <= 1.05 * Double(best) + 1, "\(most) \(best)")
        }
        let one = [(0, 9, 0), (1, 1000, 0), (2, 8, 0)]
        let shares = (0..<3).map {
            LengthCuts.share(one, rank: $0, of: 3, size: 3, length: { $0.1 }, kind: { $0.2 }, work: Self.work).map(\.0)
        }
        #expect(shares == [[2], [0], [1]])
        let few = (0..<3).map { LengthCuts.share([one[0]], rank: $0, of: 3, size: 3, length: { $0.1 }, kind: { $0.2 }, work: Self.work) }
        #expect(few.map(\.count) == [1, 0, 0])
    }

    private static func work(_ part: [(Int, Int, Int)]) -> Int { 100 + part.count * (40 + (part.map(\.1).max() ?? 0)) }

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
