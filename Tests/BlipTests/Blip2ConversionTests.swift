import BlipJSON
import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// Checkpoints made of BLIP-2's LAVIS files equal the ones by transformers they were taken from.
@Suite("Conversion of BLIP-2") struct Blip2ConversionTests {
    private func file(_ path: String) -> URL { ConversionTests.lavis.appendingPathComponent(path) }

    /// - Parameter kind: `opt`, `flan-t5` or `itm`.
    private func converter(
        _ kind: String, trained: String? = nil, withVision: Bool = true, dtype: DType = .float32,
        config change: (inout InstructBLIPConfig) -> Void = { _ in }
    ) throws -> LAVISConverter {
        var config = try InstructBLIPConfig(file: Fixtures.checkpoint("blip2/\(kind)").appendingPathComponent("config.json"))
        change(&config)
        let isRetrieval = kind == "itm"
        return try LAVISConverter(
            config: config, trained: file(trained ?? "blip2-\(kind)/\(isRetrieval ? "pretrained" : "trimmed").pth"),
            vision: withVision ? file("blip2-\(kind)/eva_vit_g.pth") : nil, language: isRetrieval ? nil : file("blip2-\(kind)/llm"),
            instructionTokenizer: isRetrieval ? file("blip2-itm/bert") : nil, dtype: dtype)
    }

    /// Compares every tensor but those in `others`.
    private func compare(_ folder: URL, _ kind: String, dtype: DType = .float32, but others: Set<String> = []) throws {
        let (found, expected) = (try ConversionTests.tensors(folder), try ConversionTests.reference("blip2/\(kind)"))
        #expect(Set(found.keys) == Set(expected.keys))
        for (name, tensor) in expected where !others.contains(name) {
            let made = try #require(found[name])
            #expect(made.dtype == Precision(dtype, for: kind == "itm" ? .blip2Retrieval : .blip2).type(of: name), "\(name)")
            // What the file holds in half precision is no better where it is kept in float32.
            #expect(try difference(made, tensor.to(dtype)) == 0, "\(name)")
        }
    }

    private static let embedding = "language_model.model.decoder.embed_tokens.weight"

    @Test(
        "stage 2 and a language model give the checkpoint, tensor by tensor, its tokenizer and its answers", arguments: ["opt", "flan-t5"])
    func stage2(_ kind: String) async throws {
        try await withTemporaryFolder { parent in
            let (folder, source) = (parent.appendingPathComponent("new"), Fixtures.checkpoint("blip2/\(kind)"))
            let report = try converter(kind).write(to: folder)
            // OPT's own file has no row for <image> and none to round up.
            try compare(folder, kind, but: [Self.embedding])
            if kind == "opt" {
                let (found, expected) = (try ConversionTests.tensors(folder), try ConversionTests.tensors(source))
                let (made, whole) = (try #require(found[Self.embedding]), try #require(expected[Self.embedding]))
                #expect(made.shape == whole.shape)
                #expect(try difference(made.slice(0, 0..<370), whole.slice(0, 0..<370)) == 0)
                #expect(try made.slice(0, 370..<384).abs().max().item() == 0)
                #expect(report.notes.contains { $0.contains("14 rows of zeros") })
            }
            #expect(report.notes.contains { $0.contains("Qformer.bert.embeddings.position_ids") })
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("qformer_tokenizer").path))
            let (made, expected) = (try Tokenizer(folder: folder), try Tokenizer(folder: source))
            #expect(made.special == expected.special && made.vocabularySize == expected.vocabularySize)
            for text in ["What is in the picture?", "a <image> b </s> é", "  two  spaces\n", "?", ""] {
                #expect(made.encode(text, specialTokens: .asText) == expected.encode(text, specialTokens: .asText), "\(text)")
            }
            #expect(made.id(of: "<image>") == expected.id(of: "<image>"))
            let (assistant, references) = (try await Assistant.open(folder), try References("blip2/\(kind)"))
            let options = AnswerOptions(maximumTokens: references.cases.newTokens, stop: .configOnly)
            for item in references.cases.cases {
                let answer = try await assistant.answer(item.instruction, about: .file(Fixtures.picture(item.image)), options)
                #expect(answer.tokenIDs == item.greedy.stoppingAtConfigEnd)
            }
            for caption in try #require(references.cases.withoutText) {
                let answer = try await assistant.answer("", about: .file(Fixtures.picture(caption.image)), options)
                #expect(answer.tokenIDs == caption.stoppingAtConfigEnd)
            }
            _ = try CheckpointSummary(folder: folder)
        }
    }

    @Test("a file fine-tuned on captions brings its own image encoder, for its own picture size")
    func captions() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let made = try converter("opt", trained: "blip2-opt/caption.pth", dtype: .float16) { $0.vision.imageSize = 50 }
            _ = try made.write(to: folder)
            let positions = "vision_model.embeddings.position_embedding"
            try compare(folder, "opt", dtype: .float16, but: [Self.embedding, positions])
            let stored = try TorchFile(file("blip2-opt/caption.pth")).stateDictionary().first { $0.name == "visual_encoder.pos_embed" }
            let expected = try StoredTensor("positions", #require(stored).tensor).floats()
            #expect(try #require(ConversionTests.tensors(folder)[positions]).floats() == expected)
            let picture = try Processor(folder: folder, InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))).images
            #expect(picture.height == 50 && picture.width == 50)
            let answer = try await Assistant.open(folder).answer(
                "Why?", about: .file(Fixtures.picture("shapes.png")), AnswerOptions(maximumTokens: 3))
            #expect(!answer.tokenIDs.isEmpty)
            // It needs no eva_vit_g.pth.
            _ = try converter("opt", trained: "blip2-opt/caption.pth", withVision: false) { $0.vision.imageSize = 50 }.write(
                to: parent.appendingPathComponent("alone"))
        }
    }

    @Test("stage 1 gives the checkpoint for retrieval and its scores")
    func stage1() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            let report = try converter("itm").write(to: folder)
            try compare(folder, "itm")
            #expect(report.notes.contains { $0.contains("temp") && $0.contains("Qformer.cls.predictions.bias") })
            let made = try Tokenizer(folder: folder)
            #expect(made.truncationSide == .right && made.id(of: "[DEC]") == 124)
            let matcher = try await ImageTextMatcher.open(folder)
            for score in try RetrievalScores().scores {
                let match = try await matcher.match(score.text, about: .file(Fixtures.picture(score.image)))
                #expect(abs(match.matchingProbability - score.itmProbability) < Tolerance.logits)
                #expect(abs(match.similarity - score.itcSimilarity) < Tolerance.logits)
            }
            // transformers would put the image's places into the text if it found a number.
            let settings = try JSONFile.object(folder.appendingPathComponent("processor_config.json"))
            #expect(settings?["num_query_tokens"] == nil)
            _ = try CheckpointSummary(folder: folder)
        }
    }

    @Test("a file of another stage is refused, with the names it should not have or lacks")
    func stages() async throws {
        try await withTemporaryFolder { parent in
            func refusal(_ body: @autoclosure () throws -> LAVISConverter) throws -> String {
                let folder = parent.appendingPathComponent("new")
                let converter = try body()
                let error = #expect(throws: ConversionError.self) { try converter.write(to: folder) }
                #expect(!FileManager.default.fileExists(atPath: folder.path))
                return error.map { "\($0)" } ?? ""
            }
            let early = try refusal(converter("opt", trained: "blip2-itm/pretrained.pth"))
            #expect(early.contains("no BLIP-2 file has") && early.contains("Qformer.bert.encoder.layer.{0-2}.intermediate.dense.weight"))
            #expect(early.contains("itm_head.weight") && early.contains("temp") && early.contains("word_embeddings"))
            let late = try refusal(converter("itm", trained: "blip2-opt/trimmed.pth"))
            #expect(late.contains("tensors are missing") && late.contains("embeddings.word_embeddings.weight") && late.contains("opt_proj"))
            let other = try refusal(converter("flan-t5", trained: "blip2-opt/trimmed.pth"))
            #expect(other.contains("language_projection.weight [20, 16] for [18, 16]"))
            let instructed = try refusal(converter("flan-t5", trained: "flan-t5/trimmed.pth"))
            #expect(instructed.contains("Qformer.bert.embeddings.position_embeddings.weight"))
            let blind = try refusal(converter("opt", withVision: false))
            #expect(blind.contains("vision_model.embeddings.class_embedding"))
        }
    }

    @Test("folders that the kind has no use for, or lacks, are refused by name")
    func folders() throws {
        func make(_ kind: String, language: URL?, instruction: URL?) throws {
            let config = try InstructBLIPConfig(file: Fixtures.checkpoint(kind).appendingPathComponent("config.json"))
            _ = try LAVISConverter(
                config: config, trained: file("full.pth"), vision: nil, language: language, instructionTokenizer: instruction)
        }
        let folder = file("vicuna/bert")
        for (kind, language, instruction) in [
            ("blip2/opt", nil, nil), ("blip2/opt", folder, folder), ("blip2/itm", folder, folder), ("blip2/itm", nil, nil),
            ("vicuna", folder, nil), ("vicuna", nil, folder),
        ] {
            #expect(throws: BlipError.self) { try make(kind, language: language, instruction: instruction) }
        }
    }
}
