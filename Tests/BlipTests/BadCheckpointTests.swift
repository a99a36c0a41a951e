import Blip
import BlipTestSupport
import Foundation
import Testing

/// Damaged and mistaken checkpoint folders: each gets one sentence that names the place and the remedy.
@Suite("Bad checkpoints are explained") struct BadCheckpointTests {
    private func message(_ folder: URL) async -> String {
        do {
            let assistant = try await Assistant.open(folder)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            return "no error, but the answer \(try await assistant.answer("Why?", about: picture, AnswerOptions(maximumTokens: 2)).text)"
        } catch { return "\(error)" }
    }

    @Test("a missing folder, a file, and a folder without config")
    func places() async throws {
        #expect(await message(URL(fileURLWithPath: "/nowhere/at/all")).contains("there is no checkpoint folder /nowhere/at/all"))
        #expect(await message(Fixtures.picture("shapes.png")).contains("is not a folder"))
        #expect(await message(Fixtures.root.appendingPathComponent("pictures")).contains("has no config.json"))
    }

    @Test(
        "configs that are broken, or of another model",
        arguments: [
            ("\"instructblip\"", "\"llava\"", "model_type is llava"),
            ("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", "text_config.model_type is mamba"),
            ("\"num_query_tokens\": 5", "\"num_query_tokens\": \"five\"", "num_query_tokens"),
            ("\"num_query_tokens\": 5", "\"num_query_tokens\": 0", "num_query_tokens is 0"),
            ("\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", "rope_type is yarn"),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "has no tensor language_model.model.layers.2"),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "no use for"),
            ("\"intermediate_size\": 32", "\"intermediate_size\": 33", "has shape [32, 20], but config.json calls for [33, 20]"),
            ("\"dtype\": \"float32\"", "\"dtype\": \"int4\"", "names the type int4"),
            ("\"image_size\": 30", "\"image_size\": 40", "has shape [1, 10, 12], but config.json calls for [1, 17, 12]"),
            ("\"patch_size\": 10", "\"patch_size\": 30000", "image_size 30 is smaller than patch_size 30000"),
            ("\"max_position_embeddings\": 256", "\"max_position_embeddings\": -9223372036854775808", "max_position_embeddings is -9"),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 16777216", "supports 1...1024"),
            ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"mish\"", "text_config.hidden_act is mish; this version supports gelu"),
            ("{", "", "is broken"),
        ])
    func configs(_ old: String, _ new: String, _ expected: String) async throws {
        try await withCopy(of: "vicuna") { folder in
            let file = folder.appendingPathComponent("config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            let place = try #require(text.range(of: old))
            try text.replacingCharacters(in: place, with: new).write(to: file, atomically: true, encoding: .utf8)
            let message = await message(folder)
            #expect(message.contains(expected), "\(message)")
        }
    }

    @Test("a missing shard, missing weights, missing tokenizers")
    func missing() async throws {
        for (checkpoint, file, expected) in [
            ("vicuna-sharded", "model-00002-of-00003.safetensors", "model-00002-of-00003.safetensors"),
            ("vicuna", "model.safetensors", "neither model.safetensors nor"), ("vicuna", "tokenizer.json", "tokenizer"),
            ("vicuna", "qformer_tokenizer", "qformer_tokenizer"),
        ] {
            try await withCopy(of: checkpoint) { folder in
                try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
                let message = await message(folder)
                #expect(message.contains(expected), "\(message)")
            }
        }
    }

    @Test("weights that are not numbers are said plainly, with the tensor's name", arguments: ["vicuna", "flan-t5"])
    func notFinite(_ checkpoint: String) async throws {
        try await withCopy(of: checkpoint) { folder in
            let file = folder.appendingPathComponent("model.safetensors")
            let name = "language_projection.weight"
            let range = try #require(SafetensorsFile(file).info(of: name)?.byteRange)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seek(toOffset: UInt64(range.lowerBound))
            try handle.write(contentsOf: Data([0, 0, 0xC0, 0x7F]))
            try handle.close()
            let message = await message(folder)
            #expect(message.contains(name) && message.contains("NaN"), "\(message)")
        }
    }

    @Test("where a heat map is no number, the tensor is named, too")
    func notFiniteHeat() async throws {
        try await withCopy(of: "flan-t5") { folder in
            let file = folder.appendingPathComponent("model.safetensors")
            let name = try #require(SafetensorsFile(file).names.first { $0.hasSuffix("crossattention.attention.key.bias") })
            let range = try #require(SafetensorsFile(file).info(of: name)?.byteRange)
            let handle = try FileHandle(forWritingTo: file)
            try handle.seek(toOffset: UInt64(range.lowerBound))
            try handle.write(contentsOf: Data([0, 0, 0xC0, 0x7F]))
            try handle.close()
            let assistant = try await Assistant.open(folder)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            do {
                _ = try await assistant.heatmap("What is it?", about: picture)
                Issue.record("a heat map was made")
            } catch let error as BlipError { #expect("\(error)".contains(name) && "\(error)".contains("NaN"), "\(error)") }
        }
    }

    @Test("a truncated weights file")
    func truncated() async throws {
        try await withCopy(of: "flan-t5") { folder in
            let file = folder.appendingPathComponent("model.safetensors")
            let data = try Data(contentsOf: file)
            try data.prefix(data.count - 1000).write(to: file)
            let message = await message(folder)
            #expect(message.contains("model.safetensors"), "\(message)")
        }
    }

    @Test("tokenizers of another checkpoint are noticed")
    func foreignTokenizer() async throws {
        try await withCopy(of: "flan-t5") { folder in
            for name in ["tokenizer.json", "tokenizer_config.json"] {
                let file = folder.appendingPathComponent(name)
                try FileManager.default.removeItem(at: file)
                try FileManager.default.copyItem(at: Fixtures.checkpoint("vicuna").appendingPathComponent(name), to: file)
            }
            let assistant = try await Assistant.open(folder)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            await #expect(throws: BlipError.self) { try await assistant.answer("Describe the zebra in the picture.", about: picture) }
        }
    }
}
