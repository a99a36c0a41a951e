import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// The program as its users meet it: what it writes, and what it exits with.
@Suite("instructblip as a program") struct AskTests {
    static let picture = Fixtures.picture("shapes.png").path
    static let model = Fixtures.checkpoint("vicuna").path

    @Test("ask --json writes one object with the documented fields", arguments: ["vicuna", "flan-t5"])
    func askJSON(_ checkpoint: String) throws {
        let references = try References(checkpoint)
        let item = references.cases.cases[0]
        let outcome = try Program.run(
            [
                "ask", Fixtures.picture(item.image).path, item.instruction, "--model", Fixtures.checkpoint(checkpoint).path, "--json",
                "--max-tokens", "12",
            ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n").count == 1)
        let json = try outcome.json()
        #expect(Set(json.keys) == ["answer", "token_ids", "finish_reason", "prompt_tokens", "timings", "peak_memory_bytes"])
        #expect(json["token_ids"] as? [Int] == item.greedy.stoppingAtTokenizerEnd)
        #expect(json["answer"] as? String == item.text)
        #expect(json["prompt_tokens"] as? Int == item.inputIds.count)
        let timings = try #require(json["timings"] as? [String: Double])
        #expect(Set(timings.keys) == ["load_s", "image_s", "vision_s", "qformer_s", "prefill_s", "decode_s", "tokens_per_s"])
        #expect((json["peak_memory_bytes"] as? Int ?? 0) > 1_000_000)
    }

    @Test("ask writes the answer, also about a picture from standard input")
    func askText() throws {
        let item = try References("vicuna").cases.cases[0]
        let plain = try Program.run(["ask", Self.picture, item.instruction, "--model", Self.model])
        #expect(plain.output == item.text + "\n")
        let piped = try Program.run(
            ["ask", "-", item.instruction, "--model", Self.model], input: Data(contentsOf: URL(fileURLWithPath: Self.picture)))
        #expect(piped.output == plain.output, "\(piped.errors)")
    }

    @Test("--stop-like-transformers, --dtype, --threads and --resize are obeyed")
    func options() throws {
        let item = try References("vicuna").cases.cases[0]
        let base = ["ask", Self.picture, item.instruction, "--model", Self.model, "--json", "--max-tokens", "12"]
        let transformers = try Program.run(base + ["--stop-like-transformers", "--threads", "1"])
        #expect(try transformers.json()["token_ids"] as? [Int] == item.greedy.stoppingAtConfigEnd)
        #expect(try transformers.json()["finish_reason"] as? String == "length")
        for option in [["--dtype", "bfloat16"], ["--dtype", "float16"], ["--resize", "pillow"], ["--device", "cpu"]] {
            let outcome = try Program.run(base + option)
            #expect(outcome.status == 0, "\(option): \(outcome.errors)")
        }
    }

    @Test("trace writes the documented tensors")
    func trace() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("trace.safetensors")
            let outcome = try Program.run(["trace", Self.picture, "Why?", "--model", Self.model, "--output", file.path])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try SafetensorsFile(file).names.count == 7)
        }
    }

    @Test("tokenize shows ids and tokens of both tokenizers")
    func tokenize() throws {
        let item = try References("vicuna").cases.cases[0]
        let language = try Program.run(["tokenize", item.instruction, "--model", Self.model, "--json"]).json()
        #expect(language["token_ids"] as? [Int] == Array(item.inputIds.dropFirst(5)))
        let qformer = try Program.run(["tokenize", item.instruction, "--model", Self.model, "--qformer", "--json"]).json()
        #expect(qformer["token_ids"] as? [Int] == item.qformerInputIds)
        #expect((qformer["tokens"] as? [String])?.first == "[CLS]")
    }

    @Test("show describes a checkpoint, for people and for programs")
    func show() throws {
        let text = try Program.run(["show", "--model", Self.model])
        #expect(text.status == 0 && text.output.contains("InstructBLIP with llama"), "\(text.errors)")
        let json = try Program.run(["show", "--model", Self.model, "--json"]).json()
        #expect((json["parameters"] as? Int ?? 0) > 10_000)
        #expect((json["tokenizers"] as? [Any])?.count == 2)
    }
}
