import Blip
import BlipTestSupport
import Foundation
import Testing

/// Clips against transformers' `InstructBlipVideoForConditionalGeneration`, by Scripts/fixtures/video.py.
@Suite("Clips are answered as by the reference") struct VideoCheckpointTests {
    static let families = ["video/vicuna", "video/flan-t5"]
    static let ordinary = ["vicuna", "flan-t5"]

    /// Four frames: of the one clip that is named, or one of each picture.
    private func frames(_ names: String) throws -> [RGBImage] {
        let files = names.split(separator: " ").map { ImageSource.file(Fixtures.picture(String($0))) }
        return try files.count == 1 ? files[0].frames() : files.map { try $0.load() }
    }

    private func ordinaryCases(_ name: String) throws -> CaseFile {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            CaseFile.self, from: Data(contentsOf: Fixtures.root.appendingPathComponent("video/ordinary-\(name).json")))
    }

    private func check(_ folder: URL, _ cases: CaseFile) async throws {
        let assistant = try await Assistant.open(folder)
        #expect(cases.cases.count == 3)
        for item in cases.cases {
            let frames = try frames(item.image)
            for (stop, expected) in [
                (StopRule.configOnly, item.greedy.stoppingAtConfigEnd), (.configAndTokenizer, item.greedy.stoppingAtTokenizerEnd),
            ] {
                let options = AnswerOptions(maximumTokens: cases.newTokens, stop: stop)
                let answer = try await assistant.answer(item.instruction, about: frames, options)
                #expect(answer.tokenIDs == expected, "\(item.name)")
                if case .configAndTokenizer = stop { #expect(answer.text == item.text.trimmingCharacters(in: .whitespaces)) }
            }
        }
    }

    @Test("greedy answers of video checkpoints agree", arguments: families)
    func greedy(_ name: String) async throws { try await check(Fixtures.checkpoint(name), try References(name).cases) }

    @Test("checkpoints for pictures answer clips as the video class does with their weights", arguments: ordinary)
    func pictures(_ name: String) async throws { try await check(Fixtures.checkpoint(name), try ordinaryCases(name)) }

    @Test("pixels, patches, queries, soft prompt and logits agree", arguments: families)
    func stages(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let item = references.cases.cases[0]
        let batch = try batch(tiny, references.cases, Fixtures.checkpoint(name), [item.name])
        #expect(try difference(batch.pixels, references.stored("moves/pixel_values")) == 0)
        let prompt = try tiny.network.prompt(
            for: batch,
            observe: .init { stage, tensor in
                let expected: Tensor
                switch stage {
                case .vision: expected = try references.stored("moves/image_embeds")
                case .qformer: expected = try references.stored("moves/query_output")
                case .projection: expected = try references.stored("moves/soft_prompt").reshape(tensor.shape)
                }
                #expect(try relativeDifference(tensor, expected) < Tolerance.hidden, "\(stage)")
            })
        #expect(try relativeDifference(prompt.embeddings, references.tensor("moves/prompt_embeds")) < Tolerance.hidden)
        #expect(try difference(tiny.network.language.logits(prompt), references.tensor("moves/logits")) < Tolerance.logits)
    }

    @Test("beams, alone and in a batch of two clips, agree", arguments: families + ordinary)
    func beams(_ name: String) throws {
        let folder = Fixtures.checkpoint(name)
        let cases = try Self.ordinary.contains(name) ? ordinaryCases(name) : References(name).cases
        let tiny = try TinyNetwork(folder: folder)
        let entries = try #require(cases.beams)
        #expect(entries.count == 6)
        for entry in entries {
            var options = DecodingOptions(maximumTokens: cases.newTokens, stopIDs: [entry.end])
            options.beams = entry.options.numBeams
            options.repetitionPenalty = entry.options.repetitionPenalty ?? 1
            options.lengthPenalty = entry.options.lengthPenalty ?? 1
            options.penalizesPrompt = !tiny.config.language.isEncoderDecoder
            let rows = entry.cases.compactMap { name in cases.cases.first { $0.name == name }?.inputIds }
            // The reference counts the pads of a batch as said too; they stand behind the frames' places.
            let (places, longest) = (tiny.config.queryCount * 4, rows.map(\.count).max() ?? 0)
            let said = rows.map { row in
                Array(row.prefix(places)) + Array(repeating: cases.pad, count: longest - row.count) + Array(row.dropFirst(places))
            }
            let hooks = DecodingHooks(said: options.penalizesPrompt ? said : [])
            #expect(try answer(tiny, batch(tiny, cases, folder, entry.cases), options, hooks) == entry.ids, "\(entry.cases) \(options)")
        }
        let pair = try #require(cases.batch)
        #expect(pair.cases.count == 2)
        for (stop, expected) in [
            (Set([cases.tokenizerEnd]), pair.greedy.stoppingAtTokenizerEnd), (Set<Int>(), pair.greedy.neverStopping),
        ] {
            let options = DecodingOptions(maximumTokens: cases.newTokens, stopIDs: stop)
            #expect(try answer(tiny, batch(tiny, cases, folder, pair.cases), options, DecodingHooks()) == expected)
        }
    }

    private func answer(_ tiny: TinyNetwork, _ batch: Batch, _ options: DecodingOptions, _ hooks: DecodingHooks) throws -> [[Int]] {
        try withoutGradients {
            try TokenLoop(tiny.network.language, options).run(tiny.network.prompt(for: batch), hooks).map { $0[0].ids }
        }
    }

    private func batch(_ tiny: TinyNetwork, _ cases: CaseFile, _ folder: URL, _ names: [String]) throws -> Batch {
        let processor = try Processor(folder: folder, tiny.config)
        let inputs = try names.map { name in
            let item = try #require(cases.cases.first { $0.name == name })
            let input = try processor.input(frames(item.image), item.instruction)
            #expect(processor.layout(input.promptIDs, frames: 4) == layout(item.inputIds, tiny.config))
            #expect(input.instructionIDs == item.qformerInputIds)
            return input
        }
        let planes = try inputs.flatMap(\.frames).map { try Tensor.of($0.values, [1, 3, $0.height, $0.width]) }
        return Batch(
            pixels: try Tensor.concatenate(planes, 0),
            instruction: try TokenBatch(inputs.compactMap(\.instructionIDs), padding: 0, at: .right),
            prompt: try TokenBatch(inputs.map(\.promptIDs), padding: cases.pad, at: tiny.network.promptPadding))
    }

    /// What the reference lays out, whose placeholder for frames a checkpoint for pictures calls its image's.
    private func layout(_ ids: [Int], _ config: InstructBLIPConfig) -> [Int] {
        let places = config.queryCount * 4
        return Array(repeating: config.imageTokenID ?? -1, count: places) + ids.dropFirst(places)
    }

    @Test("any number of frames is read, a still picture as one", arguments: families)
    func numbers(_ name: String) async throws {
        let assistant = try await Assistant.open(Fixtures.checkpoint(name))
        let options = AnswerOptions(maximumTokens: 3)
        let clip = ImageSource.file(Fixtures.picture("moving.gif"))
        let still = try await assistant.answer("Why?", about: .file(Fixtures.picture("shapes.png")), options)
        for count in [1, 2, 4, 7] {
            let answer = try await assistant.answer("Why?", about: clip.frames(count), options)
            #expect(answer.promptTokens == still.promptTokens + (count - 1) * 5)
        }
        await #expect(throws: BlipError.self) { try await assistant.answer("Why?", about: [RGBImage](), options) }
    }

    @Test("a video checkpoint is described, and its folder made and read again", arguments: families)
    func folders(_ name: String) async throws {
        let summary = try CheckpointSummary(folder: Fixtures.checkpoint(name))
        #expect(summary.architecture.hasPrefix("InstructBLIP for video with "))
        #expect(summary.tokenizers.map(\.role) == ["language", "qformer"])
        var config = summary.config
        #expect(config.architecture == .instructBLIPVideo && config.imageTokenID != nil)
        config.qformer.vocabularySize = 400
        if case .llama(var llama) = config.language {
            (llama.vocabularySize, llama.padID, config.imageTokenID) = (400, 390, 391)
            config.language = .llama(llama)
        } else if case .t5(var t5) = config.language {
            (t5.vocabularySize, config.imageTokenID) = (400, 390)
            config.language = .t5(t5)
        }
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            try CheckpointCreator(config, dtype: .float32).write(to: folder)
            #expect(try CheckpointSummary(folder: folder).config.architecture == .instructBLIPVideo)
            let text = try String(contentsOf: folder.appendingPathComponent("config.json"), encoding: .utf8)
            #expect(text.contains("\"video_token_index\"") && !text.contains("image_token_index"))
            let clip = try ImageSource.file(Fixtures.picture("moving.gif")).frames()
            _ = try await Assistant.open(folder).answer("Why?", about: clip, AnswerOptions(maximumTokens: 2))
        }
    }

    @Test("a processor in files of its own is read")
    func processors() async throws {
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("copy")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("video/vicuna"), to: folder)
            let nested = folder.appendingPathComponent("processor_config.json")
            let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
            try Data(#"{"num_query_tokens": 5, "processor_class": "InstructBlipVideoProcessor"}"#.utf8).write(to: nested)
            for (name, size) in [("preprocessor_config.json", 40), ("video_preprocessor_config.json", 50)] {
                try Data("{\"size\": {\"height\": \(size), \"width\": \(size)}}".utf8).write(to: folder.appendingPathComponent(name))
                #expect(try Processor(folder: folder, config).images.height == size)
            }
            // A checkpoint for pictures does not look there.
            #expect(try ImageProcessor(checkpoint: folder).height == 40)
        }
    }
}
