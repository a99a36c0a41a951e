import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Testing

/// Token for token what `transformers` answers.
@Suite("Greedy answers equal the reference") struct GreedyParityTests {
    static let checkpoints = ["vicuna", "flan-t5"]

    @Test("single answers have the reference's ids under every stop rule", arguments: checkpoints)
    func single(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        for item in references.cases.cases {
            let batch = try tiny.batch(references, [item.name])
            for (stop, expected) in [
                (Set([references.cases.tokenizerEnd]), item.greedy.stoppingAtTokenizerEnd),
                (Set([references.cases.configEnd]), item.greedy.stoppingAtConfigEnd),
                (Set<Int>(), item.greedy.neverStopping),
            ] {
                let rows = try answer(tiny, batch, stop, references.cases.newTokens)
                #expect(rows.map(\.ids) == [expected], "\(item.name)")
                #expect(rows[0].finish == (stop.contains(expected.last ?? -1) ? .stop : .length))
            }
        }
    }

    @Test("a batch of unequal prompts answers like its single rows, and like the reference", arguments: checkpoints)
    func batch(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let item = try #require(references.cases.batch)
        let stop = Set([references.cases.tokenizerEnd])
        let rows = try answer(tiny, tiny.batch(references, item.cases), stop, references.cases.newTokens)
        #expect(rows.map(\.ids) == item.greedy.stoppingAtTokenizerEnd.map { Self.untilEnd($0, stop) })
        let singles = try item.cases.flatMap { try answer(tiny, tiny.batch(references, [$0]), stop, references.cases.newTokens) }
        #expect(rows.map(\.ids) == singles.map(\.ids))
        #expect(rows.map(\.finish) == singles.map(\.finish))
    }

    @Test("padding does not change the logits", arguments: checkpoints)
    func padded(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let together = try tiny.network.prompt(for: tiny.batch(references, ["short", "long"]))
        let (logits, _) = try tiny.network.language.prefill(together, room: 1)
        for (row, item) in ["short", "long"].enumerated() {
            let alone = try tiny.network.prompt(for: tiny.batch(references, [item]))
            let (expected, _) = try tiny.network.language.prefill(alone, room: 1)
            #expect(try difference(logits.select(0, row), expected.select(0, 0)) < Tolerance.logits)
        }
    }

    private func answer(_ tiny: TinyNetwork, _ batch: Batch, _ stop: Set<Int>, _ tokens: Int) throws -> [TokenRow] {
        try withoutGradients {
            try TokenLoop(tiny.network.language, DecodingOptions(maximumTokens: tokens, stopIDs: stop)).run(tiny.network.prompt(for: batch))
                .map { $0[0] }
        }
    }

    /// The reference pads complete rows; ours end with the ending token.
    private static func untilEnd(_ ids: [Int], _ stop: Set<Int>) -> [Int] {
        guard let end = ids.firstIndex(where: stop.contains) else { return ids }
        return Array(ids[...end])
    }
}
