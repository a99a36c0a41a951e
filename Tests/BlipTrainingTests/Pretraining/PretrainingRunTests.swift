import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

/// Whole runs of BLIP-2's first stage on the tiny checkpoint.
@Suite("Pre-training pictures and captions") struct PretrainingRunTests {
    private static let captions = [
        "a red circle", "the blue square", "at night", "a house on the hill", "three cats", "two big dogs", "left of it", "no",
    ]

    /// Eight pictures of one colour each, written below a folder.
    private static func pictures(_ folder: URL) throws -> [URL] {
        try captions.indices.map { number in
            let colour = [UInt8(number % 2 * 220), UInt8(number / 2 % 2 * 220), UInt8(number / 4 * 220)]
            let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in colour })
            let file = folder.appendingPathComponent("picture-\(number).png")
            try Data(image.pngData()).write(to: file)
            return file
        }
    }

    private static func run(_ folder: URL, _ output: String, _ keys: String, more: String = "") throws -> TinyRun {
        let samples = try pictures(folder).enumerated().map { TinyRun.sample($0, $1, "Not read.", captions[$0]) }
        return try TinyRun(
            "blip2/itm", samples, output: folder.appendingPathComponent(output),
            "batch: 8, augmentation: none, workers: 0, \(keys)", more: more)
    }

    @Test("eight pictures and captions are learned: each loss falls, and match finds each picture's caption first")
    func learns() async throws {
        try await withTemporaryFolder { folder in
            let run = try Self.run(
                folder, "run", "steps: 150, learning_rate: 5.0e-3, min_learning_rate: 1.0e-3, warmup_steps: 10, clip: 1.0, dropout: false")
            let records = try run.train()
            for name in ["contrastive_loss", "matching_loss", "captioning_loss"] {
                let curve = try records.map { try #require($0.losses[name]) }
                let (first, last) = (curve.prefix(5).reduce(0, +) / 5, curve.suffix(5).reduce(0, +) / 5)
                #expect(last < first * 0.5, "\(name) \(first) -> \(last)")
            }
            for record in records { #expect(abs(record.losses.values.reduce(0, +) - record.loss) < 1e-5 * record.loss) }
            let merged = folder.appendingPathComponent("merged")
            let tuned = try TrainingCheckpoint.find(run.plan.output)
            _ = try CheckpointMerger(folder: run.folder, trained: tuned.weights()).write(to: merged)
            let matcher = try await ImageTextMatcher.open(merged)
            for (number, picture) in try Self.pictures(folder).enumerated() {
                var found: [Double] = []
                for caption in Self.captions { found.append(try await matcher.match(caption, about: .file(picture)).similarity) }
                #expect(found.firstIndex(of: try #require(found.max())) == number, "\(number): \(found)")
            }
        }
    }

    @Test("merged, the published tensors are the checkpoint's, the others stand beside them, and a further run goes on from both")
    func merged() async throws {
        try await withTemporaryFolder { folder in
            let run = try Self.run(folder, "run", "steps: 2, learning_rate: 1.0e-2, warmup_steps: 0")
            let checkpoint = try run.checkpoint()
            try run.train(checkpoint)
            let merged = folder.appendingPathComponent("merged")
            let report = try CheckpointMerger(folder: run.folder, trained: TrainingCheckpoint.find(run.plan.output).weights())
                .write(to: merged)
            let base = try WeightFiles(folder: run.folder)
            #expect(try Set(WeightFiles(folder: merged).names) == Set(base.names) && report.tensors == base.names.count)
            let beside = try SafetensorsFile(merged.appendingPathComponent(PretrainingWeights.fileName))
            #expect(Set(beside.names) == Set(checkpoint.parameters.map(\.name).filter(PretrainingWeights.isOwn)) && beside.names.count == 6)
            let again = try TrainableCheckpoint(merged, TrainingOptions())
            for ((name, tensor), (other, found)) in zip(checkpoint.parameters, again.parameters) {
                #expect(try name == other && tensor.floats() == found.floats(), "\(name)")
            }
            #expect(try again.parameters.first { $0.name == "temp" }?.tensor.item() != Double(Float(0.07)))
            // A run that trains no head keeps it.
            var other = try Self.run(folder, "other", "steps: 1, warmup_steps: 0")
            (other.folder, other.plan.trained) = (merged, [.queries])
            try other.train()
            let kept = folder.appendingPathComponent("kept")
            _ = try CheckpointMerger(folder: merged, trained: TrainingCheckpoint.find(other.plan.output).weights()).write(to: kept)
            #expect(
                try Data(contentsOf: kept.appendingPathComponent(PretrainingWeights.fileName))
                    == Data(contentsOf: merged.appendingPathComponent(PretrainingWeights.fileName)))
        }
    }

    @Test("what a checkpoint has not begins as the method says, seeded, and everything but the image encoder is trained")
    func beginnings() throws {
        func own(_ seed: UInt64) throws -> [String: [Float]] {
            let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("blip2/itm"), TrainingOptions(seed: seed))
            let added = checkpoint.parameters.filter { PretrainingWeights.isOwn($0.name) }
            return try Dictionary(uniqueKeysWithValues: added.map { ($0.name, try $0.tensor.floats()) })
        }
        let first = try own(1)
        #expect(try first == own(1) && first != own(2))
        #expect(first["temp"] == [0.07] && first["cls.predictions.bias"]?.allSatisfy { $0 == 0 } == true)
        #expect(first["cls.predictions.transform.LayerNorm.weight"]?.allSatisfy { $0 == 1 } == true)
        let dense = try #require(first["cls.predictions.transform.dense.weight"])
        let deviation = (dense.reduce(0) { $0 + $1 * $1 } / Float(dense.count)).squareRoot()
        #expect(abs(deviation - 0.02) < 0.003)
        let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("blip2/itm"), TrainingOptions())
        let frozen = Set(checkpoint.loaded.keys).subtracting(checkpoint.parameters.map(\.name))
        #expect(!frozen.isEmpty && frozen.allSatisfy { NetworkPart(of: $0) == .visionEncoder })
        #expect(checkpoint.parts.map(\.part) == [.visionEncoder, .visionNorm, .queries, .qformer, .heads])
        for (name, part) in [
            ("itm_head.bias", NetworkPart.heads), ("vision_projection.weight", .heads), ("text_projection.bias", .heads), ("temp", .heads),
            ("cls.predictions.bias", .heads), ("embeddings.word_embeddings.weight", .qformer), ("query_tokens", .queries),
        ] { #expect(NetworkPart(of: name) == part) }
    }

    @Test("resumed at any step it ends at the same bits, with dropout, drawn negatives and pieces")
    func resumes() async throws {
        try await withTemporaryFolder { folder in
            let keys = "steps: 4, micro_batch: 4, learning_rate: 1.0e-2, warmup_steps: 1"
            let every = "checkpoints: {every: 1, keep: 10}"
            let whole = try Self.run(folder, "whole", keys, more: every)
            let records = try whole.train()
            for step in 1..<4 {
                let cut = try Self.run(folder, "from-\(step)", keys, more: every)
                try FileManager.default.createDirectory(at: cut.plan.output, withIntermediateDirectories: true)
                let name = "checkpoint-\(step)"
                try FileManager.default.copyItem(
                    at: whole.plan.output.appendingPathComponent(name), to: cut.plan.output.appendingPathComponent(name))
                let rest = try cut.train(isResumed: true)
                #expect(rest.map(\.losses) == records.dropFirst(step).map(\.losses))
                for file in ["model", "optimizer"] {
                    let bytes = try [whole, cut].map {
                        try Data(contentsOf: $0.plan.output.appendingPathComponent("checkpoint-4/\(file).safetensors"))
                    }
                    #expect(bytes[0] == bytes[1])
                }
            }
            let other = try Self.run(folder, "other", keys + ", seed: 9").train()
            #expect(other[0].losses != records[0].losses)
        }
    }

    @Test("kept features change nothing, half precision and a packed image encoder little, and a trained one is trained")
    func ways() async throws {
        try await withTemporaryFolder { folder in
            let keys = "steps: 2, learning_rate: 1.0e-3, warmup_steps: 0, dropout: false"
            let plain = try Self.run(folder, "plain", keys).train()
            let kept = try Self.run(folder, "kept", keys + ", image_cache: true").train()
            #expect(abs(kept[1].loss - plain[1].loss) < 1e-4 * plain[1].loss)
            // Other negatives may be drawn; the contrast draws none.
            func contrast(_ records: [StepRecord]) throws -> Double { try #require(records[0].losses["contrastive_loss"]) }
            for precision in ["bf16", "fp16"] {
                let half = try contrast(Self.run(folder, precision, keys + ", precision: \(precision)").train())
                #expect(try abs(half - contrast(plain)) < 0.1 * contrast(plain), "\(precision)")
            }
            var packed = try Self.run(folder, "packed", keys)
            packed.plan.model.frozen = .q8
            let found = try contrast(packed.train())
            #expect(try abs(found - contrast(plain)) < 0.2 * contrast(plain))
            var all = try Self.run(folder, "all", keys)
            all.plan.trained = Set(NetworkPart.allCases)
            let checkpoint = try all.checkpoint()
            let weight = try #require(checkpoint.parameters.first { $0.name.hasSuffix("layers.0.mlp.fc1.weight") }).tensor
            let before = try weight.floats()
            try all.train(checkpoint)
            #expect(try weight.floats() != before)
        }
    }

    @Test("a plan's losses count as it says, and are logged and validated by name")
    func logged() async throws {
        try await withTemporaryFolder { folder in
            _ = try Self.pictures(folder)
            let images = Self.captions.indices.map { ["id": "\($0)", "file_name": "picture-\($0).png"] }
            let annotations = Self.captions.enumerated().map { ["id": "\($0)", "image_id": "\($0)", "caption": $1] }
            try JSONSerialization.data(withJSONObject: ["images": images, "annotations": annotations])
                .write(to: folder.appendingPathComponent("captions.json"))
            let text = """
                model: \(Fixtures.checkpoint("blip2/itm").path)
                output: run
                data: {datasets: [{path: captions.json}], instructions: plain, exclude: nothing}
                pretraining: {contrastive: 1, matching: 0.5, captioning: 2, label_smoothing: 0, text_tokens: 8}
                training: {steps: 2, batch: 4, warmup_steps: 0, dropout: false, augmentation: none, workers: 0}
                validation: {every: 1, samples: 7, data: {datasets: [{path: captions.json}]}}
                """
            let plan = try TrainingPlan(PlanFile(text, name: "plan.yaml", folder: folder))
            let recorder = Recorder()
            let run = RunRecorder(folder: plan.output, plan: text)
            let checkpoint = try TrainableCheckpoint(plan.model.folder, plan.options())
            try Trainer(plan, checkpoint, TrainingData(plan.data).set, observers: [recorder, run]).run()
            let names = ["contrastive_loss", "matching_loss", "captioning_loss"]
            func sum(_ losses: [String: Double]) throws -> Double {
                try zip(names, [1, 0.5, 2]).reduce(0) { $0 + (try #require(losses[$1.0])) * $1.1 }
            }
            for record in recorder.records { #expect(try abs(sum(record.losses) - record.loss) < 1e-5 * record.loss) }
            for record in recorder.validations {
                let loss = try #require(record.loss)
                #expect(try abs(sum(record.losses) - loss) < 1e-5 * loss)
                #expect(record.samples == 7 && record.targetTokens > 7)
            }
            let lines = try String(contentsOf: plan.output.appendingPathComponent("log.jsonl"), encoding: .utf8).split(separator: "\n")
                .map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
            #expect(lines.count { line in names.allSatisfy { line[$0] is Double } } == 2)
            let metrics = lines.compactMap { $0["metrics"] as? [String: Any] }
            #expect(metrics.count == 2 && metrics.allSatisfy { Set($0.keys) == Set(names + ["loss"]) })
        }
    }

    @Test("a plan of pre-training and a checkpoint that answers are refused, and so are files that do not fit")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            var run = try Self.run(folder, "run", "steps: 1")
            run.folder = Fixtures.checkpoint("flan-t5")
            run.plan.pretraining = TrainingPlan.Pretraining()
            #expect { try run.train() } throws: { "\($0)".contains("has no heads to compare a picture with a text") }
        }
        try await PretrainingReference.withCheckpoint { folder in
            let url = folder.appendingPathComponent(PretrainingWeights.fileName)
            let file = try SafetensorsFile(url)
            let tensors = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
            func refused(_ tensors: [(name: String, tensor: Tensor)], _ said: String) throws {
                try SafetensorsWriter.write(tensors, to: url)
                #expect { try TrainableCheckpoint(folder, TrainingOptions()) } throws: { "\($0)".contains(said) }
            }
            try refused(tensors.filter { $0.name != "temp" }, "has no tensor temp")
            try refused(tensors + [("other", Tensor.zeros([1]))], "holds 1 tensors that its config.json has no use for: other")
            try refused(tensors.filter { $0.name != "temp" } + [("temp", Tensor.zeros([2]))], "has shape [2]")
        }
    }
}
