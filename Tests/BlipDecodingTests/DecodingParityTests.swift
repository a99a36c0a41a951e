import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// Beams, penalties and length rules against `generate` of transformers, by `Scripts/fixtures/decoding.py`.
@Suite("Every way of decoding equals the reference") struct DecodingParityTests {
    struct File: Decodable {
        let limit: Int
        let entries: [Entry]
    }

    struct Entry: Decodable {
        let options: Options
        let scope: String
        let cases: [String]
        let end: [Int]
        let rows: [[Row]]
    }

    struct Row: Decodable {
        let ids: [Int]
        let score: Double?
    }

    /// The keywords of `generate`.
    struct Options: Decodable {
        var numBeams: Int?
        var repetitionPenalty: Double?
        var lengthPenalty: Double?
        var earlyStopping: EarlyStopping?
        var numReturnSequences: Int?
        var noRepeatNgramSize: Int?
        var minNewTokens: Int?

        struct EarlyStopping: Decodable {
            let value: DecodingOptions.EarlyStopping

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                do { value = try container.decode(Bool.self) ? .yes : .no } catch DecodingError.typeMismatch { value = .never }
            }
        }

        func decoding(limit: Int, end: [Int], scope: String) -> DecodingOptions {
            var options = DecodingOptions(maximumTokens: limit, stopIDs: Set(end))
            options.beams = numBeams ?? 1
            options.repetitionPenalty = repetitionPenalty ?? 1
            options.lengthPenalty = lengthPenalty ?? 1
            options.earlyStopping = earlyStopping?.value ?? .no
            options.returned = numReturnSequences ?? 1
            options.noRepeatNGram = noRepeatNgramSize ?? 0
            options.minimumTokens = minNewTokens ?? 0
            options.penalizesPrompt = scope == "prompt"
            return options
        }
    }

    @Test(
        "ids and beam scores are the reference's, alone and in unequal batches",
        arguments: ["vicuna", "flan-t5", "blip2/opt", "blip2/flan-t5"])
    func parity(_ name: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let place = "decoding/\(name.replacing("/", with: "-")).json"
        let file = try decoder.decode(File.self, from: Data(contentsOf: Fixtures.root.appendingPathComponent(place)))
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        #expect(file.entries.count > 50)
        for entry in file.entries {
            let options = entry.options.decoding(limit: file.limit, end: entry.end, scope: entry.scope)
            let hooks = DecodingHooks(said: options.penalizesPrompt ? tiny.said(references, entry.cases) : [])
            let rows = try withoutGradients {
                try TokenLoop(tiny.network.language, options).run(tiny.network.prompt(for: tiny.batch(references, entry.cases)), hooks)
            }
            #expect(rows.map { $0.map(\.ids) } == entry.rows.map { $0.map(\.ids) }, "\(entry.cases) \(entry.scope) \(options)")
            for (found, expected) in zip(rows.joined(), entry.rows.joined()) {
                guard let score = expected.score else { continue }
                #expect(abs(found.score - score) < 1e-4 * max(1, abs(score)), "\(entry.cases) \(entry.scope) \(options)")
            }
        }
    }
}
