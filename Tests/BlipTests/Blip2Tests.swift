import Blip
import BlipTestSupport
import Foundation
import Testing

/// BLIP-2 from a picture's file to an answer or a score.
@Suite("BLIP-2 answers, captions and compares") struct Blip2Tests {
    static let families = ["blip2/opt", "blip2/flan-t5"]

    private func config(_ name: String) throws -> InstructBLIPConfig {
        try InstructBLIPConfig(file: Fixtures.checkpoint(name).appendingPathComponent("config.json"))
    }

    @Test("the processor lays prompts out as the reference's does", arguments: families)
    func layout(_ name: String) throws {
        let (processor, references) = (try Processor(folder: Fixtures.checkpoint(name), config(name)), try References(name))
        for item in references.cases.cases {
            let image = try ImageSource.file(Fixtures.picture(item.image)).load()
            let input = try processor.input(image, item.instruction)
            #expect(processor.layout(input.promptIDs) == item.inputIds)
            #expect(input.instructionIDs == nil)
        }
    }

    @Test("questions are answered and captions written as by the reference", arguments: families)
    func answers(_ name: String) async throws {
        let (assistant, references) = (try await Assistant.open(Fixtures.checkpoint(name)), try References(name))
        let options = AnswerOptions(maximumTokens: references.cases.newTokens, stop: .configOnly)
        for item in references.cases.cases {
            let answer = try await assistant.answer(item.instruction, about: .file(Fixtures.picture(item.image)), options)
            #expect(answer.tokenIDs == item.greedy.stoppingAtConfigEnd)
        }
        for caption in try #require(references.cases.withoutText) {
            for nothing in ["", " \n"] {
                let answer = try await assistant.answer(nothing, about: .file(Fixtures.picture(caption.image)), options)
                #expect(answer.tokenIDs == caption.stoppingAtConfigEnd)
            }
        }
    }

    @Test("an answer of OPT ends at the line break and at the tokenizer's end")
    func stops() async throws {
        let cases = try References("blip2/opt").cases
        let summary = try CheckpointSummary(folder: Fixtures.checkpoint("blip2/opt"))
        #expect(summary.stopIDs == [cases.tokenizerEnd, cases.configEnd])
        #expect(summary.architecture == "BLIP-2 with opt")
        #expect(summary.tokenizers.map(\.role) == ["language"])
    }

    @Test("an old upload that holds OPT's head too opens and answers alike")
    func storedHead() async throws {
        try await withTemporaryFolder { parent in
            let (source, folder) = (Fixtures.checkpoint("blip2/opt"), parent.appendingPathComponent("old"))
            try FileManager.default.copyItem(at: source, to: folder)
            let file = try SafetensorsFile(source.appendingPathComponent("model.safetensors"))
            var tensors = try file.names.map { ($0, try file.tensor($0)) }
            tensors.append(("language_model.lm_head.weight", try file.tensor("language_model.model.decoder.embed_tokens.weight")))
            try FileManager.default.removeItem(at: folder.appendingPathComponent("model.safetensors"))
            try SafetensorsWriter.write(tensors, to: folder.appendingPathComponent("model.safetensors"))
            let (new, old) = (try await Assistant.open(source), try await Assistant.open(folder))
            let (picture, options) = (ImageSource.file(Fixtures.picture("shapes.png")), AnswerOptions(maximumTokens: 8))
            let expected = try await new.answer("Why?", about: picture, options)
            #expect(try await old.answer("Why?", about: picture, options).tokenIDs == expected.tokenIDs)
        }
    }

    @Test("an image processor of another size is obeyed", arguments: families)
    func sizes(_ name: String) async throws {
        let references = try References(name)
        for size in try #require(references.cases.interpolated) {
            try await withCopy(of: name) { folder in
                let file = folder.appendingPathComponent("processor_config.json")
                let text = try String(contentsOf: file, encoding: .utf8)
                let changed = text.replacingOccurrences(of: "\"height\": 30", with: "\"height\": \(size.height)")
                    .replacingOccurrences(of: "\"width\": 30", with: "\"width\": \(size.width)")
                try changed.write(to: file, atomically: true, encoding: .utf8)
                let item = references.cases.cases[0]
                let answer = try await Assistant.open(folder).answer(
                    item.instruction, about: .file(Fixtures.picture(item.image)), AnswerOptions(maximumTokens: 8, stop: .configOnly))
                #expect(answer.tokenIDs == size.ids)
            }
        }
    }

    @Test("sizes without a patch, or with too many, are refused", arguments: [(4, 30), (100_000, 100_000)])
    func wrongSizes(_ height: Int, _ width: Int) async throws {
        try await withCopy(of: "blip2/opt") { folder in
            let file = folder.appendingPathComponent("processor_config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            let changed = text.replacingOccurrences(of: "\"height\": 30", with: "\"height\": \(height)")
                .replacingOccurrences(of: "\"width\": 30", with: "\"width\": \(width)")
            try changed.write(to: file, atomically: true, encoding: .utf8)
            await #expect(throws: (any Error).self) { try await Assistant.open(folder) }
        }
    }

    @Test(
        "what OPT's config can say and no BLIP-2 needs is refused by name",
        arguments: [
            ("\"do_layer_norm_before\": true", "\"do_layer_norm_before\": false", "do_layer_norm_before is false"),
            ("\"word_embed_proj_dim\": 20", "\"word_embed_proj_dim\": 12", "word_embed_proj_dim is 12"),
            (
                "\"layer_norm_elementwise_affine\": true", "\"layer_norm_elementwise_affine\": false",
                "layer_norm_elementwise_affine is false"
            ),
        ])
    func refused(_ old: String, _ new: String, _ expected: String) async throws {
        try await withCopy(of: "blip2/opt") { folder in
            let file = folder.appendingPathComponent("config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains(old))
            try text.replacingOccurrences(of: old, with: new).write(to: file, atomically: true, encoding: .utf8)
            let error = await #expect(throws: ConfigError.self) { try await Assistant.open(folder) }
            #expect(error?.description.contains(expected) == true)
        }
    }

    @Test("pictures and texts are compared as by the reference")
    func matches() async throws {
        let matcher = try await ImageTextMatcher.open(Fixtures.checkpoint("blip2/itm"))
        for score in try RetrievalScores().scores {
            let match = try await matcher.match(score.text, about: .file(Fixtures.picture(score.image)))
            #expect(abs(match.matchingProbability - score.itmProbability) < Tolerance.logits)
            #expect(abs(match.similarity - score.itcSimilarity) < Tolerance.logits)
        }
        await #expect(throws: BlipError.emptyText) {
            try await matcher.match(" ", about: .file(Fixtures.picture("shapes.png")))
        }
        let long = try await matcher.match(
            String(repeating: "red ", count: 300), about: .file(Fixtures.picture("shapes.png")))
        #expect(long.notes.count == 1)
    }

    @Test("retrieval and answering do not take each other's checkpoints")
    func mistaken() async throws {
        let (retrieval, answering) = (Fixtures.checkpoint("blip2/itm"), Fixtures.checkpoint("blip2/opt"))
        await #expect(throws: BlipError.retrievalOnly(path: retrieval.path)) { try await Assistant.open(retrieval) }
        await #expect(throws: BlipError.notRetrieval(path: answering.path, architecture: "BLIP-2")) {
            try await ImageTextMatcher.open(answering)
        }
    }

    @Test("a checkpoint for retrieval can be described and made")
    func retrievalFiles() async throws {
        let summary = try CheckpointSummary(folder: Fixtures.checkpoint("blip2/itm"))
        #expect(summary.parameters == summary.parts.map(\.parameters).reduce(0, +))
        #expect(summary.stopIDs.isEmpty && summary.tokenizers.map(\.role) == ["qformer"])
        var config = try config("blip2/itm")
        config.qformer.vocabularySize = 400
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            try CheckpointCreator(config, dtype: .float32).write(to: folder)
            let match = try await ImageTextMatcher.open(folder).match("a cat", about: .file(Fixtures.picture("shapes.png")))
            #expect((0...1).contains(match.matchingProbability))
        }
    }
}
