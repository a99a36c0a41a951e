import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import BlipTraining
import Foundation
import Testing

/// BLIP-2's second stage: captions for a frozen language model; references by `Scripts/fixtures/assembled.py`.
@Suite("Captions train BLIP-2") struct CaptionTrainingTests {
    private struct Case: Decodable {
        let model, image, beginning, rest: String
        let prompt, target: [Int]
        let loss: Double
    }

    private func cases() throws -> [Case] {
        try JSONDecoder().decode([Case].self, from: Data(contentsOf: Fixtures.root.appendingPathComponent("assembled/captions.json")))
    }

    @Test("prompts, targets and losses of whole captions and of halves are the reference's")
    func losses() throws {
        let cases = try cases()
        #expect(cases.count == 4 && cases.contains { $0.model == "flan-t5" && $0.beginning.isEmpty })
        for item in cases {
            let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("blip2/\(item.model)"), TrainingOptions())
            let picture = try ImageSource.file(Fixtures.picture(item.image)).load()
            let input = try checkpoint.processor.trainingInput(
                planes: [checkpoint.processor.images(picture)], item.beginning, limit: 32)
            let target = try checkpoint.processor.target(item.rest, limit: 32)
            #expect(input.promptIDs == item.prompt && input.instructionIDs == nil)
            #expect(target == item.target, "OPT's answers end with a line break, FlanT5's with </s>")
            guard case .answers(let network) = checkpoint.network else { throw FixtureError(description: "\(item.model) answers nothing") }
            let look = try network.look(from: checkpoint.features(of: checkpoint.pixels(input.frames)))
            let prompt = try network.prompt(
                seeing: look, told: checkpoint.instructions([input]), then: checkpoint.prompts([input]))
            let loss = try network.language.loss(prompt, checkpoint.targets([target])).item()
            #expect(abs(loss - item.loss) < Tolerance.loss * item.loss, "\(item.model): \(loss)")
        }
    }

    @Test("an empty instruction is the begin token for OPT and the end token for FlanT5, white space too", arguments: ["", " \n"])
    func empty(_ instruction: String) throws {
        for (name, ids) in [("opt", [2]), ("flan-t5", [1])] {
            let folder = Fixtures.checkpoint("blip2/\(name)")
            let processor = try Processor(folder: folder, InstructBLIPConfig(file: folder.appendingPathComponent("config.json")))
            let planes = try processor.images(RGBImage(width: 2, height: 2, pixels: [UInt8](repeating: 9, count: 12)))
            #expect(try processor.trainingInput(planes: [planes], instruction, limit: 32).promptIDs == ids)
        }
    }

    @Test(
        "captions are learned by either way: the loss falls",
        arguments: [("opt", InstructionStyle.captions), ("flan-t5", .splitCaptions), ("flan-t5", .captions)])
    func learning(_ name: String, _ style: InstructionStyle) async throws {
        try await withTemporaryFolder { folder in
            let samples = [("shapes.png", "a red circle and a house"), ("tower.png", "a tall grey tower at night")].enumerated().map {
                number, pair in
                Sample(id: "\(number)", images: [.file(Fixtures.picture(pair.0).path)], task: .caption(Captions([pair.1])))
            }
            var run = try TinyRun(
                "blip2/\(name)", samples, output: folder.appendingPathComponent("run"),
                "steps: 30, batch: 4, learning_rate: 1.0e-2, warmup_steps: 1, weight_decay: 0, dropout: false, augmentation: none, workers: 0"
            )
            let maker = ExampleMaker(dataset: "few", category: "c", title: "few", style: style)
            run.set = TrainingSet([TrainingPart(ListedSamples(samples), maker)], run.set.mixture, seed: 1, bad: BadSamples(limit: 0))
            let records = try run.train()
            let (first, last) = (records.prefix(3).map(\.loss).reduce(0, +), records.suffix(3).map(\.loss).reduce(0, +))
            #expect(last < 0.85 * first, "\(first) \(last)")
        }
    }
}
