import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Testing

/// Ranking against brute force: every candidate alone, in a full forward pass.
@Suite("Ranking equals scoring each candidate alone") struct RankingTests {
    /// Candidates that share beginnings, contain each other, repeat, and differ in length.
    private let candidates = [
        [30], [30, 31], [30, 31, 32, 33], [30, 40], [41], [41, 30, 31], [7, 7, 7, 7, 7, 7, 7], [30, 31], [90, 4],
    ]

    @Test("the log-probabilities agree for every chunk size", arguments: ["vicuna", "flan-t5", "vicuna-grouped"])
    func bruteForce(_ name: String) throws {
        let tiny = try TinyNetwork(name)
        let references = try References(name == "vicuna-grouped" ? "vicuna" : name)
        try withoutGradients {
            for item in ["describe", "long"] {
                let prompt = try tiny.network.prompt(for: tiny.batch(references, [item]))
                let expected = try candidates.map { ids in
                    let mean = try tiny.network.language.loss(prompt, TokenBatch([ids], padding: 0, at: .right)).item()
                    return -mean * Double(ids.count)
                }
                for chunk in [1, 2, 3, 5, 8, 512] {
                    var ranking = CandidateRanking(tiny.network.language)
                    ranking.maximumNodes = chunk
                    let found = try ranking.run(prompt, candidates)
                    for (score, alone) in zip(found, expected) { #expect(abs(score - alone) < 1e-4 * max(1, abs(alone)), "chunk \(chunk)") }
                }
            }
        }
    }

    @Test("many candidates come out in the order they were given, with progress to the end")
    func many() throws {
        let model = ScriptedLanguageModel(vocabulary: 50) { _, said in (0..<50).map { Float(($0 * 7 + said.reduce(3, +)) % 11) } }
        let many = (0..<2400).map { [$0 % 50, ($0 / 50) % 50, ($0 * 13) % 50] }
        var ranking = CandidateRanking(model)
        ranking.maximumNodes = 100
        var last = 0
        let found = try ranking.run(ScriptedLanguageModel.prompt(), many) { done, total in
            #expect(done > last && total == 2400)
            last = done
        }
        #expect(last == 2400)
        ranking.maximumNodes = 100_000
        #expect(try ranking.run(ScriptedLanguageModel.prompt(), many) == found)
        let alone = try many.indices.filter { $0 % 401 == 0 }.map { try ranking.run(ScriptedLanguageModel.prompt(), [many[$0]])[0] }
        #expect(alone == many.indices.filter { $0 % 401 == 0 }.map { found[$0] })
    }

    @Test("a candidate without tokens is an error that names it")
    func empty() throws {
        let tiny = try TinyNetwork("flan-t5")
        let prompt = try tiny.network.prompt(for: tiny.batch(References("flan-t5"), ["short"]))
        #expect(throws: GenerationError.emptyCandidate(index: 1)) { try CandidateRanking(tiny.network.language).run(prompt, [[3], []]) }
    }
}
