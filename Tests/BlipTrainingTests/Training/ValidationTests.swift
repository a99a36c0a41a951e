import Blip
import BlipImages
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

@Suite("The loss on held-out samples") struct ValidationTests {
    /// Six pictures and conversations below a folder, as LLaVA's dataset has them.
    private func write(_ root: URL) throws {
        let (pictures, annotations) = (root.appendingPathComponent("coco/train2017"), root.appendingPathComponent("llava"))
        for place in [pictures, annotations] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
        let records = try (0..<6).map { number -> [String: Any] in
            let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in [UInt8(number * 40), 90, UInt8(200 - number * 30)] })
            try Data(image.pngData()).write(to: pictures.appendingPathComponent("00000000000\(number).jpg"))
            let turns = [
                ["from": "human", "value": "<image>\nWhich one is \(number)?"], ["from": "gpt", "value": "a red circle and a house"],
            ]
            return ["id": "\(number)", "image": "00000000000\(number).jpg", "conversations": Array(turns)]
        }
        try JSONSerialization.data(withJSONObject: records).write(to: annotations.appendingPathComponent("detail_23k.json"))
    }

    @Test("it is the same however it is cut, falls with training, and the best checkpoint stays")
    func validation() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root)
            let set = try TrainingData(
                TrainingPlan(PlanFile(text(root, folder, "a", 2), name: "p", folder: folder)).data
            ).set
            var losses: [Int: [Double]] = [:]
            for size in [1, 4] {
                let plan = try TrainingPlan(PlanFile(text(root, folder, "run-\(size)", size), name: "p", folder: folder))
                let recorder = Recorder()
                let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("flan-t5"), plan.options())
                try Trainer(plan, checkpoint, set, observers: [recorder]).run()
                losses[size] = recorder.validations.compactMap(\.loss)
                #expect(recorder.validations.map(\.step) == [2, 4, 6] && recorder.validations.allSatisfy { $0.samples == 5 })
                let best = try #require(recorder.validations.min { ($0.loss ?? 0) < ($1.loss ?? 0) })
                #expect(best.isBest)
                let state = try #require(try TrainingCheckpoint.all(in: plan.output).last).state()
                #expect(state.best == TrainerState.Best(step: best.step, loss: best.loss))
                #expect(try TrainingCheckpoint.find(plan.output).step == best.step)
            }
            let (first, second) = (try #require(losses[1]), try #require(losses[4]))
            for (left, right) in zip(first, second) { #expect(abs(left - right) / left < 1e-3) }
            #expect(first[2] < first[0])
        }
    }

    @Test("held-out samples of which none can be used are told of, and are not the best; what was learned stays")
    func unusable() async throws {
        try await withTemporaryFolder { folder in
            let (root, empty) = (folder.appendingPathComponent("data"), folder.appendingPathComponent("empty"))
            try write(root)
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: root.appendingPathComponent("llava"), to: empty.appendingPathComponent("llava"))
            let plain = text(root, folder, "run", 2)
            let wrong = plain.replacingOccurrences(
                of: "samples: 5, data: {root: \(root.path)", with: "samples: 5, data: {root: \(empty.path)")
            #expect(wrong != plain)
            let plan = try TrainingPlan(PlanFile(wrong, name: "p", folder: folder))
            let set = try TrainingData(plan.data).set
            #expect {
                try Trainer(plan, TrainableCheckpoint(Fixtures.checkpoint("flan-t5"), plan.options()), set).run()
            } throws: { error in
                guard case .nothingHeldOut(5, let first) = error as? TrainingError else { return false }
                return first?.contains("000000000000.jpg") == true
            }
            let kept = try TrainingCheckpoint.all(in: plan.output)
            #expect(try kept.map(\.step) == [2] && kept[0].state().best == nil)
        }
    }

    private func text(_ root: URL, _ folder: URL, _ output: String, _ size: Int) -> String {
        """
        model: \(Fixtures.checkpoint("flan-t5").path)
        output: \(output)
        data: {root: \(root.path), datasets: [llava_detail], exclude: nothing}
        training: {steps: 6, batch: 6, micro_batch: \(size), learning_rate: 1.0e-2, warmup_steps: 1, dropout: false, augmentation: none, workers: 1}
        checkpoints: {every: 100, keep: 1}
        validation: {every: 2, samples: 5, data: {root: \(root.path), datasets: [llava_detail]}}
        """
    }
}
