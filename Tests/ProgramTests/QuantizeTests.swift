import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// `instructblip quantize`, `--quantize` and `bench` as their users meet them.
@Suite("instructblip quantize and bench") struct QuantizeTests {
    /// Wide enough that its matrices are packed.
    private static let config = """
        {"model_type": "instructblip", "dtype": "bfloat16", "num_query_tokens": 4, "image_token_index": 511,
         "vision_config": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 28, "patch_size": 14},
         "qformer_config": {"vocab_size": 600, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "encoder_hidden_size": 64},
         "text_config": TEXT}
        """

    private static let texts = [
        "llama":
            #"{"model_type": "llama", "vocab_size": 512, "hidden_size": 64, "intermediate_size": 100, "num_hidden_layers": 2, "num_attention_heads": 4, "pad_token_id": 510}"#,
        "t5":
            #"{"model_type": "t5", "vocab_size": 512, "d_model": 64, "d_ff": 100, "d_kv": 16, "num_heads": 4, "num_layers": 2, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false, "decoder_start_token_id": 0}"#,
        // A head of its own in the file, though the config says that it is tied.
        "t5-tied":
            #"{"model_type": "t5", "vocab_size": 512, "d_model": 64, "d_ff": 100, "d_kv": 16, "num_heads": 4, "num_layers": 2, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": true, "decoder_start_token_id": 0}"#,
    ]

    private func make(_ family: String, in parent: URL) throws -> String {
        let text = try #require(Self.texts[family])
        let config = parent.appendingPathComponent("\(family).json")
        try Data(Self.config.replacingOccurrences(of: "TEXT", with: text).utf8).write(to: config)
        let folder = parent.appendingPathComponent(family).path
        let outcome = try Program.run(["create", "--config", config.path, "--out", folder, "--dtype", "bfloat16"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return folder
    }

    private func ask(_ folder: String, _ options: [String] = []) throws -> [String: Any] {
        let outcome = try Program.run(
            [
                "ask", Fixtures.picture("shapes.png").path, "what is red", "--model", folder, "--max-tokens", "8", "--min-tokens", "8",
                "--json",
            ] + options)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.json()
    }

    @Test("a packed folder answers as packing while loading does, and ranks", arguments: ["llama", "t5", "t5-tied"], ["q4", "q8"])
    func folder(_ family: String, _ weights: String) async throws {
        try await withTemporaryFolder { parent in
            let (source, packed) = (try make(family, in: parent), parent.appendingPathComponent("packed").path)
            let outcome = try Program.run(["quantize", "--model", source, "--weights", weights, "--out", packed])
            #expect(outcome.status == 0 && outcome.errors.contains("matrices packed"), "\(outcome.errors)")
            let ids = try ask(packed)["token_ids"] as? [Int]
            #expect(ids == (try ask(source, ["--quantize", weights])["token_ids"] as? [Int]))
            #expect(ids?.count == 8)

            let shown = try Program.run(["show", "--model", packed, "--json"]).json()
            let parts = try #require(shown["parts"] as? [[String: Any]])
            let bits = Dictionary(
                uniqueKeysWithValues: parts.compactMap { part in
                    (part["name"] as? String).map { ($0, part["bits_per_weight"] as? Double ?? 0) }
                })
            #expect((bits["image encoder"] ?? 99) < 12 && (bits["language model"] ?? 99) < 14, "\(bits)")
            let text = try Program.run(["show", "--model", packed])
            #expect(text.output.contains("bits a weight") && text.output.contains(weights), "\(text.output)")

            let candidates = parent.appendingPathComponent("candidates.txt")
            try Data("red\nblue\n".utf8).write(to: candidates)
            let ranked = try Program.run(
                ["rank", Fixtures.picture("shapes.png").path, "what is red", "--model", packed, "--candidates", candidates.path, "--json"])
            #expect(ranked.status == 0, "\(ranked.errors)")

            let again = try Program.run([
                "quantize", "--model", packed, "--weights", "q8", "--out", parent.appendingPathComponent("twice").path,
            ])
            #expect(again.status == 65 && again.errors.contains("quantized already"), "\(again.errors)")
            let converted = try Program.run([
                "convert", "--model", packed, "--dtype", "float32", "--out", parent.appendingPathComponent("back").path,
            ])
            #expect(converted.status == 65 && converted.errors.contains("quantized already"), "\(converted.errors)")
            // In float16 the widest product of T5 stays float32.
            #expect((try ask(packed, ["--dtype", "float16"])["token_ids"] as? [Int])?.count == 8)
            let elsewhere = try Program.run([
                "ask", Fixtures.picture("shapes.png").path, "x", "--model", source, "--quantize", "q4", "--device", "cuda:7",
            ])
            #expect(elsewhere.status == 69 && elsewhere.errors.contains("use --device cpu"), "\(elsewhere.errors)")
        }
    }

    @Test("parts are chosen one by one")
    func parts() async throws {
        try await withTemporaryFolder { parent in
            let (source, packed) = (try make("llama", in: parent), parent.appendingPathComponent("packed"))
            let outcome = try Program.run([
                "quantize", "--model", source, "--weights", "q4", "--vision", "none", "--qformer", "q4", "--language", "q8", "--out",
                packed.path,
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let names = try WeightFiles(folder: packed).names
            #expect(!names.contains { $0.hasPrefix("vision_model.") && ($0.hasSuffix(".q4") || $0.hasSuffix(".q8")) })
            #expect(names.contains("qformer.encoder.layer.0.attention.attention.query.weight.q4"))
            #expect(names.contains("language_model.model.layers.1.mlp.up_proj.weight.q8"))
            // Norms, biases and word embeddings stay.
            #expect(names.contains("language_model.model.norm.weight") && names.contains("language_model.model.embed_tokens.weight"))
            // Packed bytes begin where a cache line does.
            let file = try SafetensorsFile(packed.appendingPathComponent("model.safetensors"))
            for info in file.infos where info.type == .uint8 {
                #expect(try file.bytes(of: info.name).withBytes { UInt(bitPattern: $0.baseAddress) % 64 } == 0)
            }
        }
    }

    @Test("an unknown instruction set is noted")
    func kernels() throws {
        let outcome = try Program.run(["bench"], environment: ["INSTRUCTBLIP_KERNELS": "avx1024"])
        #expect(outcome.errors.contains("INSTRUCTBLIP_KERNELS=avx1024 is unknown"), "\(outcome.errors)")
    }

    @Test("a damaged packed matrix is named")
    func damaged() async throws {
        try await withTemporaryFolder { parent in
            let (source, packed) = (try make("llama", in: parent), parent.appendingPathComponent("packed"))
            #expect(try Program.run(["quantize", "--model", source, "--weights", "q4", "--out", packed.path]).status == 0)
            let file = packed.appendingPathComponent("model.safetensors")
            var data = try Data(contentsOf: file)
            let place = try #require(data.range(of: Data("BLQ1".utf8)))
            data[place.lowerBound] = 0
            try data.write(to: file)
            let outcome = try Program.run(["ask", Fixtures.picture("shapes.png").path, "what", "--model", packed.path])
            #expect(outcome.status == 65 && outcome.errors.contains("is not a packed"), "\(outcome.errors)")
            #expect(outcome.errors.contains("quantize the checkpoint again"))
        }
    }

    @Test("bench measures a config and a folder, and ends with one JSON object")
    func bench() async throws {
        try await withTemporaryFolder { parent in
            let source = try make("llama", in: parent)
            let config = parent.appendingPathComponent("llama.json").path
            for arguments in [
                ["--config", config, "--quantize", "q4"], ["--model", source], ["--config", config, "--beams", "2", "--batch", "2"],
            ] {
                let outcome = try Program.run(
                    ["bench", "--json", "--rounds", "2", "--new-tokens", "4", "--prompt-tokens", "8"] + arguments)
                #expect(outcome.status == 0, "\(outcome.errors)")
                let figures = try outcome.json()
                for key in [
                    "vision_s", "qformer_s", "prefill_s", "time_to_first_token_s", "decode_tokens_per_s", "decode_gb_per_s",
                    "memory_limit_gb_per_s",
                    "int8_limit_gop_per_s", "peak_memory_bytes", "load_s", "image_s",
                ] {
                    #expect((figures[key] as? Double ?? 0) > 0, "\(key)")
                }
                #expect(figures["prefill_tokens"] as? Int == 12)
            }
        }
    }

    @Test(
        "wrong options are explained",
        arguments: [
            (["quantize", "--model", "x", "--weights", "q5", "--out", "y"], "q4"),
            (["quantize", "--model", "x", "--out", "y"], "--weights"),
            (["bench"], "either --model or --config"), (["bench", "--config", "nonsense"], "instructblip-vicuna-7b"),
            (["bench", "--config", "vicuna-7b", "--vision", "q8"], "--vision goes with --quantize"),
            (["bench", "--config", "vicuna-7b", "--new-tokens", "1"], "2 to"),
        ])
    func options(_ arguments: [String], _ words: String) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
}
