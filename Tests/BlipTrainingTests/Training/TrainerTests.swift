import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

@Suite("Training learns, and says when it cannot") struct TrainerTests {
    private static let words = ["a red circle", "a blue square", "at night", "a house", "3", "the big one", "left of it", "no"]

    /// Sixteen pictures of one colour each, a question about each, and answers.
    private static func sixteen() throws -> [Sample] {
        try (0..<16).map { number in
            let colour = [UInt8(number % 4 * 80), UInt8(number / 4 * 80), UInt8(number * 53 % 256)]
            let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in colour })
            return try TinyRun.sample(number, image, "What is number \(number)?", words[number % words.count])
        }
    }

    private func short(_ name: String, _ output: URL, _ keys: String, steps: Int = 2) throws -> TinyRun {
        try TinyRun(
            name, Self.sixteen(), output: output,
            "steps: \(steps), batch: 8, micro_batch: 4, learning_rate: 1.0e-3, warmup_steps: 0, dropout: false, augmentation: none, workers: 0, \(keys)"
        )
    }

    @Test("kept features, recomputation and cuts change nothing but the rounding", arguments: ["flan-t5", "vicuna"])
    func ways(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let plain = try short(name, folder.appendingPathComponent("plain"), "clip: 1.0").train()
            let cache = folder.appendingPathComponent("cache")
            let ways = [
                "image_cache: true", "recompute: true", "image_cache: {memory_gb: 0, folder: \(cache.path)}",
                "image_cache: {folder: \(cache.path)}",
            ]
            for (number, way) in ways.enumerated() {
                let other = try short(name, folder.appendingPathComponent("way-\(number)"), "clip: 1.0, \(way)").train()
                for (left, right) in zip(plain, other) {
                    #expect(abs(left.loss - right.loss) / left.loss < 1e-5, "\(way)")
                    #expect(abs(left.gradientNorm - right.gradientNorm) / left.gradientNorm < 1e-4, "\(way)")
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: cache.path).count == 16)
        }
    }

    @Test("frozen parts may be packed, and half precision follows float32", arguments: ["flan-t5", "vicuna"])
    func narrow(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let plain = try short(name, folder.appendingPathComponent("plain"), "clip: 1.0").train()
            for (precision, allowed) in [("bf16", 0.03), ("fp16", 0.01)] {
                let run = try short(name, folder.appendingPathComponent(precision), "clip: 1.0, precision: \(precision)")
                let checkpoint = try run.checkpoint()
                let records = try run.train(checkpoint)
                #expect(abs(records[0].loss - plain[0].loss) / plain[0].loss < allowed, "\(precision)")
                #expect(checkpoint.parameters.allSatisfy { $0.tensor.dtype == .float32 })
                #expect(checkpoint.loaded.contains { $0.value.dtype != .float32 })
            }
            var packed = try short(name, folder.appendingPathComponent("q8"), "clip: 1.0")
            packed.plan.model.frozen = .q8
            let records = try packed.train()
            #expect(abs(records[0].loss - plain[0].loss) / plain[0].loss < 0.05)
            #expect(records[0].gradientNorm > 0 && records[1].loss != records[0].loss)
        }
    }

    @Test("a loss that is no number ends training, with the batch written out")
    func notFinite() async throws {
        try await withTemporaryFolder { folder in
            let run = try short("flan-t5", folder, "bad_loss: stop")
            let checkpoint = try run.checkpoint()
            try withoutGradients { try checkpoint.parameters[0].tensor.fill(.nan) }
            let file = folder.appendingPathComponent("bad-batch-1-rank-0.json")
            #expect(throws: TrainingError.notFinite(step: 1, what: "loss", record: file.path)) { try run.train(checkpoint) }
            let written = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            #expect((written["samples"] as? [[String: Any]])?.count == 8)
            #expect(written["loss"] as? String == "nan")
        }
    }

    @Test("or the step is skipped and counted, up to a limit")
    func skipped() async throws {
        try await withTemporaryFolder { folder in
            let run = try short("flan-t5", folder, "bad_loss: skip, max_bad_losses: 2", steps: 5)
            let checkpoint = try run.checkpoint()
            let before = try checkpoint.parameters[1].tensor.floats()
            try withoutGradients { try checkpoint.parameters[0].tensor.fill(.nan) }
            let file = folder.appendingPathComponent("bad-batch-3-rank-0.json")
            var seen: [StepRecord] = []
            #expect(throws: TrainingError.tooManyBadLosses(count: 3, limit: 2, record: file.path)) {
                try run.train(checkpoint) { seen.append($0) }
            }
            #expect(seen.count == 3 && seen.allSatisfy { $0.isSkipped && !$0.isOverflow })
            #expect(seen.last?.badBatch == file.path)
            #expect(try checkpoint.parameters[1].tensor.floats() == before)
        }
    }

    @Test("a run's log says how it ended, and where a bad batch is")
    func endings() async throws {
        try await withTemporaryFolder { folder in
            /// The last words of a run's log.
            func ending(_ name: String, _ keys: String, stoppingBehind last: Int? = nil, isBroken: Bool = false) throws -> [String: Any] {
                let run = try short("flan-t5", folder.appendingPathComponent(name), keys, steps: 2)
                let checkpoint = try run.checkpoint()
                if isBroken { try withoutGradients { try checkpoint.parameters[0].tensor.fill(.nan) } }
                let (steps, log) = (Recorder(), RunRecorder(folder: run.plan.output, plan: "a: 1"))
                do {
                    try Trainer(
                        run.plan, checkpoint, run.set, observers: [steps, log],
                        shouldStop: { last.map { steps.records.count >= $0 } ?? false }
                    ).run()
                } catch is TrainingError {
                    // Its sentence has tests of its own.
                }
                let lines = try String(contentsOf: run.plan.output.appendingPathComponent("log.jsonl"), encoding: .utf8).split(
                    separator: "\n")
                let objects = try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
                var last = try #require(objects.last)
                last["path"] = objects.lazy.compactMap { $0["path"] as? String }.first { $0.contains("bad-batch") }
                return last
            }
            #expect(try ending("whole", "clip: 1.0")["reason"] as? String == "finished")
            #expect(try ending("stopped", "clip: 1.0", stoppingBehind: 1)["reason"] as? String == "interrupted")
            let broken = try ending("broken", "bad_loss: stop", isBroken: true)
            #expect(broken["reason"] as? String == "failed" && (broken["path"] as? String)?.hasSuffix("bad-batch-1-rank-0.json") == true)
        }
    }

    @Test("parts that are not named stay frozen, and text of the Q-Former where it is told nothing")
    func parts() async throws {
        try await withTemporaryFolder { folder in
            var run = try short("flan-t5", folder.appendingPathComponent("a"), "clip: 1.0")
            run.plan.trained = [.projection, .queries]
            #expect(
                try run.checkpoint().parameters.map(\.name) == ["language_projection.bias", "language_projection.weight", "query_tokens"])
            run.plan.trained = NetworkPart.instructionTuned
            run.plan.model.tellsQFormer = false
            let checkpoint = try run.checkpoint()
            let names = checkpoint.parameters.map(\.name)
            #expect(!names.contains { $0.contains("word_embeddings") || $0.hasSuffix("layer.0.output.dense.weight") })
            #expect(names.contains { $0.hasSuffix("layer.0.attention.output.dense.weight") })
            try run.train(checkpoint)
            var all = try short("flan-t5", folder.appendingPathComponent("b"), "recompute: true")
            all.plan.trained = Set(NetworkPart.allCases)
            let whole = try all.checkpoint()
            let head = try #require(whole.parameters.first { $0.name == "language_model.lm_head.weight" }).tensor
            let before = try head.floats()
            try all.train(whole)
            #expect(try head.floats() != before)
        }
    }

    @Test("samples with several pictures stand beside others, and the step is the same however it is cut")
    func several() async throws {
        try await withTemporaryFolder { folder in
            var samples = try Self.sixteen()
            samples[1].images += samples[2].images
            samples[5].images += samples[6].images
            var losses: [Double] = []
            for size in [8, 3, 1] {
                var run = try short("vicuna", folder.appendingPathComponent("\(size)"), "clip: 1.0")
                run.set = TrainingSet(
                    [TrainingPart(ListedSamples(samples), run.set.parts[0].maker)], run.set.mixture, seed: 1, bad: BadSamples(limit: 0))
                run.plan.training.microBatch = size
                run.plan.training.batch = 16
                losses.append(try #require(try run.train().last).loss)
            }
            #expect(abs(losses[0] - losses[1]) / losses[0] < 1e-5 && abs(losses[0] - losses[2]) / losses[0] < 1e-5)
        }
    }

    @Test("a sample without a picture is a bad one, and another stands in")
    func pictureless() async throws {
        try await withTemporaryFolder { folder in
            var samples = try Self.sixteen()
            samples[3].images = []
            var run = try short("flan-t5", folder, "clip: 1.0")
            run.set = TrainingSet(
                [TrainingPart(ListedSamples(samples), run.set.parts[0].maker)], run.set.mixture, seed: 1, bad: BadSamples(limit: 1))
            run.plan.training.batch = 16
            try run.train()
            #expect(run.set.bad.entries.map(\.index) == [3] && run.set.bad.entries[0].reason.contains("it has no picture"))
        }
    }

    @Test("two runs cannot train into one folder")
    func busy() async throws {
        try await withTemporaryFolder { folder in
            let run = try short("flan-t5", folder, "clip: 1.0", steps: 1)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let lock = try RunLock.take(folder.appendingPathComponent(".lock"), .alone)
            #expect(throws: TrainingError.outputBusy(path: folder.path)) { try run.train() }
            withExtendedLifetime(lock) {}
        }
    }

    @Test("a part with a rate of its own moves as far as that rate says, and the others as before")
    func partRates() async throws {
        try await withTemporaryFolder { folder in
            func change(_ name: String, _ keys: String) throws -> [String: Double] {
                let run = try short("flan-t5", folder.appendingPathComponent(name), "weight_decay: 0\(keys)", steps: 1)
                let checkpoint = try run.checkpoint()
                let before = try checkpoint.parameters.map { try $0.tensor.floats() }
                try run.train(checkpoint)
                return try Dictionary(
                    uniqueKeysWithValues: zip(checkpoint.parameters, before).map { parameter, old in
                        (parameter.name, try zip(parameter.tensor.floats(), old).map { Double(abs($0 - $1)) }.max() ?? 0)
                    })
            }
            let (plain, other) = (try change("a", ""), try change("b", ", learning_rates: {projection: 1.0e-2}"))
            for (name, distance) in plain {
                let factor = name.hasPrefix("language_projection.") ? 10.0 : 1
                #expect(abs((other[name] ?? 0) - factor * distance) < 1e-3 * factor * distance + 1e-7, "\(name)")
            }
        }
    }

    @Test("the moving average is the formula's, is what is merged, is validated, and goes on after a resume")
    func average() async throws {
        try await withTemporaryFolder { folder in
            let run = try short(
                "flan-t5", folder.appendingPathComponent("a"), "ema: 0.9", steps: 6)
            let checkpoint = try run.checkpoint()
            let tensor = try #require(checkpoint.parameters.first { $0.name == "language_projection.weight" }).tensor
            var expected = try tensor.floats().map(Double.init)
            try run.train(checkpoint) { record in
                let kept = min(0.9, Double(1 + record.step) / Double(10 + record.step))
                expected = try zip(expected, tensor.floats()).map { kept * $0 + (1 - kept) * Double($1) }
            }
            let newest = try TrainingCheckpoint.find(run.plan.output)
            #expect(newest.hasAverage)
            let averaged = try newest.weights().tensor("language_projection.weight").floats()
            for (found, wanted) in zip(averaged, expected) { #expect(abs(Double(found) - wanted) < 1e-5) }
            #expect(try newest.weights(averaged: false).tensor("language_projection.weight").floats() == tensor.floats())
            // Behind its third step, another process goes on to the same average.
            var half = run
            half.plan.output = folder.appendingPathComponent("b")
            do { try half.train(stoppingBehind: 3) } catch TrainingError.interrupted {}
            try half.train(isResumed: true)
            let resumed = try TrainingCheckpoint.find(half.plan.output)
            #expect(try resumed.weights().tensor("language_projection.weight").floats() == averaged)
        }
    }
}
