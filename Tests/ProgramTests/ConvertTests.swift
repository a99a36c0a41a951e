import BlipTestSupport
import Foundation
import Testing

/// `instructblip convert` as its users meet it.
@Suite("instructblip convert") struct ConvertTests {
    private static let lavis = Fixtures.root.appendingPathComponent("lavis")

    @Test("LAVIS files become a folder that ask answers from")
    func lavis() async throws {
        try await withTemporaryFolder { parent in
            let (folder, source) = (parent.appendingPathComponent("new").path, Self.lavis.appendingPathComponent("flan-t5").path)
            let config = Fixtures.checkpoint("flan-t5").appendingPathComponent("config.json").path
            let outcome = try Program.run([
                "convert", "--lavis", source + "/trimmed.pth", "--vit", source + "/eva_vit_g.pth", "--llm", source + "/llm",
                "--qformer-tokenizer", source + "/bert", "--config", config, "--out", folder,
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("note: not used of eva_vit_g.pth: "))
            let item = try References("flan-t5").cases.cases[0]
            let answer = try Program.run([
                "ask", Fixtures.picture(item.image).path, item.instruction, "--model", folder, "--max-tokens", "12",
            ])
            #expect(answer.output == item.text + "\n", "\(answer.errors)")
        }
    }

    @Test("BLIP-2 files become a folder; options that the kind has no use for are refused")
    func blip2() async throws {
        try await withTemporaryFolder { parent in
            let (folder, source) = (parent.appendingPathComponent("new").path, Self.lavis.appendingPathComponent("blip2-opt").path)
            let config = Fixtures.checkpoint("blip2/opt").appendingPathComponent("config.json").path
            let usual = [
                "convert", "--lavis", source + "/trimmed.pth", "--vit", source + "/eva_vit_g.pth", "--config", config, "--out", folder,
            ]
            let missing = try Program.run(usual)
            #expect(missing.status == 64 && missing.errors.contains("BLIP-2 also needs --llm"), "\(missing.errors)")
            let needless = try Program.run(usual + ["--llm", source + "/llm", "--qformer-tokenizer", source])
            #expect(needless.status == 64 && needless.errors.contains("BLIP-2 has no use for --qformer-tokenizer"), "\(needless.errors)")
            let outcome = try Program.run(usual + ["--llm", source + "/llm"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let item = try References("blip2/opt").cases.cases[0]
            let answer = try Program.run([
                "ask", Fixtures.picture(item.image).path, item.instruction, "--model", folder, "--max-tokens", "12", "--json",
                "--stop-like-transformers",
            ])
            #expect(try answer.json()["token_ids"] as? [Int] == item.greedy.stoppingAtConfigEnd, "\(answer.errors)")
        }
    }

    @Test("a folder is rewritten in another type")
    func model() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new").path
            let source = Fixtures.checkpoint("vicuna").path
            let outcome = try Program.run(["convert", "--model", source, "--out", folder, "--dtype", "bfloat16"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let shown = try Program.run(["show", "--model", folder, "--json"])
            #expect((try shown.json()["dtypes"] as? [String: Int])?.keys.sorted() == ["BF16"])
            let again = try Program.run(["convert", "--model", source, "--out", folder])
            #expect(again.status == 64 && again.errors.contains("choose an empty or a new folder"), "\(again.errors)")
        }
    }

    @Test(
        "wrong options are explained",
        arguments: [
            ([], "Give --lavis"), (["--lavis", "a", "--model", "b"], "one of them"),
            (["--model", "b", "--vit", "c"], "--vit goes with --lavis"),
            (["--lavis", "a", "--vit", "v"], "--lavis also needs --llm, --qformer-tokenizer, --config"),
            (["--model", "a", "--dtype", "int8"], "float16"),
        ])
    func options(_ arguments: [String], _ words: String) throws {
        let outcome = try Program.run(["convert", "--out", "nowhere"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test("a malicious file ends with one sentence that names what it asked for")
    func malicious() async throws {
        try await withTemporaryFolder { parent in
            let source = Self.lavis.appendingPathComponent("flan-t5").path
            let config = Fixtures.checkpoint("flan-t5").appendingPathComponent("config.json").path
            let outcome = try Program.run([
                "convert", "--lavis", Self.lavis.appendingPathComponent("malicious/getattr-chain.bin").path, "--llm", source + "/llm",
                "--qformer-tokenizer", source + "/bert", "--config", config, "--out", parent.appendingPathComponent("new").path,
            ])
            #expect(outcome.status == 65)
            #expect(outcome.errors.contains("builtins.getattr") && outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }
}
