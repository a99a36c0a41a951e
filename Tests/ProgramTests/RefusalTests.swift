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
        try expect(["match", picture, "a cat"], 64, "Missing expected argument '--model <dir|org/name>'")
        try expect(["ask", picture, "Why?", "--model", model, "--max-token", "3"], 64, "--max-tokens")
        try expect(["ask", picture, "Why?", "--model", model, "--max-tokens", "0"], 64, "1 to 1,000,000")
        try expect(["ask", picture, "Why?", "--model", model, "--dtype", "int8"], 64, "float32")
        try expect(["ask", picture, "Why?", "--model", model, "--threads", "0"], 64, "--threads")
        try expect(["ask", picture, " ", "--model", model], 64, "the instruction is empty")
        try expect(["create", "--config", "instructblip-7b", "--out", "/tmp/never"], 64, "known are instructblip-vicuna-7b")
        try expect(["ask", picture, "Why?", "--model", model, "--log-probabilities"], 64, "--json")
        try expect(["ask", picture, "--image", picture, "--model", model], 64, "Missing expected argument '<instruction>'")
        try expect(["frobnicate"], 64, "there is no verb \"frobnicate\"; instructblip --help lists them")
        try expect(["aks", picture, "Why?"], 64, "there is no verb \"aks\"; did you mean instructblip ask")
        try expect(["data", "shwo", "vqav2"], 64, "did you mean instructblip data show")
        try expect(["scene", "--seed", "1", "--out", "map.jpg"], 64, "--out map.jpg would hold a PNG picture; name it map.png")
        try expect(["scene", "--seed", "1", "--out", "-"], 64, "a picture is not written to standard output")
        try expect(["ask", picture, "Why?", "--heatmap", "map.JPEG"], 64, "--heatmap map.JPEG would hold a PNG picture")
    }

    @Test("numbers below zero are read as numbers, and refused with their range where they are out of it")
    func negative() throws {
        try expect(["ask", picture, "Why?", "--model", model, "--max-tokens", "-1"], 64, "1 to 1,000,000")
        try expect(["ask", picture, "Why?", "--model", model, "--temperature", "-1"], 64, "-1")
        try expect(["ask", picture, "Why?", "--model", model, "-1"], 64, "-1")
        let ask = ["ask", picture, "Why?", "--model", model, "--num-beams", "2", "--max-tokens", "4", "--length-penalty"]
        let (apart, joined) = (try Program.run(ask + ["-1"]), try Program.run(ask.dropLast() + ["--length-penalty=-1"]))
        #expect(apart.status == 0 && apart.output == joined.output, "\(apart.errors)")
    }

    @Test("nothing is written over what was given to be read")
    func overwriting() async throws {
        try await withTemporaryFolder { folder in
            let copy = folder.appendingPathComponent("copy.png")
            try FileManager.default.copyItem(at: Fixtures.picture("shapes.png"), to: copy)
            try expect(["ask", copy.path, "Why?", "--model", model, "--heatmap", copy.path], 64, "choose another file")
            let link = folder.appendingPathComponent("link.jsonl")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: copy)
            try expect(["caption", folder.path, "--output", link.path, "--overwrite", "--model", model], 64, "choose another file")
            #expect(try Data(contentsOf: copy) == Data(contentsOf: Fixtures.picture("shapes.png")))
            let nowhere = folder.appendingPathComponent("no/map.png").path
            try expect(["ask", copy.path, "Why?", "--model", model, "--heatmap", nowhere], 70, "there is no folder")
            try expect(["scene", "--seed", "1", "--out", folder.path], 70, "it is a folder")
        }
    }

    @Test("missing input exits with 66")
    func missing() throws {
        try expect(["ask", "/nowhere.jpg", "Why?", "--model", model], 66, "there is no file /nowhere.jpg")
        try expect(["ask", picture, "Why?", "--model", "/nowhere"], 66, "there is no checkpoint folder")
        try expect(["show", "--model", Fixtures.root.path], 66, "has no config.json")
        try expect(["doctor", "--image", "/nowhere.png", "--model", model], 66, "there is no file /nowhere.png")
        try expect(["tokenize", "text", "--model", Fixtures.root.path], 66, "tokenizer")
    }

    @Test("bad data exits with 65")
    func badData() async throws {
        try expect(["ask", Fixtures.root.path, "Why?", "--model", model], 65, "is a folder")
        try expect(["ask", "-", "Why?", "--model", model], 65, "convert it to JPEG, PNG, WebP or GIF", input: Data("I am a text\n".utf8))
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
        try expect(["bench", "--model", model, "--device", "cuda:7"], 69, "use --device cpu")
        try expect(["bench", "--model", model, "--quantize", "q4", "--device", "cuda:7"], 69, "use --device cpu")
    }

    @Test("a closed standard output or input is said in one sentence, and closed messages end nothing")
    func closedStreams() throws {
        let ask = ["ask", picture, "Why?", "--model", model, "--max-tokens", "4"]
        for arguments in [ask, ask + ["--json"], ["show", "--model", model], ["tokenize", "Why?", "--model", model]] {
            let outcome = try Program.shell("\"$@\" >&-", arguments)
            #expect(outcome.status == 70, "\(arguments): \(outcome.errors)")
            #expect(outcome.errors.hasPrefix("error: standard output cannot be written"), "\(arguments): \(outcome.errors)")
        }
        #expect(try Program.shell("\"$@\" 2>&-", ["ask", picture, " ", "--model", model]).status == 64)
        let closed = try Program.shell("\"$@\" <&-", ["ask", "-", "Why?", "--model", model])
        #expect(closed.status == 66 && closed.errors.contains("standard input cannot be read"), "\(closed.errors)")
    }

    @Test("a picture without end from standard input is refused at the limit")
    func endlessInput() throws {
        let outcome = try Program.shell("yes | \"$@\"", ["ask", "-", "Why?", "--model", model])
        #expect(outcome.status == 65 && outcome.errors.contains("more than the limit"), "\(outcome.errors)")
    }

    @Test("more tokens asked for than memory could ever hold are bounded")
    func manyTokens() throws {
        let model = Fixtures.checkpoint("flan-t5").path
        let tower = Fixtures.picture("tower.png").path
        let outcome = try Program.run(["ask", tower, "Why?", "--model", model, "--max-tokens", "1000000"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        try expect(["ask", tower, "Why?", "--model", model, "--max-tokens", "\(Int.max)"], 64, "1 to 1,000,000")
    }

    @Test("trace replaces no device")
    func traceToDevice() throws {
        try expect(["trace", picture, "Why?", "--model", model, "--output", "/dev/stdout"], 65, "expected a file")
    }

    @Test(
        "every verb explains itself",
        arguments: [[], ["ask"], ["caption"], ["trace"], ["tokenize"], ["show"], ["create"], ["score"], ["pull"], ["ls"], ["rm"]])
    func help(_ verb: [String]) throws {
        let outcome = try Program.run(verb + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE: instructblip"))
        if verb != [] { #expect(["--model", "--config", "--json"].contains { outcome.output.contains($0) }) }
    }
}
