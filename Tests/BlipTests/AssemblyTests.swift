import BlipImages
import BlipJSON
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// Checkpoints put together of parts; references by `Scripts/fixtures/assembled.py`.
@Suite("Checkpoints are put together of parts") struct AssemblyTests {
    static let names = ["instructblip-flan-t5", "instructblip-llama", "blip2-t5", "blip2-opt", "blip2-of-instructblip"]

    /// `cases.json`: paths are below Tests/Fixtures.
    struct Case: Decodable {
        let parts: [String: String]
        let image: String
        let instruction: String
        let inputIds: [Int]
        let qformerInputIds: [Int]?

        static func named(_ name: String) throws -> Case {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            // The strategy changes the keys of dictionaries, too.
            let text = try String(contentsOf: assembled("cases.json"), encoding: .utf8).replacing("\"text-branch\"", with: "\"text\"")
            return try #require(try decoder.decode([String: Case].self, from: Data(text.utf8))[name])
        }
    }

    static func assembled(_ path: String) -> URL { Fixtures.root.appendingPathComponent("assembled").appendingPathComponent(path) }

    static func fixture(_ path: String) -> URL { Fixtures.root.appendingPathComponent(path) }

    static func parts(_ given: [String: String]) -> CheckpointAssembler.Parts {
        .init(
            vision: given["vision"].map(fixture), qformer: given["qformer"].map { .folder(fixture($0)) },
            textBranch: given["text"].map(fixture), language: given["language"].map(fixture))
    }

    static func kind(_ name: String?) -> Architecture {
        switch name {
        case "blip2": .blip2
        case "blip2-retrieval": .blip2Retrieval
        default: .instructBLIP
        }
    }

    static func sizes(_ path: String) throws -> InstructBLIPConfig {
        try InstructBLIPConfig(file: fixture(path).appendingPathComponent("config.json"))
    }

    @discardableResult
    static func assemble(
        _ kind: Architecture, _ parts: CheckpointAssembler.Parts, to folder: URL, sizes: InstructBLIPConfig? = nil, seed: UInt64 = 0,
        dtype: DType? = nil
    ) throws -> ConversionReport {
        try CheckpointAssembler(kind, parts, sizes: sizes, seed: seed, dtype: dtype, maximumShardBytes: 60_000).write(to: folder)
    }

    static func tensors(_ folder: URL) throws -> [String: Tensor] { try ConversionTests.tensors(folder) }

    @Test("parts of several folders compute what transformers computes of the same parts", arguments: names)
    func parity(_ name: String) async throws {
        let (item, references) = (
            try Case.named(name), try SafetensorsFile(Self.assembled("references.logits.safetensors"))
        )
        try await withTemporaryFolder { parent in
            let (folder, trace) = (parent.appendingPathComponent("new"), parent.appendingPathComponent("trace.safetensors"))
            try Self.assemble(Self.kind(item.parts["kind"]), Self.parts(item.parts), to: folder)
            let assistant = try await Assistant.open(folder, OpenOptions(dtype: .float32))
            try await assistant.trace(item.instruction, about: .file(Fixtures.picture(item.image)), to: trace)
            let found = try SafetensorsFile(trace)
            #expect(try found.tensor("input_ids").integers() == item.inputIds)
            if let told = item.qformerInputIds { #expect(try found.tensor("qformer_input_ids").integers() == told) }
            let gap = try difference(found.tensor("logits").select(0, 0), references.tensor(name))
            #expect(gap < Tolerance.logits, "\(gap)")
        }
    }

    @Test("a Q-Former that compares, beside another image encoder, scores as by transformers")
    func retrieval() async throws {
        let item = try Case.named("blip2-retrieval")
        let expected = try SafetensorsFile(Self.assembled("references.logits.safetensors")).tensor("blip2-retrieval").floats()
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            try Self.assemble(.blip2Retrieval, Self.parts(item.parts), to: folder)
            let matcher = try await ImageTextMatcher.open(folder)
            let match = try await matcher.match(item.instruction, about: .file(Fixtures.picture(item.image)))
            let probability = 1 / (1 + exp(Double(expected[0] - expected[1])))
            #expect(abs(match.matchingProbability - probability) < 1e-5)
            #expect(abs(match.similarity - Double(expected[2])) < 1e-5)
        }
    }

    @Test("each tensor keeps its type, the config names one that loses nothing; or all get the type asked for")
    func types() async throws {
        try await withTemporaryFolder { parent in
            let parts = CheckpointAssembler.Parts(vision: Fixtures.checkpoint("blip2/opt"), language: Self.assembled("opt"))
            let (own, half) = (parent.appendingPathComponent("own"), parent.appendingPathComponent("half"))
            try Self.assemble(.blip2, parts, to: own)
            for (name, tensor) in try Self.tensors(own) {
                #expect(tensor.dtype == (name.hasPrefix("language_model.") ? .float16 : .float32), "\(name)")
            }
            #expect(try Checkpoint.config(in: own).dtypeName == "float32")
            try Self.assemble(.blip2, parts, to: half, dtype: .bfloat16)
            #expect(try Self.tensors(half).values.allSatisfy { $0.dtype == .bfloat16 })
            #expect(try Checkpoint.config(in: half).dtypeName == "bfloat16")
        }
    }

    @Test("the reference's changes: OPT ends with a line break, FlanT5's activation is gelu, LLaMA gets a padding; new rows are zeros")
    func languages() async throws {
        try await withTemporaryFolder { parent in
            func config(_ name: String, _ checkpoint: String) throws -> (InstructBLIPConfig, ConversionReport, URL) {
                let folder = parent.appendingPathComponent(name)
                let report = try Self.assemble(
                    .blip2, .init(vision: Fixtures.checkpoint(checkpoint), language: Self.assembled(name)), to: folder)
                return (try Checkpoint.config(in: folder), report, folder)
            }
            let (opt, _, folder) = try config("opt", "blip2/opt")
            #expect(opt.language.endIDs == [202] && opt.imageTokenID == 370 && opt.language.vocabularySize == 384)
            let rows = try #require(try Self.tensors(folder)["language_model.model.decoder.embed_tokens.weight"])
            #expect(try rows.slice(0, 370..<384).abs().max().item() == 0)
            let (t5, report, _) = try config("t5", "blip2/flan-t5")
            guard case .t5(let language) = t5.language else { throw FixtureError(description: "no T5") }
            #expect(language.activation == .gelu && language.isGated && language.beginID == 1 && language.vocabularySize == 160)
            #expect(report.notes.contains { $0.contains("gelu_new") })
            let (llama, more, _) = try config("llama", "blip2/opt")
            #expect(llama.language.padID == 372 && llama.imageTokenID == 373 && llama.language.vocabularySize == 384)
            #expect(llama.language.beginID == 2 && llama.language.endIDs == [2])
            // Vicuna is as wide as this OPT, so that the projection stays.
            #expect(!more.notes.contains { $0.contains("projection") })
        }
    }

    @Test("a projection into another width is drawn as PyTorch begins a linear layer, and said")
    func projection() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let report = try Self.assemble(
                .blip2, .init(vision: Fixtures.checkpoint("blip2/opt"), language: Self.assembled("t5")), to: folder, seed: 3)
            #expect(report.notes.contains { $0.contains("projection into a language model is [20, 16], and this one needs [18, 16]") })
            #expect(report.notes.contains { $0.contains("with the seed 3: language_projection.weight, language_projection.bias") })
            let tensors = try Self.tensors(folder)
            for name in ["language_projection.weight", "language_projection.bias"] {
                let largest = try #require(tensors[name]).abs().max().item()
                #expect(largest <= 0.25 && largest > 0.15, "the bound is 1 / sqrt(16)")
            }
        }
    }

    // MARK: BERT

    /// BERT's tensors under the names of the model alone.
    private static func bert() throws -> [String: Tensor] {
        Dictionary(
            uniqueKeysWithValues: try tensors(assembled("bert")).map { name, tensor in
                let old = name.replacing("bert.", with: "")
                return (
                    old.replacing("LayerNorm.gamma", with: "LayerNorm.weight").replacing("LayerNorm.beta", with: "LayerNorm.bias"), tensor
                )
            })
    }

    @Test(
        "stage 1 begins with BERT: its weights in both feed-forward networks, new queries and cross-attention, a row for [DEC]",
        arguments: ["bert", "bert-bare"])
    func stageOne(_ source: String) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let parts = CheckpointAssembler.Parts(
                vision: Fixtures.checkpoint("flan-t5"), qformer: .folder(Self.assembled(source)))
            let report = try Self.assemble(.blip2Retrieval, parts, to: folder, sizes: try Self.sizes("blip2/itm"), seed: 7)
            let (found, bert) = (try Self.tensors(folder), try Self.bert())
            func same(_ name: String, _ origin: String) throws {
                let (tensor, expected) = (try #require(found[name], "\(name)"), try #require(bert[origin], "\(origin)"))
                #expect(try difference(tensor, expected) == 0, "\(name)")
            }
            for layer in 0..<3 {
                let (new, old) = ("qformer.encoder.layer.\(layer).", "encoder.layer.\(layer).")
                for part in ["weight", "bias"] {
                    for name in ["query", "key", "value"] {
                        try same("\(new)attention.attention.\(name).\(part)", "\(old)attention.self.\(name).\(part)")
                    }
                    for name in [
                        "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
                    ] {
                        try same("\(new)\(name).\(part)", "\(old)\(name).\(part)")
                    }
                    try same("\(new)intermediate_query.dense.\(part)", "\(old)intermediate.dense.\(part)")
                    try same("\(new)output_query.dense.\(part)", "\(old)output.dense.\(part)")
                    try same("\(new)output_query.LayerNorm.\(part)", "\(old)output.LayerNorm.\(part)")
                    try same("qformer.layernorm.\(part)", "embeddings.LayerNorm.\(part)")
                }
                #expect((found["\(new)crossattention.attention.key.weight"] != nil) == (layer % 2 == 0))
            }
            try same("embeddings.position_embeddings.weight", "embeddings.position_embeddings.weight")
            let words = try #require(found["embeddings.word_embeddings.weight"])
            let known = try #require(bert["embeddings.word_embeddings.weight"])
            #expect(words.shape == [125, 16])
            #expect(try difference(words.slice(0, 0..<124), known) == 0)
            #expect(try words.slice(0, 124..<125).abs().max().item() < 0.1)
            #expect(report.notes.contains("embeddings.word_embeddings.weight has a new row, for [DEC]"))

            let cross = try #require(found["qformer.encoder.layer.0.crossattention.attention.value.weight"])
            #expect(cross.shape == [16, 12])
            #expect(try abs(cross.square().mean().item() - 0.0004) < 0.0001)
            #expect(try #require(found["qformer.encoder.layer.2.crossattention.output.dense.bias"]).abs().max().item() == 0)
            #expect(try #require(found["qformer.encoder.layer.2.crossattention.output.LayerNorm.weight"]).floats().allSatisfy { $0 == 1 })
            #expect(try #require(found["query_tokens"]).square().mean().item() < 0.001)
            let head = try #require(found["itm_head.weight"])
            #expect(head.shape == [2, 16])
            #expect(try head.abs().max().item() <= 0.25)
            for said in ["token_type_embeddings", "query_tokens", "crossattention", "itm_head.weight", "vision_projection.weight"] {
                #expect(report.notes.contains { $0.contains(said) }, "\(said)")
            }
            let match = try await ImageTextMatcher.open(folder).match("a house", about: .file(Fixtures.picture("shapes.png")))
            #expect((0...1).contains(match.matchingProbability))
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.id(of: "[DEC]") == 124 && tokenizer.special.bos == 124 && tokenizer.truncationSide == .right)
        }
    }

    @Test("the same seed gives the same new weights, another one others, and what was given stays")
    func seeds() async throws {
        try await withTemporaryFolder { parent in
            let found = try [1, 1, 2].enumerated().map { place, seed in
                let folder = parent.appendingPathComponent("\(place)")
                try Self.assemble(
                    .blip2Retrieval, .init(vision: Fixtures.checkpoint("flan-t5"), qformer: .folder(Self.assembled("bert"))), to: folder,
                    sizes: try Self.sizes("blip2/itm"), seed: UInt64(seed))
                return try Self.tensors(folder)
            }
            let layers = "qformer.encoder.layer."
            let names = ["query_tokens", "text_projection.bias", layers + "0.crossattention.attention.key.weight"]
            for name in names {
                #expect(try difference(#require(found[0][name]), #require(found[1][name])) == 0)
                #expect(try difference(#require(found[0][name]), #require(found[2][name])) > 0)
            }
            let (query, key) = (layers + "0.crossattention.attention.query.weight", layers + "2.crossattention.attention.query.weight")
            #expect(try difference(#require(found[0][query]), #require(found[0][key])) > 0)
            let given = layers + "0.attention.attention.query.weight"
            #expect(try difference(#require(found[0][given]), #require(found[2][given])) == 0)
        }
    }

    @Test("eva_vit_g.pth is an image encoder, whose norm is new; a random Q-Former has the sizes asked for")
    func alone() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let parts = CheckpointAssembler.Parts(
                vision: Self.fixture("lavis/flan-t5/eva_vit_g.pth"), qformer: .random, language: Self.assembled("llama"),
                qformerTokenizer: Self.assembled("bert"))
            let report = try Self.assemble(.instructBLIP, parts, to: folder, sizes: try Self.sizes("instructblip/flan-t5"))
            let (found, expected) = (try Self.tensors(folder), try ConversionTests.reference("flan-t5"))
            for (name, tensor) in expected where name.hasPrefix("vision_model.") && !name.contains("post_layernorm") {
                #expect(try difference(#require(found[name]), tensor) == 0, "\(name)")
            }
            #expect(try #require(found["vision_model.post_layernorm.weight"]).floats().allSatisfy { $0 == 1 })
            #expect(try #require(found["vision_model.post_layernorm.bias"]).floats().allSatisfy { $0 == 0 })
            #expect(report.notes.contains { $0.contains("blocks.3.") })
            #expect(found["qformer.embeddings.word_embeddings.weight"]?.shape == [125, 16])
            let answer = try await Assistant.open(folder).answer(
                "What is it?", about: .file(Fixtures.picture("shapes.png")), AnswerOptions(maximumTokens: 2))
            #expect(!answer.tokenIDs.isEmpty)
        }
    }

    @Test(
        "the image processor is the image encoder's, wherever its folder keeps it", arguments: ["flan-t5", "flan-t5-old", "blip2/opt-364"])
    func pictures(_ source: String) async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let isLarge = source == "blip2/opt-364"
            try Self.assemble(
                .blip2, .init(vision: Fixtures.checkpoint(source), language: Self.assembled(isLarge ? "opt" : "t5")), to: folder)
            let (found, expected) = (try ImageProcessor(checkpoint: folder), try ImageProcessor(checkpoint: Fixtures.checkpoint(source)))
            #expect(found.height == expected.height && found.width == expected.width && found.mean == expected.mean)
            #expect(found.height == (isLarge ? 364 : 30))
        }
    }

    @Test("a Q-Former that was not told the instruction stays so, unless it gets another text branch; its config says so and is read back")
    func untold() async throws {
        try await withCopy(of: "flan-t5") { source in
            let file = source.appendingPathComponent("config.json")
            let object = try #require(try JSONFile.object(file)).setting("qformer_text_input", to: .bool(false))
            try JSONFile.write(.object(object), to: file)
            #expect(try !Checkpoint.config(in: source).tellsQFormer)
            #expect(try Processor(folder: source, Checkpoint.config(in: source)).instructionTokenizer == nil)
            let parent = source.deletingLastPathComponent()
            let (own, other) = (parent.appendingPathComponent("own"), parent.appendingPathComponent("other"))
            try Self.assemble(.instructBLIP, .init(qformer: .folder(source)), to: own)
            #expect(try !Checkpoint.config(in: own).tellsQFormer)
            try Self.assemble(.instructBLIP, .init(qformer: .folder(source), textBranch: Fixtures.checkpoint("blip2/itm")), to: other)
            #expect(try Checkpoint.config(in: other).tellsQFormer)
            #expect(try CheckpointSummary(folder: own).tokenizers.map(\.role) == ["language"])
            // An instruction is needed all the same.
            await #expect(throws: BlipError.emptyInstruction) {
                try await Assistant.open(own).answer(" ", about: .file(Fixtures.picture("shapes.png")))
            }
        }
    }

    // MARK: What does not go together

    @Test("parts that do not go together are refused with what each has, and nothing is left behind")
    func unfitting() async throws {
        try await withTemporaryFolder { parent in
            let wide = parent.appendingPathComponent("wide")
            var config = try Self.sizes("instructblip/flan-t5")
            (config.vision.hiddenSize, config.qformer.vocabularySize) = (24, 400)
            if case .t5(var language) = config.language {
                language.vocabularySize = 512
                (config.language, config.imageTokenID) = (.t5(language), 480)
            }
            try CheckpointCreator(config, dtype: .float32).write(to: wide)
            var deep = config
            (deep.vision.hiddenSize, deep.qformer.layerCount) = (12, 4)
            let other = parent.appendingPathComponent("deep")
            try CheckpointCreator(deep, dtype: .float32).write(to: other)

            func refusal(_ kind: Architecture, _ parts: CheckpointAssembler.Parts) -> String {
                let folder = parent.appendingPathComponent("new")
                do {
                    try Self.assemble(kind, parts, to: folder)
                    return "none"
                } catch {
                    #expect(!FileManager.default.fileExists(atPath: folder.path))
                    return "\(error)"
                }
            }
            let width = refusal(.blip2, .init(vision: wide, qformer: .folder(Fixtures.checkpoint("blip2/opt"))))
            #expect(width.contains("the image encoder's width is 24 in \(wide.path), and 12 in the Q-Former of"), "\(width)")
            let layers = refusal(.instructBLIP, .init(qformer: .folder(Fixtures.checkpoint("blip2/flan-t5")), textBranch: other))
            #expect(layers.contains("the number of the Q-Former's layers is 4 in the text branch of \(other.path), and 3 in"), "\(layers)")
            let silent = refusal(.instructBLIP, .init(qformer: .folder(Fixtures.checkpoint("blip2/flan-t5"))))
            #expect(silent.contains("the text branch's folder is missing") && silent.contains("reads no text"), "\(silent)")
            let mute = refusal(
                .instructBLIP, .init(qformer: .folder(Fixtures.checkpoint("flan-t5")), textBranch: Fixtures.checkpoint("blip2/opt")))
            #expect(mute.contains("expected a Q-Former with a text branch, or a BERT"), "\(mute)")
            let speechless = refusal(.blip2, .init(qformer: .folder(Fixtures.checkpoint("blip2/itm"))))
            #expect(speechless.contains("holds BLIP-2 for image-text retrieval; expected a language model"), "\(speechless)")
            let blind = refusal(.blip2, .init(vision: Self.assembled("t5"), qformer: .folder(Fixtures.checkpoint("blip2/itm"))))
            #expect(blind.contains("holds a language model on its own; expected the image encoder"), "\(blind)")
            let backwards = refusal(.blip2, .init(vision: Fixtures.checkpoint("blip2/opt"), qformer: .folder(Self.assembled("llama"))))
            #expect(backwards.contains("expected the Q-Former"), "\(backwards)")
            let nothing = refusal(.blip2, .init(vision: Fixtures.checkpoint("blip2/opt"), qformer: .random))
            #expect(nothing.contains("the language model's folder is missing"), "\(nothing)")
            let wordless = refusal(
                .instructBLIP, .init(vision: Fixtures.checkpoint("blip2/opt"), qformer: .random, language: Self.assembled("t5")))
            #expect(wordless.contains("the folder of BERT's tokenizer is missing"), "\(wordless)")
        }
    }

    @Test("missing tensors, packed weights and broken configs are named")
    func damaged() async throws {
        try await withTemporaryFolder { parent in
            let target = parent.appendingPathComponent("new")
            // Nothing of the tiny ones is wide enough to be packed; a name says so just as well.
            let copy = parent.appendingPathComponent("copy")
            try FileManager.default.copyItem(at: Self.assembled("t5"), to: copy)
            var tensors = try Self.tensors(copy)
            tensors["decoder.block.0.layer.0.SelfAttention.q.weight.q8"] = try .zeros([64], .uint8)
            try SafetensorsWriter.write(
                tensors.map { (name: $0.key, tensor: $0.value) }, to: copy.appendingPathComponent("model.safetensors"))
            let parts = CheckpointAssembler.Parts(vision: Fixtures.checkpoint("blip2/flan-t5"), language: copy)
            #expect { try Self.assemble(.blip2, parts, to: target) } throws: { "\($0)".contains("quantized already") }

            tensors["decoder.block.0.layer.0.SelfAttention.q.weight.q8"] = nil
            tensors["decoder.block.1.layer.2.layer_norm.weight"] = nil
            try SafetensorsWriter.write(
                tensors.map { (name: $0.key, tensor: $0.value) }, to: copy.appendingPathComponent("model.safetensors"))
            #expect { try Self.assemble(.blip2, parts, to: target) } throws: {
                "\($0)".contains("1 tensors are missing: language_model.decoder.block.1.layer.2.layer_norm.weight")
            }
            try Data(#"{"model_type": "t5", "d_model": "wide"}"#.utf8).write(to: copy.appendingPathComponent("config.json"))
            #expect { try Self.assemble(.blip2, parts, to: target) } throws: { "\($0)".contains("d_model: expected a whole number") }
            try Data(#"{"model_type": "gpt2"}"#.utf8).write(to: copy.appendingPathComponent("config.json"))
            #expect { try Self.assemble(.blip2, parts, to: target) } throws: { "\($0)".contains("holds gpt2; expected a language model") }
            try FileManager.default.removeItem(at: copy.appendingPathComponent("config.json"))
            #expect { try Self.assemble(.blip2, parts, to: target) } throws: { "\($0)".contains("has no config.json") }
            #expect(!FileManager.default.fileExists(atPath: target.path))
        }
    }

    @Test("numbers and names of hostile files are refused: a vocabulary without end, a token far out, a tensor twice, an unknown one")
    func hostile() async throws {
        try await withTemporaryFolder { parent in
            func copy(_ name: String) throws -> URL {
                let copy = parent.appendingPathComponent(UUID().uuidString)
                try FileManager.default.copyItem(at: Self.assembled(name), to: copy)
                return copy
            }
            func refusal(_ parts: CheckpointAssembler.Parts) -> String {
                do {
                    try Self.assemble(parts.language == nil ? .blip2Retrieval : .blip2, parts, to: parent.appendingPathComponent("new"))
                    return "none"
                } catch { return "\(error)" }
            }
            func bert(_ change: (inout [String: Tensor]) throws -> Void) throws -> CheckpointAssembler.Parts {
                let folder = try copy("bert")
                var tensors = try Self.tensors(folder)
                try change(&tensors)
                let file = folder.appendingPathComponent("model.safetensors")
                try SafetensorsWriter.write(tensors.map { (name: $0.key, tensor: $0.value) }, to: file)
                return .init(vision: Fixtures.checkpoint("flan-t5"), qformer: .folder(folder))
            }
            let endless = try copy("bert")
            let sizes = #"{"model_type": "bert", "vocab_size": \#(Int.max), "hidden_size": 16, "num_attention_heads": 2}"#
            try Data(sizes.utf8).write(to: endless.appendingPathComponent("config.json"))
            #expect(
                refusal(.init(vision: Fixtures.checkpoint("flan-t5"), qformer: .folder(endless))).contains(
                    "qformer_config.vocab_size is \(Int.max)"))

            let far = try copy("opt")
            let file = far.appendingPathComponent("vocab.json")
            let words = try #require(try JSONFile.object(file))
            try JSONFile.write(.object(words.setting("<image>", to: .integer(1 << 25))), to: file)
            let message = refusal(.init(vision: Fixtures.checkpoint("blip2/opt"), language: far))
            #expect(message.contains("an id below 1048576 for <image>"), "\(message)")

            let twice = try bert { $0["embeddings.LayerNorm.weight"] = $0["bert.embeddings.LayerNorm.gamma"] }
            #expect(refusal(twice).contains("the same tensor under several names"))
            let unknown = try bert { $0["bert.encoder.layer.0.attention.self.relative.weight"] = try .zeros([4]) }
            #expect(try Self.assembleRenames(unknown, parent))
            let odd = try bert { $0["bert.encoder.rope.weight"] = try .zeros([4]) }
            #expect(refusal(odd).contains("that no BERT file has: bert.encoder.rope.weight"))
        }
    }

    /// A tensor of attention that no Q-Former has is an error of the plan, by its new name.
    private static func assembleRenames(_ parts: CheckpointAssembler.Parts, _ parent: URL) throws -> Bool {
        do {
            try assemble(.blip2Retrieval, parts, to: parent.appendingPathComponent("new"))
            return false
        } catch { return "\(error)".contains("1 tensors have no use") }
    }

    @Test("an interrupted one leaves nothing, and a folder that holds files is refused")
    func interrupted() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let assembler = try CheckpointAssembler(.blip2, .init(qformer: .folder(Fixtures.checkpoint("blip2/opt"))))
            #expect(throws: CancellationError.self) { try assembler.write(to: folder, isCancelled: { true }) }
            #expect(!FileManager.default.fileExists(atPath: folder.path))
            #expect(throws: BlipError.outputExists(path: parent.deletingLastPathComponent().path)) {
                try assembler.write(to: parent.deletingLastPathComponent())
            }
        }
    }
}
