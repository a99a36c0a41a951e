import Blip
import BlipData
import BlipImages
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

@Suite("Benchmarks score a network between its steps") struct BenchmarkValidationTests {
    /// Gives the values that it is told to, and asks the network a question besides.
    private final class Scripted: BenchmarkScorer {
        private var values: [Double]
        private let picture: RGBImage
        private(set) var answers: [[Int]] = []
        private(set) var scores: [Double] = []

        init(_ values: [Double]) throws {
            self.values = values
            picture = try ImageSource.file(Fixtures.picture("shapes.png")).load()
        }

        func score(_ network: NetworkAnswerer, _ workers: any Workers) throws -> [BenchmarkRecord] {
            let input = try network.processor.input(picture, "What is in the picture?")
            answers.append(try network.answers(to: [.success(input)], AnswerOptions(maximumTokens: 4))[0].get().tokenIDs)
            let ranking = try network.rank(["yes", "no"], behind: "What is in the picture?", of: input)
            scores.append(ranking.candidates.sorted { $0.index < $1.index }[0].logProbability)
            let value = values.removeFirst()
            return [
                BenchmarkRecord(name: "one", metric: "accuracy", value: value, metrics: ["accuracy": value, "other": -value], samples: 3)
            ]
        }
    }

    private func run(_ name: String, _ folder: URL, _ validation: String, more: String = "") throws -> TinyRun {
        let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in [UInt8(200), 40, 90] })
        let samples = try (0..<4).map { try TinyRun.sample($0, image, "Which one is \($0)?", "a red circle and a house") }
        return try TinyRun(
            name, samples, output: folder,
            "steps: 6, batch: 2, learning_rate: 1.0e-2, warmup_steps: 1, dropout: true, augmentation: none, workers: 1\(more)",
            more: "checkpoints: {every: 100, keep: 1}\nvalidation: {every: 2, \(validation)}")
    }

    @Test(
        "the best checkpoint is the one with the highest metric, and it stays",
        arguments: [("one", 4), ("one/other", 2), ("one/accuracy", 4)])
    func best(_ name: String, _ step: Int) async throws {
        try await withTemporaryFolder { folder in
            let run = try run("flan-t5", folder, "benchmarks: [one], best: \(name)")
            let recorder = Recorder()
            try Trainer(run.plan, run.checkpoint(), run.set, observers: [recorder], scorer: try Scripted([0.25, 0.5, 0.375])).run()
            #expect(recorder.validations.map(\.step) == [2, 4, 6] && recorder.validations.allSatisfy { $0.loss == nil })
            #expect(recorder.validations.map { $0.benchmarks[0].value } == [0.25, 0.5, 0.375])
            #expect(recorder.validations.filter(\.isBest).map(\.step).last == step)
            let state = try #require(try TrainingCheckpoint.all(in: folder).last).state()
            #expect(state.best == TrainerState.Best(step: step, metric: name, value: name == "one/other" ? -0.25 : 0.5))
            #expect(try TrainingCheckpoint.find(folder).step == step)
        }
    }

    @Test(
        "the network is asked as it is: without dropout, without a change to its training, and as its merged checkpoint answers",
        arguments: ["flan-t5", "vicuna"])
    func asked(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let (plain, scored) = (folder.appendingPathComponent("plain"), folder.appendingPathComponent("scored"))
            let kept = ", ema: 0.5, image_cache: true"
            let without = try run(name, plain, "data: {datasets: [okvqa]}", more: kept)
            var plan = without.plan
            plan.validation = nil
            try Trainer(plan, without.checkpoint(), without.set).run()
            let with = try run(name, scored, "benchmarks: [one]", more: kept)
            let scorer = try Scripted([0, 0, 0])
            try Trainer(with.plan, with.checkpoint(), with.set, scorer: scorer).run()
            let weights = [plain, scored].map { $0.appendingPathComponent("checkpoint-6/model.safetensors") }
            #expect(try Data(contentsOf: weights[0]) == Data(contentsOf: weights[1]))
            // What the last validation asked was the moving average of step 6, which is what merging takes.
            let merged = folder.appendingPathComponent("merged")
            let last = try #require(try TrainingCheckpoint.all(in: scored).last)
            _ = try CheckpointMerger(folder: Fixtures.checkpoint(name), trained: last.weights(), tellsQFormer: true).write(to: merged)
            let assistant = try await Assistant.open(merged)
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            let answer = try await assistant.answer("What is in the picture?", about: picture, AnswerOptions(maximumTokens: 4))
            #expect(scorer.answers.last == answer.tokenIDs)
            let ranking = try await assistant.rank(["yes", "no"], "What is in the picture?", about: picture)
            let score = ranking.candidates.sorted { $0.index < $1.index }[0].logProbability
            #expect(abs((scorer.scores.last ?? 0) - score) < 1e-4)
            #expect(abs(scorer.scores[0] - score) > 1e-4)
        }
    }

    @Test(
        "adapters, packed frozen parts and half precision are asked too", arguments: ["precision: bf16", "precision: fp16", "lora", "q8"])
    func kinds(_ kind: String) async throws {
        try await withTemporaryFolder { folder in
            var run = try run("flan-t5", folder, "benchmarks: [one]", more: kind.hasPrefix("precision") ? ", \(kind)" : "")
            if kind == "lora" {
                run = try TinyRun(
                    "flan-t5",
                    [TinyRun.sample(0, RGBImage(width: 8, height: 8, pixels: [UInt8](repeating: 9, count: 192)), "Why?", "a house")],
                    output: folder, "steps: 2, batch: 1, warmup_steps: 0, augmentation: none, precision: bf16",
                    more: "lora: {rank: 2, dropout: 0.5}\nvalidation: {every: 2, benchmarks: [one]}")
            }
            if kind == "q8" { run.plan.model.frozen = .q8 }
            let scorer = try Scripted([0, 0, 0])
            try Trainer(run.plan, run.checkpoint(), run.set, scorer: scorer).run()
            #expect(!scorer.answers.isEmpty && scorer.scores.allSatisfy(\.isFinite))
        }
    }

    @Test("a plan's benchmarks, limits and best are read, and mistakes are told")
    func plans() async throws {
        try await withTemporaryFolder { folder in
            let plan = try run("flan-t5", folder, "benchmarks: [one, two], limit: 0.5, best: two/cider").plan
            #expect(plan.validation?.benchmarks == ["one", "two"] && plan.validation?.limit == .share(0.5) && plan.validation?.data == nil)
            #expect(plan.validation?.best == .metric("two/cider"))
            #expect(try run("flan-t5", folder, "benchmarks: one, limit: 50").plan.validation?.limit == .count(50))
            #expect(try run("flan-t5", folder, "benchmarks: [one], data: {datasets: [okvqa]}").plan.validation?.best == .loss)
            for (keys, said) in [
                ("samples: 3", "data"), ("benchmarks: [one], best: loss", "data beside it"),
                ("benchmarks: [one], best: three", "loss, one"),
                ("benchmarks: [one, one]", "twice"), ("benchmarks: [one], limit: 0", "share"), ("benchmarks: [one], limit: 1.5", "share"),
            ] {
                #expect { try run("flan-t5", folder, keys) } throws: { "\($0)".contains(said) }
            }
            let plain = try run("flan-t5", folder, "benchmarks: [one]")
            #expect(throws: TrainingError.nothingScores(benchmarks: ["one"])) { try Trainer(plain.plan, plain.checkpoint(), plain.set) }
            let unknown = try run("flan-t5", folder, "benchmarks: [one], best: one/cider")
            #expect(throws: TrainingError.unknownMetric(name: "one/cider", available: ["one", "one/accuracy", "one/other"])) {
                try Trainer(unknown.plan, unknown.checkpoint(), unknown.set, scorer: try Scripted([1, 1, 1])).run()
            }
            // What was learned before the mistake was noticed is kept, and goes on.
            #expect(try TrainingCheckpoint.all(in: folder).map(\.step) == [2])
            let right = try run("flan-t5", folder, "benchmarks: [one]")
            let resumed = Recorder()
            try Trainer(
                right.plan, right.checkpoint(), right.set, isResumed: true, observers: [resumed], scorer: try Scripted([1, 1])
            ).run()
            #expect(resumed.records.map(\.step) == [3, 4, 5, 6])
        }
    }

    @Test("what was best in something else does not count, and what is no number is never the best")
    func comparison() {
        typealias Best = TrainerState.Best
        #expect(Best(step: 2, loss: 1).beats(nil) && Best(step: 2, loss: 1).beats(Best(step: 1, loss: 2)))
        #expect(!Best(step: 2, loss: 2).beats(Best(step: 1, loss: 2)) && !Best(step: 2, loss: .nan).beats(nil))
        #expect(Best(step: 2, metric: "a", value: 1).beats(Best(step: 1, loss: 0)))
        #expect(!Best(step: 2, metric: "a", value: 1).beats(Best(step: 1, metric: "a", value: 1)))
        #expect(Best(step: 2, metric: "a", value: 2).beats(Best(step: 1, metric: "a", value: 1)))
        #expect(!Best(step: 2, metric: "a", value: .nan).beats(Best(step: 1, metric: "a", value: 1)))
        #expect(!Best(step: 2, loss: .infinity).beats(nil) && !Best(step: 2, metric: "a", value: .infinity).beats(nil))
    }
}
