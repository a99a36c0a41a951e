import BlipTestSupport
import Foundation
import Testing

/// Verbs without `--model`, and the names of the built-in model.
@Suite("Without --model the built-in model answers") struct DefaultModelTests {
    private static let note = "note: the built-in model answers, which knows drawn scenes and no photographs; --model takes another\n"
    private let picture = Fixtures.root.appendingPathComponent("scenes/scene1.png").path

    @Test("ask, caption, rank, chat, show and tokenize use it, and say so once, on standard error alone")
    func verbs() async throws {
        try await withTemporaryFolder { folder in
            let candidates = folder.appendingPathComponent("candidates.txt")
            try Data("red\nblue\n".utf8).write(to: candidates)
            let question = "Question: What color is the sign? Short answer:"
            for (arguments, input) in [
                (["ask", picture, question, "--max-tokens", "6"], nil), (["ask", picture, question, "--max-tokens", "6", "--json"], nil),
                (["caption", picture, "--max-tokens", "6"], nil), (["rank", picture, question, "--candidates", candidates.path], nil),
                (["chat", picture, "--max-tokens", "6"], Data("What is in the picture?\n/quit\n".utf8)), (["show", "--json"], nil),
                (["tokenize", "a red star"], nil),
            ] {
                let silent = try Program.run(arguments + ["--model", "scenes"], input: input, in: folder)
                #expect(silent.status == 0 && silent.errors.isEmpty, "\(arguments): \(silent.errors)")
                let chosen = try Program.run(arguments + ["--model", "builtin:scenes"], input: input, in: folder)
                let unnamed = try Program.run(arguments, input: input, in: folder)
                #expect(unnamed.status == 0 && unnamed.errors == Self.note, "\(arguments): \(unnamed.errors)")
                if arguments.contains("--json"), arguments[0] == "ask" {
                    let answers = try [silent, chosen, unnamed].map { try $0.json()["token_ids"] as? [Int] }
                    #expect(answers[0] != nil && Set(answers).count == 1)
                } else {
                    #expect(unnamed.output == silent.output && chosen.output == silent.output && !silent.output.isEmpty)
                }
            }
        }
    }

    @Test("many questions are answered with it, and it is said once")
    func batch() async throws {
        try await withTemporaryFolder { folder in
            let lines = (0..<3).map { #"{"image": "\#(picture)", "instruction": "Number \#($0)?"}"# + "\n" }.joined()
            let outcome = try Program.run(
                ["ask", "--questions", "-", "--max-tokens", "3"], input: Data(lines.utf8), in: folder)
            #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 3, "\(outcome.errors)")
            #expect(outcome.errors.components(separatedBy: Self.note).count == 2)
        }
    }

    @Test("a folder that is called scenes is that folder")
    func sameName() async throws {
        try await withTemporaryFolder { folder in
            let own = folder.appendingPathComponent("scenes")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("flan-t5"), to: own)
            let show = try Program.run(["show", "--model", "scenes", "--json"], in: folder).json()
            #expect(show["parameters"] as? Int == 40_246)
            let built = try Program.run(["show", "--model", "builtin:scenes", "--json"], in: folder).json()
            #expect(try #require(built["parameters"] as? Int) > 100_000)
        }
    }

    @Test("a program that was copied with its resources answers, wherever it lies")
    func copied() async throws {
        try await withTemporaryFolder { folder in
            let build = Program.url.deletingLastPathComponent()
            let bundle = try #require(
                FileManager.default.contentsOfDirectory(atPath: build.path).first { $0.hasPrefix("swift-instructblip_BlipSceneModel.") })
            for name in [bundle, "instructblip"] {
                try FileManager.default.copyItem(at: build.appendingPathComponent(name), to: folder.appendingPathComponent(name))
            }
            let program = folder.appendingPathComponent("instructblip")
            let show = try Program.run(["show", "--json"], executable: program, in: folder).json()
            let place = try #require(show["folder"] as? String)
            #expect(place.hasPrefix(folder.resolvingSymlinksInPath().path) || place.hasPrefix(folder.path), "\(place)")
        }
    }
}
