import BlipTestSupport
import Foundation
import Testing

/// Mistakes and bad input: one sentence on standard error, nothing on standard output, and the documented exit status.
@Suite("instructblip refuses clearly") struct RefusalTests {
    private let picture = Fixtures.picture("shapes.png").path
    private let model = Fixtures.checkpoint("vicuna").path

    private func expect(_ arguments: [String], _ status: Int32, _ words: String, input: Data? = nil) throws {
        let outcome = try Program.run(arguments, input: input)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        #expect(outcome.output.isEmpty, "\(arguments): \(outcome.output)")
        if status != 64 { #expect(outcome.errors.split(separator: "\n").count == 1, "one sentence: \(outcome.errors)") }
    }

    @Test("usage errors exit with 64")
    func usage() throws {
        try expect(["ask", picture], 64, "Missing expected argument")
        try expect(["ask", picture, "Why?"], 64, "--model")
        try expect(["ask", picture, "Why?", "--model", model, "--max-token", "3"], 64, "--max-tokens")
        try expect(["ask", picture, "Why?", "--model", model, "--max-tokens", "0"], 64, "at least 1")
        try expect(["ask", picture, "Why?", "--model", model, "--dtype", "int8"], 64, "float32")
        try expect(["ask", picture, "Why?", "--model", model, "--threads", "0"], 64, "--threads")
        try expect(["ask", picture, " ", "--model", model], 64, "the instruction is empty")
        try expect(["create", "--config", "instructblip-7b", "--out", "/tmp/never"], 64, "known are instructblip-vicuna-7b")
        try expect(["frobnicate"], 64, "frobnicate")
    }

    @Test("missing input exits with 66")
    func missing() throws {
        try expect(["ask", "/nowhere.jpg", "Why?", "--model", model], 66, "there is no file /nowhere.jpg")
        try expect(["ask", picture, "Why?", "--model", "/nowhere"], 66, "there is no checkpoint folder")
        try expect(["show", "--model", Fixtures.root.path], 66, "has no config.json")
        try expect(["tokenize", "text", "--model", Fixtures.root.path], 66, "tokenizer")
    }

    @Test("bad data exits with 65")
    func badData() async throws {
        try expect(["ask", Fixtures.root.path, "Why?", "--model", model], 65, "is a folder")
        try expect(["ask", "-", "Why?", "--model", model], 65, "convert it to JPEG, PNG or WebP", input: Data("I am a text\n".utf8))
        try expect(["ask", picture, String(repeating: "word ", count: 20_000), "--model", model], 65, "tokens long")
        try expect(["ask", picture, "Why?", "--model", model, "--max-pixels", "1000"], 65, "320")
        try await withTemporaryFolder { folder in
            let cut = folder.appendingPathComponent("cut.jpg")
            try Data(contentsOf: Fixtures.picture("shapes.jpg")).prefix(2000).write(to: cut)
            try expect(["ask", cut.path, "Why?", "--model", model], 65, "cut.jpg")
            let text = folder.appendingPathComponent("text.png")
            try Data("this is no picture".utf8).write(to: text)
            try expect(["ask", text.path, "Why?", "--model", model], 65, "text.png")
        }
    }

    @Test("a device that is not there exits with 69")
    func device() throws {
        try expect(["ask", picture, "Why?", "--model", model, "--device", "cuda:7"], 69, "use --device cpu")
    }

    @Test("every verb explains itself", arguments: [[], ["ask"], ["trace"], ["tokenize"], ["show"], ["create"]])
    func help(_ verb: [String]) throws {
        let outcome = try Program.run(verb + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE: instructblip"))
        if verb != [] { #expect(outcome.output.contains("--model") || outcome.output.contains("--config")) }
    }
}
