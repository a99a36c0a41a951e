import Blip
import BlipTestSupport
import Foundation
import Testing

/// The language model alone, against `generate` and full passes of its own class in transformers, by `Scripts/fixtures/decoding.py`.
@Suite("Without a picture the language model answers as it does alone") struct TextOnlyTests {
    private static let checkpoints = ["vicuna", "flan-t5", "blip2/opt", "blip2/flan-t5"]

    private struct File: Decodable {
        struct Blind: Decodable {
            let languageModel: String
            let candidates: [String]
            let answers: [Answers]
            let ranked: [Ranked]
        }

        struct Answers: Decodable {
            struct Options: Decodable {
                let numBeams: Int?
                let repetitionPenalty: Double?
            }

            let options: Options
            let cases: [String]
            let ids: [[Int]]
        }

        struct Ranked: Decodable {
            let `case`: String
            let scores: [Double]
        }

        let limit: Int
        let blind: Blind
    }

    private func file(_ name: String) throws -> File {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let place = "decoding/\(name.replacing("/", with: "-")).json"
        return try decoder.decode(File.self, from: Data(contentsOf: Fixtures.root.appendingPathComponent(place)))
    }

    private func instruction(_ name: String, _ references: References) throws -> String {
        try #require(references.cases.cases.first { $0.name == name }).instruction
    }

    @Test("answers are the reference's, greedy, with beams and penalties, alone and in unequal batches", arguments: checkpoints)
    func answers(_ name: String) async throws {
        let (file, references) = (try file(name), try References(name))
        let assistant = try await Assistant.open(Fixtures.checkpoint(name))
        let isEncoderDecoder = try await assistant.isEncoderDecoder
        #expect(file.blind.languageModel.hasSuffix(isEncoderDecoder ? "ForConditionalGeneration" : "ForCausalLM"))
        for entry in file.blind.answers {
            var options = AnswerOptions(maximumTokens: file.limit)
            options.decoding.beams = entry.options.numBeams ?? 1
            options.decoding.repetitionPenalty = entry.options.repetitionPenalty ?? 1
            options.decoding.penalizesPrompt = true
            let questions = try entry.cases.map { Question(textOnly: try instruction($0, references)) }
            let answers = try await assistant.answers(to: questions, options)
            #expect(try answers.map { try $0.get().tokenIDs } == entry.ids, "\(entry.cases) \(entry.options)")
        }
    }

    @Test("candidates have the reference's log-probabilities", arguments: checkpoints)
    func ranking(_ name: String) async throws {
        let (file, references) = (try file(name), try References(name))
        let assistant = try await Assistant.open(Fixtures.checkpoint(name))
        for entry in file.blind.ranked {
            let instruction = try instruction(entry.case, references)
            let input = try await assistant.processor.textInput(instruction)
            let ranking = try await assistant.rank(file.blind.candidates, behind: instruction, of: input)
            let scores = ranking.candidates.sorted { $0.index < $1.index }.map(\.logProbability)
            for (found, expected) in zip(scores, entry.scores) {
                #expect(abs(found - expected) < 1e-4 * max(1, abs(expected)), "\(entry.case): \(found), \(expected)")
            }
        }
    }

    @Test("questions with and without a picture share a batch, and no picture by mistake is an error")
    func mixed() async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint("flan-t5"))
        let picture = ImageSource.file(Fixtures.picture("shapes.png"))
        let questions = [
            Question("What is in the picture?", about: [picture]), Question(textOnly: "What is in the picture?"),
            Question("What is in the picture?", about: []), Question(textOnly: " "),
        ]
        let answers = try await assistant.answers(to: questions, AnswerOptions(maximumTokens: 8))
        let alone = try await assistant.answers(to: [questions[1]], AnswerOptions(maximumTokens: 8))
        #expect(try answers[1].get().tokenIDs == alone[0].get().tokenIDs)
        #expect(try answers[0].get().promptTokens > answers[1].get().promptTokens)
        #expect(throws: BlipError.self) { try answers[2].get() }
        #expect(throws: BlipError.emptyInstruction) { try answers[3].get() }
    }
}
