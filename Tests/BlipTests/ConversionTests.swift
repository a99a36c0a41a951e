import BlipJSON
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// Checkpoints made of LAVIS files and of pickled folders equal the Hugging Face ones they were taken from.
@Suite("Conversion") struct ConversionTests {
    static let lavis = Fixtures.root.appendingPathComponent("lavis")

    static func converter(
        _ family: String, trained: URL? = nil, vision: URL? = nil, withVision: Bool = true, dtype: DType = .float32,
        config change: (inout InstructBLIPConfig) -> Void = { _ in }
    ) throws -> LAVISConverter {
        let folder = lavis.appendingPathComponent(family)
        var config = try InstructBLIPConfig(file: Fixtures.checkpoint(family).appendingPathComponent("config.json"))
        change(&config)
        return try LAVISConverter(
            config: config, trained: trained ?? folder.appendingPathComponent("trimmed.pth"),
            vision: withVision ? vision ?? folder.appendingPathComponent("eva_vit_g.pth") : nil,
            language: folder.appendingPathComponent("llm"), instructionTokenizer: folder.appendingPathComponent("bert"), dtype: dtype,
            maximumShardBytes: 60_000)
    }

    static func tensors(_ folder: URL) throws -> [String: Tensor] {
        let files = try WeightFiles(folder: folder)
        return Dictionary(try files.files.flatMap { file in try file.names.map { ($0, try file.tensor($0)) } }) { first, _ in first }
    }

    /// The Hugging Face checkpoint as LAVIS can hold it: keys have no bias there. (Attention does not feel it.)
    static func reference(_ family: String) throws -> [String: Tensor] {
        var tensors = try tensors(Fixtures.checkpoint(family))
        for (name, tensor) in tensors where name.hasSuffix("qkv.bias") {
            let third = tensor.count / 3
            let parts = try [tensor.slice(0, 0..<third), .zeros([third]), tensor.slice(0, 2 * third..<3 * third)]
            tensors[name] = try Tensor.concatenate(parts, 0)
        }
        return tensors
    }

    static func answersEqual(_ family: String, _ folder: URL) async throws {
        let references = try References(family)
        let assistant = try await Assistant.open(folder)
        for item in references.cases.cases {
            let answer = try await assistant.answer(
                item.instruction, about: .file(Fixtures.picture(item.image)), AnswerOptions(maximumTokens: references.cases.newTokens))
            #expect(answer.tokenIDs == item.greedy.stoppingAtTokenizerEnd, "\(item.name)")
            #expect(answer.text == item.text.trimmingCharacters(in: .whitespacesAndNewlines), "\(item.name)")
            #expect(answer.promptTokens == item.inputIds.count, "\(item.name)")
        }
    }

    @Test(
        "LAVIS files and a language model give the Hugging Face checkpoint, tensor by tensor, and its answers",
        arguments: ["flan-t5", "vicuna"])
    func lavis(_ family: String) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            var last = (0, 0)
            let report = try Self.converter(family).write(to: folder, progress: { last = ($0, $1) })
            #expect(last.0 == last.1 && last.1 == report.bytes)

            let (found, expected) = (try Self.tensors(folder), try Self.reference(family))
            #expect(Set(found.keys) == Set(expected.keys))
            #expect(report.tensors == expected.count)
            for (name, tensor) in expected {
                let made = try #require(found[name])
                guard family == "vicuna", name.contains("embed_tokens") || name.contains("lm_head") else {
                    #expect(try difference(made, tensor) == 0, "\(name)")
                    continue
                }
                // Vicuna's own vocabulary ends before [PAD] and <image>.
                #expect(made.shape == tensor.shape)
                #expect(try difference(made.slice(0, 0..<372), tensor.slice(0, 0..<372)) == 0, "\(name)")
                #expect(try made.slice(0, 372..<384).abs().max().item() == 0, "\(name)")
            }
            let notes = report.notes.joined(separator: "\n")
            #expect(notes.contains("blocks.3.") && notes.contains("norm.weight") && notes.contains("head.bias"))
            #expect(notes.contains("rows of zeros") == (family == "vicuna"))
            try await Self.answersEqual(family, folder)
            let summary = try CheckpointSummary(folder: folder)
            #expect(summary.fileCount > 1)
        }
    }

    @Test("the tokenizers of the new folder are the Hugging Face checkpoint's", arguments: ["flan-t5", "vicuna"])
    func tokenizers(_ family: String) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            _ = try Self.converter(family).write(to: folder)
            for part in ["", "qformer_tokenizer"] {
                let made = try Tokenizer(folder: folder.appendingPathComponent(part))
                let expected = try Tokenizer(folder: Fixtures.checkpoint(family).appendingPathComponent(part))
                #expect(made.special == expected.special)
                #expect(made.truncationSide == .left && expected.truncationSide == .left)
                #expect(made.paddingSide == expected.paddingSide)
                #expect(made.vocabularySize == expected.vocabularySize)
                for text in ["What is in the picture?", "a <image> b [DEC] [PAD] </s> é", "  two  spaces", "?"] {
                    #expect(made.encode(text, specialTokens: .asText) == expected.encode(text, specialTokens: .asText), "\(text)")
                }
                for token in ["<image>", "[PAD]", "[DEC]", "</s>"] {
                    #expect(made.id(of: token) == expected.id(of: token), "\(token)")
                    if let id = made.id(of: token) { #expect(made.isSpecial(id) == expected.isSpecial(id), "\(token)") }
                }
            }
        }
    }

    @Test("a tokenizer.json that begins texts with <s> is changed to begin them with </s>")
    func fastTokenizer() async throws {
        try await withTemporaryFolder { parent in
            let (source, folder) = (parent.appendingPathComponent("llm"), parent.appendingPathComponent("new"))
            try FileManager.default.copyItem(at: Self.lavis.appendingPathComponent("vicuna/llm"), to: source)
            try FileManager.default.removeItem(at: source.appendingPathComponent("tokenizer.model"))
            // The published file with LLaMA's own three special tokens and no template.
            let reference = Fixtures.checkpoint("vicuna")
            let root = try #require(try JSONFile.object(reference.appendingPathComponent("tokenizer.json")))
            let added = try #require(root["added_tokens"]?.array).filter { ($0["id"]?.integer ?? 0) < 3 }
            let plain = root.setting("added_tokens", to: .array(added)).setting("post_processor", to: .null)
            try JSONFile.write(.object(plain), to: source.appendingPathComponent("tokenizer.json"))
            #expect(try Tokenizer(folder: source).id(of: "<image>") == nil)

            let config = try InstructBLIPConfig(file: reference.appendingPathComponent("config.json"))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try ConvertedTokenizers(config).write(
                language: source, instruction: Self.lavis.appendingPathComponent("vicuna/bert"), to: folder)
            let (made, expected) = (try Tokenizer(folder: folder), try Tokenizer(folder: reference))
            #expect(made.special == expected.special)
            for text in ["What is in the picture?", "a <image> b", ""] {
                #expect(made.encode(text, specialTokens: .asText) == expected.encode(text, specialTokens: .asText))
            }
        }
    }

    @Test("an untrimmed file brings its own image encoder and language model")
    func untrimmed() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let full = Self.lavis.appendingPathComponent("full.pth")
            _ = try Self.converter("flan-t5", trained: full, withVision: false, dtype: .float16).write(to: folder)
            let found = try Self.tensors(folder)
            for (name, tensor) in try Self.reference("flan-t5") {
                let kept: DType = name == "query_tokens" || name.hasSuffix(".wo.weight") ? .float32 : .float16
                #expect(found[name]?.dtype == kept, "\(name)")
                #expect(try difference(#require(found[name]), tensor.to(.float16)) == 0, "\(name)")
            }
        }
    }

    @Test(
        "pickled folders, whole or in shards, become safetensors with the same numbers", arguments: ["bin-zip", "bin-sharded"],
        [nil, DType.float32])
    func folders(_ source: String, _ dtype: DType?) async throws {
        try await withCopy(of: "flan-t5") { copy in
            try FileManager.default.removeItem(at: copy.appendingPathComponent("model.safetensors"))
            let weights = Self.lavis.appendingPathComponent(source)
            for name in try FileManager.default.contentsOfDirectory(atPath: weights.path) {
                try FileManager.default.copyItem(at: weights.appendingPathComponent(name), to: copy.appendingPathComponent(name))
            }
            let folder = copy.deletingLastPathComponent().appendingPathComponent("new")
            let report = try CheckpointConverter(folder: copy, dtype: dtype).write(to: folder)
            #expect(report.notes.contains { $0.contains("qformer.embeddings.position_ids") } == (source == "bin-zip"))
            let (found, expected) = (try Self.tensors(folder), try Self.tensors(Fixtures.checkpoint("flan-t5")))
            #expect(Set(found.keys) == Set(expected.keys))
            for (name, tensor) in expected {
                #expect(found[name]?.dtype == dtype ?? .float16, "\(name)")
                #expect(try difference(#require(found[name]), tensor.to(.float16)) == 0, "\(name)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!names.contains { $0.hasSuffix(".bin") || $0.contains("pytorch_model") })
            #expect(
                Set(names).isSuperset(of: [
                    "config.json", "tokenizer.json", "qformer_tokenizer", "processor_config.json", "model.safetensors",
                ]))
        }
    }

    @Test(
        "another type is the rounding of every tensor, and the config names it", arguments: ["vicuna-sharded", "flan-t5"],
        [DType.bfloat16, .float16, .float32])
    func types(_ checkpoint: String, _ dtype: DType) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let source = Fixtures.checkpoint(checkpoint)
            _ = try CheckpointConverter(folder: source, dtype: dtype, maximumShardBytes: 30_000).write(to: folder)
            let (found, before) = (try Self.tensors(folder), try Self.tensors(source))
            for (name, tensor) in found {
                #expect(tensor.dtype == Precision(dtype).type(of: name), "\(name)")
                #expect(try difference(tensor, #require(before[name]).to(tensor.dtype)) == 0, "\(name)")
            }
            let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
            var expected = try InstructBLIPConfig(file: source.appendingPathComponent("config.json"))
            expected.dtypeName = dtype.rawValue
            #expect(config == expected)
            // What we do not know is kept, too.
            let text = try String(contentsOf: folder.appendingPathComponent("config.json"), encoding: .utf8)
            #expect(text.contains("transformers_version"))
            let assistant = try await Assistant.open(folder)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            let answer = try await assistant.answer("Why?", about: picture, AnswerOptions(maximumTokens: 3))
            let reference = try await Assistant.open(source, OpenOptions(dtype: dtype))
            #expect(try await reference.answer("Why?", about: picture, AnswerOptions(maximumTokens: 3)).tokenIDs == answer.tokenIDs)
        }
    }

    @Test("position embeddings are resized as torch interpolates them", arguments: ["2-3", "4-3", "4-7", "3-3"])
    func positions(_ sizes: String) throws {
        let file = try SafetensorsFile(Self.lavis.appendingPathComponent("positions.safetensors"))
        let (from, to) = (try file.tensor("\(sizes)/from"), try file.tensor("\(sizes)/to"))
        let (old, new) = try (#require(PositionGrid.side(ofRows: from.size(1))), #require(PositionGrid.side(ofRows: to.size(1))))
        let found = try Tensor.of(PositionGrid.resize(from.floats(), from: old, to: new, width: 5), to.shape)
        // torch itself is 1.6e-6 away from the same sums in float64.
        #expect(try difference(found, to) < 4e-6)
        #expect(PositionGrid.side(ofRows: 18) == nil && PositionGrid.side(ofRows: 1) == nil && PositionGrid.side(ofRows: 0) == nil)
    }

    @Test("an image encoder for another image size is resized, with a note")
    func otherImageSize() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let converter = try Self.converter("flan-t5") { $0.vision.imageSize = 50 }
            let report = try converter.write(to: folder)
            #expect(report.notes.contains("position embeddings of 3 x 3 patches were resized to 5 x 5"))
            let name = "vision_model.embeddings.position_embedding"
            let (found, before) = (try #require(Self.tensors(folder)[name]), try #require(Self.reference("flan-t5")[name]))
            let expected = PositionGrid.resize(try before.floats(), from: 3, to: 5, width: before.size(2))
            #expect(try found.floats() == expected)
            _ = try CheckpointSummary(folder: folder)
        }
    }
}
