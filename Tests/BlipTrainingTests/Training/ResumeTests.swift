import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

@Suite("A run that was interrupted goes on as if it had not been") struct ResumeTests {
    private static let keys =
        "steps: 6, batch: 4, micro_batch: 2, learning_rate: 1.0e-2, warmup_steps: 2, augmentation: blip2, clip: 1.0"

    private static func samples() throws -> [Sample] {
        var generator = SeededGenerator(seed: 5)
        return try (0..<9).map { number in
            let pixels = (0..<20 * 16 * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            return try TinyRun.sample(
                number, RGBImage(width: 20, height: 16, pixels: pixels), "What is number \(number)?",
                number % 2 == 0 ? "a red circle" : "a house")
        }
    }

    private func run(_ name: String, _ output: URL, _ keys: String = "workers: 2", more: String = "checkpoints: {every: 1, keep: 100}")
        throws -> TinyRun
    {
        try TinyRun(name, Self.samples(), output: output, "\(Self.keys), \(keys)", more: more)
    }

    private func bytes(_ output: URL, _ step: Int) throws -> [Data] {
        let folder = output.appendingPathComponent("checkpoint-\(step)")
        return try ["model.safetensors", "optimizer.safetensors"].map { try Data(contentsOf: folder.appendingPathComponent($0)) }
    }

    /// What must be the same.
    private func figures(_ records: [StepRecord]) -> [[Double]] {
        records.map { [$0.loss, $0.rate, $0.gradientNorm, Double($0.targetTokens)] }
    }

    @Test("from every step, with dropout and varied pictures, and another number of threads", arguments: ["vicuna", "flan-t5"])
    func everyStep(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let whole = folder.appendingPathComponent("whole")
            let records = try run(name, whole).train()
            #expect(records.count == 6 && Set(records.map(\.loss)).count == 6)
            let expected = try bytes(whole, 6)
            for step in 1..<6 {
                let resumed = folder.appendingPathComponent("from-\(step)")
                try FileManager.default.createDirectory(at: resumed, withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    at: whole.appendingPathComponent("checkpoint-\(step)"), to: resumed.appendingPathComponent("checkpoint-\(step)"))
                let rest = try run(name, resumed, "workers: \(step % 3 * 2)").train(isResumed: true)
                #expect(figures(rest) == figures(Array(records.dropFirst(step))))
                #expect(try bytes(resumed, 6) == expected)
            }
        }
    }

    @Test("told to stop, it saves behind the step and says so")
    func stopped() async throws {
        try await withTemporaryFolder { folder in
            let (whole, cut) = (folder.appendingPathComponent("whole"), folder.appendingPathComponent("cut"))
            let records = try run("flan-t5", whole).train()
            let rare = "checkpoints: {every: 100, keep: 1}"
            #expect(throws: TrainingError.interrupted(step: 3, checkpoint: cut.appendingPathComponent("checkpoint-3").path)) {
                try run("flan-t5", cut, more: rare).train(stoppingBehind: 3)
            }
            #expect(throws: TrainingError.outputInUse(path: cut.path, step: 3)) { try run("flan-t5", cut, more: rare).train() }
            let rest = try run("flan-t5", cut, more: rare).train(isResumed: true)
            #expect(figures(rest) == figures(Array(records.dropFirst(3))))
            #expect(try bytes(cut, 6) == bytes(whole, 6))
            #expect(try TrainingCheckpoint.all(in: cut).map(\.step) == [6])
        }
    }

    @Test("what comes otherwise after a resume is told, and nothing where all is the same")
    func changed() async throws {
        try await withTemporaryFolder { folder in
            #expect(throws: TrainingError.self) { try run("flan-t5", folder).train(stoppingBehind: 3) }
            let stored = try #require(try TrainingCheckpoint.all(in: folder).last).state()
            #expect(stored.differences(from: stored, .sample) == [] && stored.differences(from: stored, .batch(of: 2)) == [])
            var now = stored
            (now.dataSeed, now.workers) = (stored.dataSeed + 1, 3)
            #expect(now.differences(from: stored, .sample).count == 1)
            #expect(now.differences(from: stored, .batch(of: 2)).last?.contains("1 processes, now 3") == true)

            var larger = try run("flan-t5", folder)
            let before = larger.plan.training.batch
            larger.plan.training.batch = 2 * before
            let recorder = Recorder()
            try Trainer(larger.plan, larger.checkpoint(), larger.set, isResumed: true, observers: [recorder]).run()
            #expect(recorder.notes.count == 1 && recorder.notes[0].contains("number \(6 * before), where \(3 * before) were seen"))
        }
    }

    @Test("dropout leaves out other things at other steps, and nothing where the plan says so")
    func dropout() async throws {
        try await withTemporaryFolder { folder in
            let with = try run("flan-t5", folder.appendingPathComponent("a"), "workers: 1").train()
            let again = try run("flan-t5", folder.appendingPathComponent("b")).train()
            let other = try run("flan-t5", folder.appendingPathComponent("c"), "seed: 7").train()
            let without = try run("flan-t5", folder.appendingPathComponent("d"), "dropout: false").train()
            #expect(figures(with) == figures(again))
            #expect(with[0].loss != other[0].loss && with[0].loss != without[0].loss)
        }
    }

    @Test("a disk that is full leaves the checkpoint before, and no half of another")
    func diskFull() async throws {
        try await withTemporaryFolder { folder in
            let run = try run("flan-t5", folder)
            let checkpoint = try run.checkpoint()
            let optimizer = try AdamW(checkpoint.parameters)
            var state = TrainerState(run.plan, model: run.folder, workers: 1)
            state.step = 1
            _ = try TrainingCheckpoint.write(state, optimizer, to: folder)
            state.step = 2
            for failing in ["model.safetensors", "optimizer.safetensors"] {
                #expect {
                    try TrainingCheckpoint.write(state, optimizer, to: folder) { tensors, file in
                        if file.lastPathComponent == failing { throw SafetensorsError.diskFull(path: file.path, bytes: 5) }
                        try SafetensorsWriter.write(tensors, to: file)
                    }
                } throws: { error in
                    if case TrainingError.unwritable = error { "\(error)".contains("the checkpoints before are complete") } else { false }
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["checkpoint-1"])
            #expect(try TrainingCheckpoint.all(in: folder).last?.restore(optimizer).step == 1)
        }
    }

    @Test("checkpoints of other parts, and folders without any, are refused")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let empty = folder.appendingPathComponent("empty")
            #expect(throws: TrainingError.nothingToResume(path: empty.path)) { try run("flan-t5", empty).train(isResumed: true) }
            var other = try run("flan-t5", folder.appendingPathComponent("a"))
            other.plan.training.steps = 1
            try other.train()
            other.plan.trained = [.projection]
            #expect { try other.train(isResumed: true) } throws: { "\($0)".contains("other trained tensors than the plan trains") }
            let state = folder.appendingPathComponent("a/checkpoint-1/trainer_state.json")
            try Data("{".utf8).write(to: state)
            #expect { try other.train(isResumed: true) } throws: { "\($0)".contains("trainer_state.json cannot be read") }
        }
    }

    @Test("the newest stay, and the best of the validations")
    func pruning() async throws {
        try await withTemporaryFolder { folder in
            let run = try run("flan-t5", folder)
            let optimizer = try AdamW(try run.checkpoint().parameters)
            var state = TrainerState(run.plan, model: run.folder, workers: 1)
            for step in 1...6 {
                state.step = step
                _ = try TrainingCheckpoint.write(state, optimizer, to: folder)
                try TrainingCheckpoint.prune(folder, keeping: 2, best: 2)
            }
            #expect(try TrainingCheckpoint.all(in: folder).map(\.step) == [2, 5, 6])
            // What a killed process leaves is no checkpoint, and goes with the next run.
            let left = folder.appendingPathComponent(".checkpoint-7.abc.partial")
            try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
            #expect(try TrainingCheckpoint.all(in: folder).last?.step == 6)
            try TrainingCheckpoint.clean(folder)
            #expect(!FileManager.default.fileExists(atPath: left.path))
        }
    }
}
