import Blip
import BlipSceneModel
import BlipTestSupport
import Crypto
import Foundation
import Testing

/// The built-in model's folder, opened by transformers: `Scripts/fixtures/scenes.py` keeps what it answered.
@Suite("transformers opens the built-in model and answers the same") struct SceneReferenceTests {
    struct File: Decodable {
        struct Case: Decodable, Sendable, CustomTestStringConvertible {
            let picture: String
            let instruction: String
            let ids: [Int]
            let text: String
            let beams: [Int]

            var testDescription: String { "\(picture): \(instruction)" }
        }

        let newTokens: Int
        /// What transformers opened: the SHA-256 of files in the folder.
        let checkpoint: [String: String]
        let cases: [Case]
    }

    static let folder = Fixtures.root.appendingPathComponent("scenes")

    static func file() throws -> File {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: Data(contentsOf: folder.appendingPathComponent("answers.json")))
    }

    @Test("what was stored belongs to the model that is there")
    func current() throws {
        let folder = try SceneModel.folder()
        for (name, digest) in try Self.file().checkpoint {
            let found = SHA256.hash(data: try Data(contentsOf: folder.appendingPathComponent(name)))
            let text = found.map { String(format: "%02x", $0) }.joined()
            #expect(text == digest, "\(name) has changed: run Scripts/fixtures/scenes.py again")
        }
    }

    @Test("token ids and text, greedy and by five beams, are those of transformers")
    func answers() async throws {
        let file = try Self.file()
        #expect(file.cases.count >= 15)
        let assistant = try await Assistant.open(SceneModel.folder(), OpenOptions(dtype: .float32))
        for known in file.cases {
            let picture = ImageSource.file(Self.folder.appendingPathComponent(known.picture))
            let answer = try await assistant.answer(known.instruction, about: picture, AnswerOptions(maximumTokens: file.newTokens))
            #expect(answer.tokenIDs == known.ids, "\(known.testDescription)")
            #expect(answer.text == known.text)
            var decoding = DecodingOptions(maximumTokens: file.newTokens)
            decoding.beams = 5
            let best = try await assistant.answer(known.instruction, about: picture, AnswerOptions(decoding: decoding))
            #expect(best.tokenIDs == known.beams, "\(known.testDescription), by beams")
        }
    }

    @Test("with a tensor turned round most answers are others, so that equal ids mean equal weights")
    func disturbed() async throws {
        let file = try Self.file()
        try await withTemporaryFolder { place in
            let copy = place.appendingPathComponent("scenes")
            try FileManager.default.copyItem(at: SceneModel.folder(), to: copy)
            try ScoreGateTests.disturb("language_projection.weight", of: copy)
            let assistant = try await Assistant.open(copy, OpenOptions(dtype: .float32))
            var changed = 0
            for known in file.cases {
                let picture = ImageSource.file(Self.folder.appendingPathComponent(known.picture))
                let answer = try await assistant.answer(known.instruction, about: picture, AnswerOptions(maximumTokens: file.newTokens))
                if answer.tokenIDs != known.ids { changed += 1 }
            }
            #expect(changed * 2 > file.cases.count, "\(changed) of \(file.cases.count)")
        }
    }
}
