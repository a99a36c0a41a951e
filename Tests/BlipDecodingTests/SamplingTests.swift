import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// Sampling on hand-made logits: what is drawn, and how often.
@Suite("Sampling draws what it should") struct SamplingTests {
    /// Probabilities 0.5, 0.25, 0.15, 0.07, 0.03, whatever was said.
    static let probabilities: [Double] = [0.5, 0.25, 0.15, 0.07, 0.03]
    private let model = ScriptedLanguageModel(vocabulary: 5) { _, _ in probabilities.map { Float(log($0)) } }

    private func draws(_ sampling: DecodingOptions.Sampling, tokens: Int = 4000) throws -> [Int] {
        var options = DecodingOptions(maximumTokens: tokens)
        options.sampling = sampling
        return try TokenLoop(model, options).run(ScriptedLanguageModel.prompt())[0][0].ids
    }

    private func expect(_ ids: [Int], _ expected: [Double]) {
        // Pearson's statistic, against the value that 4 degrees of freedom pass once in 100,000 times.
        var statistic = 0.0
        for (id, probability) in expected.enumerated() {
            let (count, mean) = (Double(ids.count { $0 == id }), probability * Double(ids.count))
            if probability == 0 { #expect(count == 0, "\(id) was drawn") } else { statistic += (count - mean) * (count - mean) / mean }
        }
        #expect(statistic < 29, "\(statistic)")
    }

    @Test("plain sampling follows the probabilities")
    func plain() throws { expect(try draws(.init(seed: 1)), Self.probabilities) }

    @Test("a temperature raises probabilities to its inverse", arguments: [0.5, 2.0])
    func temperature(_ temperature: Double) throws {
        let powers = Self.probabilities.map { pow($0, 1 / temperature) }
        expect(try draws(.init(temperature: temperature, seed: 2)), powers.map { $0 / powers.reduce(0, +) })
    }

    @Test("top-k, top-p and min-p keep the likeliest")
    func truncation() throws {
        expect(try draws(.init(topK: 2, seed: 3)), [2.0 / 3, 1.0 / 3, 0, 0, 0])
        expect(try draws(.init(topK: 50, seed: 3)), Self.probabilities)
        // 0.5 + 0.25 do not reach 0.8; the third token does.
        expect(try draws(.init(topP: 0.8, seed: 4)), [0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0, 0])
        expect(try draws(.init(topP: 0.01, seed: 4)), [1, 0, 0, 0, 0])
        // A tenth of 0.5 is 0.05.
        expect(try draws(.init(minP: 0.1, seed: 5)), [0.5 / 0.97, 0.25 / 0.97, 0.15 / 0.97, 0.07 / 0.97, 0])
        expect(try draws(.init(topK: 4, topP: 0.9, minP: 0.31, seed: 6)), [0.5 / 0.75, 0.25 / 0.75, 0, 0, 0])
    }

    @Test("the same seed draws the same tokens, another seed others")
    func seeds() throws {
        let (first, again, other) = (try draws(.init(seed: 7)), try draws(.init(seed: 7)), try draws(.init(seed: 8)))
        #expect(first == again)
        #expect(first != other)
    }

    @Test("several samples of a prompt are drawn apart, each with its log-probability")
    func several() throws {
        var options = DecodingOptions(maximumTokens: 30)
        options.sampling = .init(seed: 9)
        options.returned = 3
        let rows = try TokenLoop(model, options).run(ScriptedLanguageModel.prompt(rows: 2))
        #expect(rows.count == 2 && rows.allSatisfy { $0.count == 3 })
        #expect(Set(rows.joined().map(\.ids)).count == 6)
        for row in rows.joined() {
            for (id, value) in zip(row.ids, row.logProbabilities) { #expect(abs(value - log(Self.probabilities[id])) < 1e-5) }
        }
    }

    @Test("beam sampling gives as many answers as asked, none twice, best first")
    func beams() throws {
        var options = DecodingOptions(maximumTokens: 6)
        options.sampling = .init(seed: 10)
        (options.beams, options.returned) = (4, 4)
        let rows = try TokenLoop(model, options).run(ScriptedLanguageModel.prompt())[0]
        #expect(rows.count == 4)
        #expect(Set(rows.map(\.ids)).count == 4)
        #expect(rows.map(\.score) == rows.map(\.score).sorted(by: >))
    }
}
