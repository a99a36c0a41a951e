import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import BlipTraining
import Foundation
import Testing

/// Whole steps of the trainer against transformers with PyTorch's AdamW.
@Suite("Training steps equal the reference's") struct StepParityTests {
    private static let keys =
        "batch: 4, learning_rate: 1.0e-3, min_learning_rate: 1.0e-4, warmup_learning_rate: 1.0e-6, warmup_steps: 2, weight_decay: 0.05, "
        + "dropout: false, augmentation: none, workers: 0, clip: 0.5"

    private func run(_ name: String, _ reference: TrainingReference.Run, output: URL, _ more: String) throws -> TinyRun {
        let samples = reference.samples.enumerated().map {
            TinyRun.sample($0.offset, Fixtures.picture($0.element.image), $0.element.instruction, $0.element.answer)
        }
        return try TinyRun(name, samples, output: output, "\(Self.keys), \(more)")
    }

    @Test(
        "gradients, norms, losses and three steps of AdamW agree, however the batch is cut and with recomputation",
        arguments: ["vicuna", "flan-t5"], ["micro_batch: 4", "micro_batch: 2", "micro_batch: 1", "micro_batch: 3, recompute: true"])
    func steps(_ name: String, _ cut: String) async throws {
        let all = try TrainingReference()
        let reference = try #require(all.runs[name])
        try await withTemporaryFolder { folder in
            var run = try run(name, reference, output: folder, "steps: \(all.settings.steps), \(cut)")
            let checkpoint = try run.checkpoint()
            #expect(checkpoint.parameters.map(\.name) == reference.trained)
            // The schedule is that of twelve steps, of which three are taken.
            run.plan.checkpoints.every = 3
            let records = try runUntil(3, run, checkpoint) { record in
                guard record.step == 1 else { return }
                for (parameter, tensor) in checkpoint.parameters {
                    let expected = try all.tensor(name, "gradient", parameter)
                    let largest = try expected.abs().max().item()
                    guard let clipped = try tensor.gradient else {
                        #expect(largest == 0, "\(parameter) has no gradient")
                        continue
                    }
                    let gap = try difference(clipped * ((record.gradientNorm + 1e-6) / all.settings.clip), expected)
                    // The true gradient of a key's bias is zero; both sides hold rounding.
                    #expect(gap <= (parameter.hasSuffix(".key.bias") ? 1e-6 : Tolerance.gradient * largest), "gradient of \(parameter)")
                }
            }
            for (record, (loss, norm)) in zip(records, zip(reference.losses, reference.norms)) {
                #expect(abs(record.loss - loss) / loss < Tolerance.loss)
                #expect(abs(record.gradientNorm - norm) / norm < 1e-4)
                #expect(record.targetTokens == reference.targetTokens)
            }
            for (parameter, tensor) in checkpoint.parameters where !parameter.hasSuffix(".key.bias") {
                let expected = try all.tensor(name, "weight", parameter)
                #expect(try relativeDifference(tensor, expected) < 1e-4, "\(parameter) after three steps")
            }
        }
    }

    private func runUntil(
        _ last: Int, _ run: TinyRun, _ checkpoint: TrainableCheckpoint, _ observe: @escaping (StepRecord) throws -> Void
    ) throws -> [StepRecord] {
        var records: [StepRecord] = []
        do {
            try run.train(checkpoint, stoppingBehind: last) {
                records.append($0)
                try observe($0)
            }
        } catch TrainingError.interrupted {}
        return records
    }

    @Test("frozen tensors stay what they are, bit by bit", arguments: ["vicuna", "flan-t5"])
    func frozen(_ name: String) async throws {
        let reference = try #require(try TrainingReference().runs[name])
        try await withTemporaryFolder { folder in
            let run = try run(name, reference, output: folder, "steps: 2")
            let checkpoint = try run.checkpoint()
            let before = try checkpoint.loaded.mapValues { try $0.to(.float32).floats() }
            try run.train(checkpoint)
            let trained = Set(reference.trained)
            var changed: Set<String> = []
            for (weight, tensor) in checkpoint.loaded where try tensor.to(.float32).floats() != before[weight] { changed.insert(weight) }
            #expect(changed.isSubset(of: trained))
            #expect(changed.count > trained.count * 9 / 10)
        }
    }

    @Test("texts and answers become the reference's ids, cut where it cuts them", arguments: ["vicuna", "flan-t5"])
    func ids(_ name: String) throws {
        let reference = try #require(try TrainingReference().runs[name])
        let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint(name), TrainingOptions())
        let planes = try checkpoint.processor.images(ImageSource.file(Fixtures.picture("shapes.png")).load())
        for item in reference.ids {
            let input = try checkpoint.processor.trainingInput(planes: [planes], item.instruction, limit: item.promptLimit)
            #expect(input.instructionIDs == item.qformerInputIds)
            #expect(input.promptIDs == item.inputIds)
            #expect(try checkpoint.processor.target(item.answer, limit: item.answerLimit) == item.targetIds)
        }
    }

    @Test("the learning rate is the formula's at every step, and the minimum behind the last")
    func schedule() throws {
        let reference = try TrainingReference()
        let settings = reference.settings
        let rate = LearningRate(
            peak: settings.rate, minimum: settings.minimum, warmupStart: settings.warmupStart, warmupSteps: settings.warmupSteps,
            steps: settings.steps)
        for (step, expected) in reference.rates.enumerated() { #expect(abs(rate.rate(at: step) - expected) < 1e-15) }
        let paper = LearningRate(peak: 1e-5, minimum: 0, warmupStart: 1e-8, warmupSteps: 1000, steps: 60_000)
        #expect(paper.rate(at: 0) == 1e-8 && paper.rate(at: 1000) == 1e-5 && abs(paper.rate(at: 60_000)) < 1e-20)
        #expect(LearningRate(peak: 1, minimum: 0, warmupStart: 0, warmupSteps: 0, steps: 1).rate(at: 0) == 1)
    }
}
