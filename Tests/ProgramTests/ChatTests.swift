import BlipTestSupport
import Foundation
import Testing

@Suite("instructblip chats") struct ChatTests {
    private let picture = Fixtures.picture("shapes.png").path
    private let model = Fixtures.checkpoint("flan-t5").path

    private func chat(_ lines: String) throws -> Program.Outcome {
        try Program.run(["chat", picture, "--model", model, "--max-tokens", "6"], input: Data(lines.utf8))
    }

    private func answer(_ instruction: String, _ picture: String) throws -> String {
        try Program.run(["ask", picture, instruction, "--model", model, "--max-tokens", "6"]).output
    }

    @Test("a question goes with what was said before, until it is reset or the picture changes")
    func history() throws {
        let outcome = try chat(
            "What is in the picture?\n\nWhy?\n/reset\nWhy?\n/image \(Fixtures.picture("tower.png").path)\nWhy?\n/quit\nnever\n")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let first = try answer("What is in the picture?", picture)
        let told = "What is in the picture? \(first.trimmingCharacters(in: .newlines)) Why?"
        let expected = try first + answer(told, picture) + answer("Why?", picture) + answer("Why?", Fixtures.picture("tower.png").path)
        #expect(outcome.output == expected)
    }

    @Test("options can be set on the way")
    func settings() throws {
        let outcome = try chat("/set max-tokens 2\n/set num-beams 2\nWhat is in the picture?\n")
        let asked = try Program.run(
            ["ask", picture, "What is in the picture?", "--model", model, "--max-tokens", "2", "--num-beams", "2"])
        #expect(outcome.output == asked.output, "\(outcome.errors)")
    }

    @Test(
        "mistakes are named, and end a script",
        arguments: [("/imagine x", 64), ("/set beams 3", 64), ("/set num-beams 0", 64), ("/image /nowhere.png", 66)])
    func mistakes(_ line: String, _ status: Int32) throws {
        let outcome = try chat(line + "\nWhy?\n")
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}
