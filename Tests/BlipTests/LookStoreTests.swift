import BlipTestSupport
import Foundation
import Testing

@testable import Blip

/// What was seen in pictures, kept in a folder: it saves the image encoder and changes no answer.
@Suite("Pictures seen are kept on the disk") struct LookStoreTests {
    private let shapes = ImageSource.file(Fixtures.picture("shapes.png"))
    private let tower = ImageSource.file(Fixtures.picture("tower.png"))

    private func open(_ checkpoint: URL, _ folder: URL, dtype: DType? = nil, bytes: Int = 1_000_000) async throws -> Assistant {
        // Nothing in memory, so that every answer asks the folder.
        let options = OpenOptions(dtype: dtype, imageCacheBytes: 0, imageCacheFolder: folder, imageCacheFolderBytes: bytes)
        return try await Assistant.open(checkpoint, options)
    }

    private func entries(_ folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
    }

    private func answer(_ assistant: Assistant, _ picture: ImageSource) async throws -> Answer {
        try await assistant.answer("Why?", about: picture, AnswerOptions(maximumTokens: 6))
    }

    @Test(
        "another run finds the picture and gives the same answer to the last bit",
        arguments: ["vicuna", "flan-t5", "blip2/opt"], [DType.float32, .bfloat16, .float16])
    func found(_ name: String, _ dtype: DType) async throws {
        try await withTemporaryFolder { folder in
            let source = Fixtures.checkpoint(name)
            let fresh = try await answer(Assistant.open(source, OpenOptions(dtype: dtype)), shapes)
            for run in 0..<2 {
                let kept = try await answer(open(source, folder, dtype: dtype), shapes)
                #expect(kept.tokenIDs == fresh.tokenIDs && kept.sequences[0].logProbabilities == fresh.sequences[0].logProbabilities)
                #expect(kept.notes.isEmpty, "\(run)")
                #expect(try entries(folder).count == 1)
            }
            let ranking = try await open(source, folder, dtype: dtype).rank(["yes", "no"], "Why?", about: shapes)
            let alone = try await Assistant.open(source, OpenOptions(dtype: dtype)).rank(["yes", "no"], "Why?", about: shapes)
            #expect(ranking.candidates.map(\.logProbability) == alone.candidates.map(\.logProbability) && ranking.notes.isEmpty)
            #expect(try entries(folder).count == 1)
        }
    }

    @Test("what is found is used: the image encoder does not run")
    func used() async throws {
        try await withTemporaryFolder { folder in
            let (config, files) = try Self.opened("flan-t5")
            let identity = try LookIdentity(files, config, dtype: .float32, device: .cpu)
            let planes = try Processor(folder: Fixtures.checkpoint("flan-t5"), config).images(shapes.load())
            let network = try TinyNetwork("flan-t5").network
            let pixels = try Tensor.of(planes.values, [1, 3, planes.height, planes.width])
            let look = try withoutGradients { try network.look(at: pixels) }
            try LookStore(folder, maximumBytes: 1_000_000, identity).keep(look, of: planes)
            let cache = ImageCache(maximumBytes: 0, store: try LookStore(folder, maximumBytes: 1_000_000, identity))
            let again = try cache.look(at: planes) { throw FixtureError(description: "looked again") }
            for (kept, seen) in zip(again.tensors, look.tensors) {
                #expect(try kept.name == seen.name && difference(kept.tensor, seen.tensor) == 0)
            }
            let others = PixelPlanes(height: planes.height, width: planes.width, values: planes.values.map { $0 + 1e-6 })
            #expect(throws: FixtureError.self) { try cache.look(at: others) { throw FixtureError(description: "looked again") } }
            #expect(cache.takeNotes().isEmpty)
        }
    }

    private static func opened(_ name: String) throws -> (InstructBLIPConfig, WeightFiles) {
        let folder = Fixtures.checkpoint(name)
        return (try InstructBLIPConfig(file: folder.appendingPathComponent("config.json")), try WeightFiles(folder: folder))
    }

    @Test("checkpoints, types and changed files never share an entry; the language model's file does not matter")
    func identities() async throws {
        func bytes(_ folder: URL, _ dtype: DType = .float32, change: (inout InstructBLIPConfig) -> Void = { _ in }) throws -> [UInt8] {
            var config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
            change(&config)
            return try LookIdentity(WeightFiles(folder: folder), config, dtype: dtype, device: .cpu).bytes
        }
        let source = Fixtures.checkpoint("vicuna-sharded")
        #expect(try bytes(source) == bytes(source))
        #expect(try bytes(source) != bytes(source, .bfloat16))
        #expect(try bytes(source) != bytes(source) { $0.vision.normEpsilon = 1e-5 })
        #expect(try bytes(source) != bytes(source) { $0.qformer.normEpsilon = 1e-5 })
        #expect(try bytes(source) == bytes(source) { $0.dtypeName = "float16" })
        try await withTemporaryFolder { parent in
            // Two of the same sizes and headers, other numbers.
            var config = try InstructBLIPConfig(file: Fixtures.checkpoint("flan-t5").appendingPathComponent("config.json"))
            config.qformer.vocabularySize = 400
            config.imageTokenID = 480
            if case .t5(var language) = config.language {
                language.vocabularySize = 512
                config.language = .t5(language)
            }
            let names = ["a", "b"].map { parent.appendingPathComponent($0) }
            for (seed, folder) in names.enumerated() {
                try CheckpointCreator(config, dtype: .float32, seed: UInt64(seed)).write(to: folder)
            }
            #expect(try bytes(names[0]) != bytes(names[1]))
            // One number in the middle of a large tensor, without another size or another time of writing.
            let file = names[0].appendingPathComponent("model.safetensors")
            let (before, manager) = (try bytes(names[0]), FileManager.default)
            let time = try manager.attributesOfItem(atPath: file.path)[.modificationDate]
            var content = try Data(contentsOf: file)
            content[content.count / 2] ^= 1
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: content)
            try handle.close()
            try manager.setAttributes([.modificationDate: #require(time)], ofItemAtPath: file.path)
            #expect(try bytes(names[0]) != before)

            let copy = parent.appendingPathComponent("copy")
            try manager.copyItem(at: source, to: copy)
            let whole = try bytes(copy)
            let shards = try WeightFiles(folder: copy).files
            for shard in shards where !shard.names.contains(where: { $0.hasPrefix("vision_model.") || $0.hasPrefix("qformer.") }) {
                try manager.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: shard.path)
                #expect(try bytes(copy) == whole)
            }
        }
    }

    @Test("a damaged entry is passed over with a note and written anew, wherever it is damaged")
    func damage() async throws {
        try await withTemporaryFolder { folder in
            let source = Fixtures.checkpoint("flan-t5")
            let first = try await answer(open(source, folder), shapes)
            let file = try #require(try entries(folder).first)
            let whole = try Data(contentsOf: file)
            func flipped(_ place: Int) -> Data {
                var data = whole
                data[place] ^= 0x10
                return data
            }
            var headless = whole
            headless[3] = 0xff
            let damaged = [
                Data(), Data("text".utf8), whole.prefix(whole.count / 2), whole + [0], flipped(whole.count - 1), flipped(whole.count - 700),
                flipped(whole.count / 2), headless,
            ]
            for content in damaged {
                try content.write(to: file)
                let again = try await answer(open(source, folder), shapes)
                #expect(again.sequences[0].logProbabilities == first.sequences[0].logProbabilities)
                #expect(again.notes.count == 1 && again.notes[0].contains("is damaged"), "\(again.notes)")
                #expect(try Data(contentsOf: file) == whole)
                #expect(try await answer(open(source, folder), shapes).notes.isEmpty)
            }
        }
    }

    @Test("of a batch the first answer has the note, and a folder where everything is damaged says so twenty times")
    func batches() async throws {
        try await withTemporaryFolder { folder in
            let assistant = try await open(Fixtures.checkpoint("flan-t5"), folder)
            let sources = try (0..<23).map { shade in
                ImageSource.data(try RGBImage(width: 1, height: 1, pixels: [UInt8(shade * 10), 0, 0]).pngData())
            }
            let questions = sources.map { Question("Why?", about: [$0]) }
            let options = AnswerOptions(maximumTokens: 2)
            _ = try await assistant.answers(to: questions, options)
            for entry in try entries(folder) { try Data("{".utf8).write(to: entry) }
            let notes = try await assistant.answers(to: questions, options).map { try $0.get().notes.count }
            #expect(notes == [20] + [Int](repeating: 0, count: 22))
        }
    }

    @Test("the image encoder is shown at most 16 pictures at once, and each once")
    func pieces() throws {
        let config = try Self.opened("flan-t5").0
        let processor = try Processor(folder: Fixtures.checkpoint("flan-t5"), config)
        let network = try TinyNetwork("flan-t5").network
        let planes = try (0..<40).map { shade in
            try processor.images(RGBImage(width: 1, height: 1, pixels: [UInt8(shade / 2 * 10), 0, 0]))
        }
        var shown: [Int] = []
        let looks = try withoutGradients {
            try ImageCache(maximumBytes: 0).looks(at: planes) { piece in
                shown.append(piece.count)
                return try network.look(at: Tensor.concatenate(piece.map { try $0.tensor(on: .cpu) }, 0))
            }
        }
        #expect(shown == [16, 4] && looks.count == 40 && looks.allSatisfy { $0.count == 1 })
    }

    @Test("another picture's entry under this one's name is not believed where sizes differ")
    func otherShapes() throws {
        let (config, _) = try Self.opened("flan-t5")
        let right = Look.shapes(config, height: 30, width: 30)
        var tensors = Dictionary(uniqueKeysWithValues: try right.map { ($0.name, try Tensor.zeros($0.shape)) })
        #expect(Look(tensors, config, height: 30, width: 30) != nil)
        #expect(Look(tensors, config, height: 40, width: 30) == nil)
        tensors["layers.1.keys"] = try Tensor.zeros([1])
        #expect(Look(tensors, config, height: 30, width: 30) == nil)
        tensors["layers.1.keys"] = nil
        tensors["layers.2.keys"] = nil
        #expect(Look(tensors, config, height: 30, width: 30) == nil)
    }

    @Test("entries unused for longest go when the bound is passed, and leftovers of killed processes with them")
    func bound() async throws {
        try await withTemporaryFolder { folder in
            let source = Fixtures.checkpoint("flan-t5")
            let manager = FileManager.default
            _ = try await answer(open(source, folder), shapes)
            let first = try #require(try entries(folder).first)
            let size = try Data(contentsOf: first).count
            _ = try await answer(open(source, folder), tower)
            let second = try #require(try entries(folder).first { $0 != first })
            // The first is used again: the second is the older one now.
            for (age, file) in [first, second].enumerated() {
                try manager.setAttributes([.modificationDate: Date(timeIntervalSinceNow: Double(age - 500))], ofItemAtPath: file.path)
            }
            _ = try await answer(open(source, folder), shapes)
            let stale = folder.appendingPathComponent(".x.look.safetensors.abc.partial")
            let new = folder.appendingPathComponent(".y.look.safetensors.abc.partial")
            let foreign = folder.appendingPathComponent("notes.txt")
            for file in [stale, new, foreign] { try Data(count: 9).write(to: file) }
            for file in [stale, foreign] {
                try manager.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: file.path)
            }
            let image = RGBImage(width: 4, height: 4, pixels: (0..<48).map { UInt8($0 * 5) })
            let third = try await answer(open(source, folder, bytes: 2 * size), ImageSource.data(image.pngData()))
            #expect(third.notes.isEmpty)
            #expect(manager.fileExists(atPath: first.path) && !manager.fileExists(atPath: second.path))
            #expect(!manager.fileExists(atPath: stale.path) && manager.fileExists(atPath: new.path))
            #expect(manager.fileExists(atPath: foreign.path))
            #expect(try entries(folder).filter { $0.lastPathComponent.hasSuffix(".look.safetensors") }.count == 2)
            // What alone is larger than the bound is not kept, and pushes nothing out.
            _ = try await answer(open(source, folder, bytes: 10), tower)
            #expect(manager.fileExists(atPath: first.path))
        }
    }

    @Test("a full disk is told and costs no answer")
    func fullDisk() async throws {
        try await withTemporaryFolder { folder in
            let (config, files) = try Self.opened("flan-t5")
            let identity = try LookIdentity(files, config, dtype: .float32, device: .cpu)
            let store = try LookStore(folder, maximumBytes: 1_000_000, identity) { _, file in
                throw SafetensorsError.diskFull(path: file.path, bytes: 5)
            }
            let planes = try Processor(folder: Fixtures.checkpoint("flan-t5"), config).images(shapes.load())
            let network = try TinyNetwork("flan-t5").network
            let cache = ImageCache(maximumBytes: 0, store: store)
            let look = try cache.look(at: planes) {
                try network.look(at: Tensor.of(planes.values, [1, 3, planes.height, planes.width]))
            }
            #expect(look.count == 1)
            let notes = cache.takeNotes()
            #expect(notes.count == 1 && notes[0].contains("could not be kept in \(folder.path)"), "\(notes)")
            #expect(cache.takeNotes().isEmpty)
            #expect(try entries(folder).isEmpty)
        }
    }

    @Test("a folder that cannot be made, or a bound of nothing, is refused when the checkpoint is opened")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("file")
            try Data().write(to: file)
            let source = Fixtures.checkpoint("flan-t5")
            await #expect(throws: BlipError.self) { try await open(source, file.appendingPathComponent("below")) }
            await #expect(throws: BlipError.self) { try await open(source, folder.appendingPathComponent("new"), bytes: 0) }
        }
    }

    @Test("pictures are kept for matching, too")
    func matching() async throws {
        try await withTemporaryFolder { folder in
            let options = OpenOptions(imageCacheBytes: 0, imageCacheFolder: folder)
            var scores: [Double] = []
            for _ in 0..<2 {
                let match = try await ImageTextMatcher.open(Fixtures.checkpoint("blip2/itm"), options).match("two cats", about: shapes)
                #expect(match.notes.isEmpty)
                scores.append(match.matchingProbability)
            }
            #expect(scores[0] == scores[1])
            #expect(try entries(folder).count == 1)
        }
    }
}
