import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

/// What parts learn before they are put together.
@Suite("Lessons of image encoder and language model") struct LessonTests {
    private static let keys = "batch: 8, learning_rate: 1.0e-2, warmup_steps: 5, clip: 1.0, dropout: false, augmentation: none, workers: 0"

    private static func described(_ number: Int, _ words: [String], _ question: String, _ answer: String) -> Sample {
        Sample(
            id: "\(number)", images: [], task: .instruction(WrittenInstruction(question, response: answer)),
            descriptions: [PictureDescription(words.map { .init([.init("kind", $0)]) })])
    }

    private static func told(_ checkpoint: String, _ output: URL, _ samples: [Sample], _ keys: String) throws -> TinyRun {
        try TinyRun(checkpoint, samples, output: output, "\(Self.keys), \(keys)", more: "language_pretraining: {places: 4}")
    }

    @Test("a picture told in words is read as the sum of its words, wherever they stand", arguments: ["flan-t5", "vicuna"])
    func sums(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            // The same word at every place, so that no order changes anything.
            let sample = Self.described(0, Array(repeating: "red", count: 4), "What is red?", "a house")
            let run = try Self.told(name, folder, [sample], "steps: 1")
            let checkpoint = try run.checkpoint()
            guard case .answers(let network) = checkpoint.network else {
                Issue.record("it answers nothing")
                return
            }
            let example = Example(
                dataset: "few", sample: "0", images: [], instruction: "What is red?", answer: "a house",
                descriptions: sample.descriptions)
            let objective = try run.plan.objective(checkpoint)
            let draw = Draw(position: 0, part: 0, epoch: 0, index: 0)
            let pieces = try objective.pieces([LoadedExample(draw: draw, example: example, frames: [])], size: 8)
            let chance = Chance(seed: 1, step: 0, rank: 0, part: 0, hasDropout: false)
            let found = try pieces[0].loss(chance, OneWorker()).total.item()

            let processor = checkpoint.processor
            let ids = processor.tokenizer.encode("red", addSpecialTokens: false)
            let word = try network.language.embed(Tensor.of(ids, [1, ids.count])).sum(1, keep: true)  // [1, 1, D]
            let words = try checkpoint.prompts([processor.prompt("What is red?", limit: 128)])
            let prompt = try Prompt(word.expand([1, 4, word.size(2)]), then: network.language.embed(words.ids), mask: words.mask)
            let expected = try network.language.loss(prompt, checkpoint.targets([processor.target("a house", limit: 256)])).item()
            #expect(abs(found - expected) < 1e-5 * expected, "\(found) \(expected)")
        }
    }

    @Test("a language model learns to tell what it is told, and nothing else changes", arguments: ["flan-t5", "vicuna"])
    func languageLearns(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let words = ["red", "blue", "green", "house", "cat", "dog", "tree", "night"]
            let samples = words.enumerated().map { Self.described($0, [$1, "two"], "What is it?", $1) }
            let run = try Self.told(name, folder, samples, "steps: 120")
            let checkpoint = try run.checkpoint()
            #expect(checkpoint.parameters.allSatisfy { NetworkPart(of: $0.name) == .languageModel })
            let records = try run.train(checkpoint)
            let (first, last) = (records[0].loss, records.suffix(5).map(\.loss).reduce(0, +) / 5)
            #expect(last < 0.35 * first, "\(first) -> \(last)")
        }
    }

    /// Crowds of the built-in world, small.
    private static func pictures() throws -> [Sample] {
        let crowds = try NamedCrowds.samples()
        return try (0..<8).map { try crowds.sample($0) }
    }

    @Test("an image encoder learns what is where; its head goes on when resumed and is left out when merged")
    func visionLearns() async throws {
        try await withTemporaryFolder { folder in
            func run(_ output: String, steps: Int) throws -> TinyRun {
                var run = try TinyRun(
                    "flan-t5", Self.pictures(), output: folder.appendingPathComponent(output), "\(Self.keys), steps: \(steps)",
                    more: "vision_pretraining: true\ncheckpoints: {every: 5, keep: 9}")
                run.plan.data.sources = [DataPlan.Source(.named("scenes_crowd"))]
                return run
            }
            let whole = try run("whole", steps: 60)
            let records = try whole.train()
            let (first, last) = (records[0].loss, records.suffix(5).map(\.loss).reduce(0, +) / 5)
            #expect(last < 0.8 * first, "\(first) -> \(last)")
            #expect(records[0].losses["kind_loss"] ?? 0 > 0 && records[0].losses["place_loss"] ?? 0 > 0)

            let halves = try run("halves", steps: 60)
            #expect(throws: TrainingError.self) { try halves.train(stoppingBehind: 7) }
            let rest = try halves.train(isResumed: true)
            #expect(rest.map(\.loss) == records.suffix(rest.count).map(\.loss))

            let tuned = try TrainingCheckpoint.find(whole.plan.output)
            let trained = try tuned.weights()
            #expect(trained.names.contains(CheckpointMerger.lessonPrefix + "weight"))
            let merged = folder.appendingPathComponent("merged")
            _ = try CheckpointMerger(folder: whole.folder, trained: trained).write(to: merged)
            let files = try WeightFiles(folder: merged)
            #expect(!files.infos.contains { $0.name.hasPrefix(CheckpointMerger.lessonPrefix) })
            _ = try TrainableCheckpoint(merged, whole.plan.options())
        }
    }

    @Test(
        "query tokens are compared with the soft tokens that the language model was told, and nothing else learns",
        arguments: ["flan-t5", "vicuna"])
    func telling(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            var samples = try Self.pictures()
            // The tiny networks have few queries, and some are to have nothing to tell.
            samples[0].descriptions[0].things.removeSubrange(2...)
            let run = try TinyRun(
                name, samples, output: folder, "\(Self.keys), steps: 100", more: "query_pretraining: {}\ncheckpoints: {every: 100, keep: 1}"
            )
            let checkpoint = try run.checkpoint()
            #expect(checkpoint.parameters.allSatisfy { NetworkPart.instructionTuned.contains(NetworkPart(of: $0.name)) })
            guard case .answers(let network) = checkpoint.network else {
                Issue.record("it answers nothing")
                return
            }

            // One picture, worked out thing by thing.
            let loader = PictureLoader(checkpoint.processor.images, .none)
            let example = Example(
                dataset: "few", sample: "0", images: samples[0].images, instruction: "", answer: "", descriptions: samples[0].descriptions)
            var generator = SeededGenerator(seed: 0)
            let frames = try samples[0].images.flatMap { try $0.planes(loader, frames: 1, &generator) }
            let objective = try run.plan.objective(checkpoint)
            let draw = Draw(position: 0, part: 0, epoch: 0, index: 0)
            let pieces = try objective.pieces([LoadedExample(draw: draw, example: example, frames: frames)], size: 8)
            let found = try pieces[0].loss(Chance(seed: 1, step: 0, rank: 0, part: 0, hasDropout: false), OneWorker())
            let soft = try network.softTokens(seeing: network.look(at: checkpoint.pixels(frames)), told: nil)  // [1, N, D]
            let width = soft.size(2)
            let seen = try soft.floats()
            var (errors, squares, rest, things) = (0.0, 0.0, 0.0, 0)
            for (slot, thing) in samples[0].descriptions[0].slots(checkpoint.config.queryCount).enumerated() {
                let query = seen[slot * width..<(slot + 1) * width]
                guard let thing else {
                    rest += query.reduce(0) { $0 + Double($1 * $1) }
                    continue
                }
                var sum = [Float](repeating: 0, count: width)
                for id in thing.words.flatMap({ checkpoint.processor.tokenizer.encode($0.text, addSpecialTokens: false) }) {
                    for (place, value) in try network.language.embed(Tensor.of([id], [1, 1])).floats().enumerated() { sum[place] += value }
                }
                things += 1
                errors += zip(query, sum).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                squares += sum.reduce(0) { $0 + Double($1 * $1) }
            }
            let nothing = rest / Double(checkpoint.config.queryCount - things) / (squares / Double(things))
            #expect(abs(found.parts[0] - errors / squares) < 1e-4 * errors / squares, "\(found.parts) \(errors / squares)")
            #expect(abs(found.parts[1] - nothing) < 1e-4 * nothing, "\(found.parts) \(nothing)")

            let records = try run.train(checkpoint)
            let (first, last) = (records[0].loss, records.suffix(5).map(\.loss).reduce(0, +) / 5)
            #expect(last < 0.7 * first, "\(first) -> \(last)")
        }
    }

    @Test("short and long answers count alike or by the root of their tokens where a plan says so, and by their tokens where it does not")
    func counted() async throws {
        try await withTemporaryFolder { folder in
            let picture = RGBImage(width: 4, height: 4, pixels: [UInt8](repeating: 90, count: 48))
            let long = Array(repeating: "a red house", count: 12).joined(separator: " and ")
            let samples = try [
                TinyRun.sample(0, picture, "What is it?", "red"), TinyRun.sample(1, picture, "What?", "blue"),
                TinyRun.sample(2, picture, "Describe it.", long),
            ]
            func pieces(_ counted: String, size: Int = 3) throws -> [(piece: Piece, loss: Double)] {
                let run = try TinyRun("flan-t5", samples, output: folder, "\(Self.keys), steps: 1, count: \(counted)")
                let checkpoint = try run.checkpoint()
                let loader = PictureLoader(checkpoint.processor.images, .none)
                var generator = SeededGenerator(seed: 0)
                let loaded = try samples.enumerated().map { place, sample in
                    guard case .instruction(let written) = sample.task else { throw CancellationError() }
                    let example = Example(
                        dataset: "few", sample: "\(place)", images: sample.images, instruction: written.instruction,
                        answer: written.response ?? "")
                    return try LoadedExample(
                        draw: Draw(position: place, part: 0, epoch: 0, index: place), example: example,
                        frames: sample.images.flatMap { try $0.planes(loader, frames: 1, &generator) })
                }
                let chance = Chance(seed: 1, step: 0, rank: 0, part: 0, hasDropout: false)
                return try run.plan.objective(checkpoint).pieces(loaded, size: size).map {
                    ($0, try $0.loss(chance, OneWorker()).total.item())
                }
            }
            // Each answer's own mean, with which the cut has nothing to do.
            let alone = try pieces("tokens", size: 1).map { (tokens: Double($0.piece.tokens), loss: $0.loss) }
            #expect(alone.count == 3 && alone.map(\.tokens) == alone.map(\.tokens).sorted() && alone[2].tokens > 20 * alone[0].tokens)
            let ways: [(String, (Double) -> Double)] = [("tokens", { $0 }), ("roots", { $0.squareRoot() }), ("answers", { _ in 1 })]
            for (counted, counts) in ways {
                let weight = alone.reduce(0) { $0 + counts($1.tokens) }
                let mean = alone.reduce(0) { $0 + counts($1.tokens) * $1.loss } / weight
                for size in [1, 2, 3] {
                    let found = try pieces(counted, size: size)
                    #expect(found.count == 4 - size)
                    let whole = found.reduce(0) { $0 + $1.piece.weight }
                    #expect(abs(whole - weight) < 1e-9 * weight, "\(counted): \(whole) \(weight)")
                    let loss = found.reduce(0) { $0 + $1.piece.weight * $1.loss } / whole
                    #expect(abs(loss - mean) < 1e-4, "\(counted), \(size) at once: \(loss) \(mean)")
                }
            }
        }
    }

    @Test("data without descriptions is refused by name")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            let plain = Sample(id: "7", images: [], task: .instruction(WrittenInstruction("What is it?", response: "red")))
            let run = try Self.told("flan-t5", folder.appendingPathComponent("a"), [plain], "steps: 1")
            #expect(throws: TrainingError.self) { try run.train() }
            let other = try TinyRun(
                "flan-t5", [plain], output: folder.appendingPathComponent("b"), Self.keys + ", steps: 1", more: "vision_pretraining: true")
            #expect(throws: TrainingError.self) { try other.train() }
            let picture = RGBImage(width: 4, height: 4, pixels: [UInt8](repeating: 90, count: 48))
            let third = try TinyRun(
                "flan-t5", [TinyRun.sample(0, picture, "What is it?", "red")], output: folder.appendingPathComponent("c"),
                Self.keys + ", steps: 1", more: "query_pretraining: {}")
            #expect(throws: TrainingError.self) { try third.train() }
        }
    }

    @Test("places are free where a plan says so: things are told by the queries that tell them best, and all of them are told")
    func freePlaces() async throws {
        try await withTemporaryFolder { folder in
            let samples = try Self.pictures().prefix(1).map { sample in
                var sample = sample
                sample.descriptions[0].things = zip(sample.descriptions[0].things, [0, 1]).map { .init($0.words, box: $0.box, slot: $1) }
                return sample
            }
            // Queries that know what they are to tell: among those that know nothing none is better.
            let run = try TinyRun(
                "flan-t5", samples, output: folder, "\(Self.keys), steps: 100",
                more: "query_pretraining: {}\ncheckpoints: {every: 100, keep: 1}")
            let checkpoint = try run.checkpoint()
            try run.train(checkpoint)
            func loss(_ free: Bool, _ slots: [Int]) throws -> Double {
                let plan = try TinyRun(
                    "flan-t5", samples, output: folder, "\(Self.keys), steps: 1", more: "query_pretraining: {free_places: \(free)}"
                ).plan
                var description = samples[0].descriptions[0]
                description.things = zip(description.things, slots).map { PictureDescription.Thing($0.words, box: $0.box, slot: $1) }
                let example = Example(
                    dataset: "few", sample: "0", images: samples[0].images, instruction: "", answer: "", descriptions: [description])
                let loader = PictureLoader(checkpoint.processor.images, .none)
                var generator = SeededGenerator(seed: 0)
                let frames = try samples[0].images.flatMap { try $0.planes(loader, frames: 1, &generator) }
                let draw = Draw(position: 0, part: 0, epoch: 0, index: 0)
                let pieces = try plan.objective(checkpoint).pieces([LoadedExample(draw: draw, example: example, frames: frames)], size: 8)
                return try pieces[0].loss(Chance(seed: 1, step: 0, rank: 0, part: 0, hasDropout: false), OneWorker()).total.item()
            }
            let queries = checkpoint.config.queryCount
            #expect(queries > 2)
            var moves = 0
            // Two things in every two places; what is moved costs a little.
            for own in [[0, 1], [1, 0], [2, 0]] {
                var best = (cost: Double.infinity, loss: 0.0)
                for first in 0..<queries {
                    for second in 0..<queries where second != first {
                        let found = try loss(false, [first, second])
                        let moved = (first == own[0] ? 0 : 1) + (second == own[1] ? 0 : 1)
                        let cost = found + 0.05 * Double(moved) / 2
                        if cost < best.cost { best = (cost, found) }
                    }
                }
                let free = try loss(true, own)
                #expect(abs(free - best.loss) < 1e-5, "\(own): \(free) \(best)")
                moves += try abs(loss(false, own) - best.loss) > 1e-4 ? 1 : 0
            }
            #expect(moves > 0, "nothing gains by moving, so that nothing is tried")
        }
    }

    @Test("an image encoder can learn with the telling, and then learns, too")
    func tellingWithTheEncoder() async throws {
        try await withTemporaryFolder { folder in
            let run = try TinyRun(
                "flan-t5", try Self.pictures(), output: folder, "\(Self.keys), steps: 20",
                more:
                    "query_pretraining: {}\ntrain: [vision_encoder, vision_norm, queries, qformer, projection]\ncheckpoints: {every: 20, keep: 1}"
            )
            let before = try run.checkpoint()
            let names = before.parameters.map(\.name).filter { NetworkPart(of: $0) == .visionEncoder }
            let start = try names.map { name in try before.parameters.first { $0.name == name }?.tensor.floats() }
            let records = try run.train()
            #expect(records.suffix(3).map(\.loss).reduce(0, +) / 3 < 0.9 * records[0].loss)
            let trained = try TrainingCheckpoint.find(run.plan.output).weights()
            let moved = try zip(names, start).filter { name, values in try trained.tensor(name).floats() != values }
            #expect(!names.isEmpty && moved.count > names.count / 2)
            #expect(trained.names.allSatisfy { NetworkPart(of: $0) != .languageModel })
        }
    }

    @Test(
        "a plan teaches one thing at a time, and only what the lesson is for",
        arguments: [
            ("vision_pretraining: true\nlanguage_pretraining: {}", ""), ("language_pretraining: {}\ntrain: [qformer]", ""),
            ("vision_pretraining: true\ntrain: [language_model]", ""), ("vision_pretraining: true", "augmentation: paper"),
            ("query_pretraining: {}\nvision_pretraining: true", ""), ("query_pretraining: {}\ntrain: [qformer, language_model]", ""),
            ("query_pretraining: {}", "augmentation: paper"), ("query_pretraining: {}\nlora: {rank: 4}", ""), ("{}", "count: words"),
            ("language_pretraining: {places: 0}", ""), ("language_pretraining: {rooms: 3}", ""), ("vision_pretraining: maybe", ""),
        ])
    func plans(_ more: String, _ training: String) throws {
        let text =
            "model: m\noutput: o\ndata: {datasets: [scenes_crowd]}\ntraining: {\(training.isEmpty ? "augmentation: none" : training)}\n\(more)"
        #expect(throws: PlanError.self) { try TrainingPlan(PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/"))) }
    }
}

/// Crowds as the catalog opens them.
private enum NamedCrowds {
    static func samples() throws -> any SampleCollection {
        let text = "model: m\noutput: o\ndata: {datasets: [{name: scenes_crowd, limit: 8}], exclude: nothing}"
        let plan = try TrainingPlan(PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/")))
        return try OpenedSource(plan.data.sources[0], root: plan.data.root).samples
    }
}
