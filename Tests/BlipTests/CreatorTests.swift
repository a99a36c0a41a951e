import Blip
import BlipTestSupport
import Foundation
import Testing

/// Checkpoints of random weights, and what `show` says of checkpoints.
@Suite("Checkpoints can be made and described") struct CreatorTests {
    /// A tiny config with room for the small tokenizers' alphabets.
    private func config(_ checkpoint: String) throws -> InstructBLIPConfig {
        var config = try InstructBLIPConfig(file: Fixtures.checkpoint(checkpoint).appendingPathComponent("config.json"))
        config.qformer.vocabularySize = 400
        switch config.language {
        case .llama(var language):
            language.vocabularySize = 512
            language.padID = 450
            config.imageTokenID = 451
            config.language = .llama(language)
        case .opt(var language):
            language.vocabularySize = 512
            config.imageTokenID = 480
            config.language = .opt(language)
        case .t5(var language):
            language.vocabularySize = 512
            config.imageTokenID = 480
            config.language = .t5(language)
        }
        return config
    }

    /// Parameter counts of the published models, from the reference's own model built without memory.
    @Test(
        "the known configs have the published parameter counts",
        arguments: [
            ("instructblip-vicuna-7b", 7_913_726_720), ("instructblip-vicuna-13b", 14_192_093_952),
            ("instructblip-flan-t5-xl", 4_022_969_088),
            ("instructblip-flan-t5-xxl", 12_310_119_168), ("blip2-opt-2.7b", 3_744_761_856), ("blip2-opt-6.7b", 7_752_869_376),
            ("blip2-flan-t5-xl", 3_942_446_592), ("blip2-flan-t5-xxl", 12_229_596_672), ("blip2-opt-2.7b-coco", 3_745_353_216),
            ("blip2-opt-6.7b-coco", 7_753_460_736), ("blip2-flan-t5-xl-coco", 3_943_037_952), ("blip2-itm-vit-g", 1_172_032_258),
            ("blip2-itm-vit-g-coco", 1_172_623_618),
        ])
    func parameters(_ name: String, _ expected: Int) throws {
        let config = try ModelCatalog.config(name)
        let shapes = try ShapeWeights.shapes(of: config, absent: config.language.tiedNames)
        #expect(shapes.map { $0.shape.reduce(1, *) }.reduce(0, +) == expected)
        let trainable = shapes.filter { InstructBLIP.isTrainable($0.name) }.map { $0.shape.reduce(1, *) }.reduce(0, +)
        guard config.architecture == .instructBLIP else { return }
        #expect((187_000_000...190_000_000).contains(trainable), "the paper says 188M")
    }

    @Test("weights to be trained begin with keys that match queries in half of the heads", arguments: ["vicuna", "flan-t5"])
    func trainable(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let target = folder.appendingPathComponent("made")
            let words = ["▁red", "▁circle", "▁what"]
            try CheckpointCreator(config(name), dtype: .float32, seed: 3, start: .trainable, words: words).write(to: target)
            let files = try WeightFiles(folder: target)
            let isT5 = name == "flan-t5"
            let layer = isT5 ? "language_model.encoder.block.0.layer.0.SelfAttention" : "language_model.model.layers.0.self_attn"
            func rows(_ short: String) throws -> [Float] {
                let name = layer + "." + (isT5 ? short : short + "_proj") + ".weight"
                let info = try #require(files.infos.first { $0.name == name })
                return try files.bytes(of: name).withBytes { try Tensor.copying(bytes: $0, info.shape, .float32).floats() }
            }
            let (queries, keys) = (try rows("q"), try rows("k"))
            if queries.count == keys.count {
                let same = zip(queries, keys).prefix { $0 == $1 }.count
                #expect(same > 0 && same <= queries.count / 2 && same < keys.count)
            }
            if isT5 {
                // Buckets by heads: the first head that keys do not match in looks at the token before.
                let biases = layer + ".relative_attention_bias.weight"
                let shape = try #require(files.infos.first { $0.name == biases }).shape
                let values = try files.bytes(of: biases).withBytes { try Tensor.copying(bytes: $0, shape, .float32).floats() }
                func bias(_ bucket: Int, _ head: Int) -> Float { values[bucket * shape[1] + head] }
                #expect(bias(0, 0) < -6 && abs(bias(1, 0)) < 1)
                #expect(bias(1, shape[1] / 2) > 3 && abs(bias(shape[0] / 2 + 1, shape[1] / 2)) < 1)
            }
            let assistant = try await Assistant.open(target)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            let answer = try await assistant.answer("what red circle", about: picture, AnswerOptions(maximumTokens: 5))
            #expect(!answer.tokenIDs.isEmpty)
        }
    }

    @Test("an unknown config is named, with the known ones")
    func unknown() {
        #expect(throws: BlipError.unknownConfig(name: "instructblip-7b", known: ModelCatalog.all.map(\.name))) {
            try ModelCatalog.config("instructblip-7b")
        }
    }

    @Test(
        "a new checkpoint opens and answers, in every type and sharded",
        arguments: ["vicuna", "flan-t5", "flan-t5-tied", "blip2/opt", "blip2/flan-t5"],
        [DType.float32, .bfloat16, .float16])
    func creates(_ source: String, _ dtype: DType) async throws {
        let config = try config(source)
        try await withTemporaryFolder { parent in
            let folder = parent.appendingPathComponent("new")
            var last = (0, 0)
            try CheckpointCreator(config, dtype: dtype, seed: 3, maximumShardBytes: 50_000).write(to: folder, progress: { last = ($0, $1) })
            #expect(last.0 == last.1 && last.1 > 0)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files.contains("model.safetensors.index.json"))
            let assistant = try await Assistant.open(folder)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            let answer = try await assistant.answer("What is in the picture?", about: picture, AnswerOptions(maximumTokens: 5))
            #expect(answer.tokenIDs.count == 5 || answer.finishReason == .stop)
            let summary = try CheckpointSummary(folder: folder)
            #expect(summary.dtypes == [dtype.elementType.rawValue: summary.parameters])
        }
    }

    @Test("the same seed gives the same weights, another seed others")
    func seeds() async throws {
        let config = try config("flan-t5")
        try await withTemporaryFolder { parent in
            var contents: [Data] = []
            for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] as [(String, UInt64)] {
                let folder = parent.appendingPathComponent(name)
                try CheckpointCreator(config, dtype: .float32, seed: seed).write(to: folder)
                contents.append(try Data(contentsOf: folder.appendingPathComponent("model.safetensors")))
            }
            #expect(contents[0] == contents[1])
            #expect(contents[0] != contents[2])
        }
    }

    @Test("a folder with files is not touched, and a cancelled one is removed")
    func refuses() async throws {
        let config = try config("flan-t5")
        try await withTemporaryFolder { parent in
            let used = parent.appendingPathComponent("used")
            try FileManager.default.createDirectory(at: used, withIntermediateDirectories: true)
            try Data("precious".utf8).write(to: used.appendingPathComponent("notes.txt"))
            #expect(throws: BlipError.outputExists(path: used.path)) { try CheckpointCreator(config, dtype: .float32).write(to: used) }
            #expect(FileManager.default.fileExists(atPath: used.appendingPathComponent("notes.txt").path))

            let cancelled = parent.appendingPathComponent("cancelled")
            #expect(throws: CancellationError.self) {
                try CheckpointCreator(config, dtype: .float32).write(to: cancelled, isCancelled: { true })
            }
            #expect(!FileManager.default.fileExists(atPath: cancelled.path))

            let empty = parent.appendingPathComponent("empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
            #expect(throws: CancellationError.self) {
                try CheckpointCreator(config, dtype: .float32).write(to: empty, isCancelled: { true })
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: empty.path).isEmpty)
            #expect(try FileManager.default.attributesOfItem(atPath: empty.path)[.posixPermissions] as? Int == 0o750)

            let below = used.appendingPathComponent("notes.txt").appendingPathComponent("folder")
            let error = #expect(throws: BlipError.self) { try CheckpointCreator(config, dtype: .float32).write(to: below) }
            #expect(error?.description.contains(below.path) == true)
        }
    }

    @Test(
        "a summary counts parameters, types and tokens", arguments: ["vicuna", "flan-t5", "vicuna-sharded", "flan-t5-old", "flan-t5-tied"])
    func summaries(_ checkpoint: String) throws {
        let summary = try CheckpointSummary(folder: Fixtures.checkpoint(checkpoint))
        #expect(summary.parameters == summary.parts.map(\.parameters).reduce(0, +))
        #expect(summary.tokenizers.map(\.role) == ["language", "qformer"])
        #expect(summary.stopIDs.contains(checkpoint.hasPrefix("vicuna") ? 2 : 1))
    }
}
