import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Testing

/// What the families allow besides the published checkpoints: tied heads, grouped keys, biases, another rotation, no gate, two ends.
@Suite("Variants of the families equal the reference") struct VariantParityTests {
    static let names = ["flan-t5-tied", "vicuna-grouped", "flan-t5-plain"]

    @Test("layers of the language model agree", arguments: names)
    func stages(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let prompt = try tiny.network.prompt(for: tiny.batch(references, ["describe"]))
        #expect(try relativeDifference(prompt.embeddings, references.tensor("describe/prompt_embeds")) < Tolerance.hidden)
        #expect(try difference(tiny.network.language.logits(prompt), references.tensor("describe/logits")) < Tolerance.logits)
    }

    @Test("logits and greedy ids agree in every case and under every stop rule", arguments: names)
    func answers(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        for item in references.cases.cases {
            let batch = try batch(tiny, references, [item.name])
            let prompt = try tiny.network.prompt(for: batch)
            #expect(try difference(tiny.network.language.logits(prompt), references.tensor("\(item.name)/logits")) < Tolerance.logits)
            for (stop, expected) in [
                (Set([references.cases.tokenizerEnd]), item.greedy.stoppingAtTokenizerEnd),
                (Set(references.cases.configEnds ?? [references.cases.configEnd]), item.greedy.stoppingAtConfigEnd),
                (Set<Int>(), item.greedy.neverStopping),
            ] {
                let rows = try answer(tiny, batch, stop, references.cases.newTokens)
                #expect(rows.map(\.ids) == [expected], "\(item.name)")
            }
        }
    }

    @Test("a batch answers as the reference's batch does", arguments: names)
    func batches(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let item = try #require(references.cases.batch)
        let rows = try answer(tiny, batch(tiny, references, item.cases), [references.cases.tokenizerEnd], references.cases.newTokens)
        #expect(rows.map(\.ids) == item.greedy.stoppingAtTokenizerEnd)
    }

    @Test("the config names every end") func ends() throws {
        #expect(try TinyNetwork("flan-t5-plain").config.language.endIDs == [1, 12])
        #expect(try TinyNetwork("vicuna-grouped").config.language.endIDs == [2])
    }

    /// As `TinyNetwork.batch`; these folders keep the pixels of one case alone, and all folders see the same pictures.
    private func batch(_ tiny: TinyNetwork, _ references: References, _ names: [String]) throws -> Batch {
        let pictures = try References("vicuna")
        let cases = try names.map { name in try #require(references.cases.cases.first { $0.name == name }) }
        return Batch(
            pixels: try Tensor.concatenate(names.map { try pictures.tensor("\($0)/pixel_values") }, 0),
            instruction: try TokenBatch(cases.compactMap(\.qformerInputIds), padding: 0, at: .right),
            prompt: try TokenBatch(
                cases.map { Array($0.inputIds.dropFirst(tiny.config.queryCount)) }, padding: references.cases.pad,
                at: tiny.network.promptPadding))
    }

    private func answer(_ tiny: TinyNetwork, _ batch: Batch, _ stop: Set<Int>, _ tokens: Int) throws -> [TokenRow] {
        try withoutGradients {
            try TokenLoop(tiny.network.language, DecodingOptions(maximumTokens: tokens, stopIDs: stop)).run(tiny.network.prompt(for: batch))
                .map { $0[0] }
        }
    }
}
