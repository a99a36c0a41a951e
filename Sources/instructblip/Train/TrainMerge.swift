import ArgumentParser
import Blip
import BlipTensors
import BlipTraining
import Foundation

struct TrainMerge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Make a checkpoint folder of a run: what was trained, and everything else of where it began.",
        discussion: """
            Of a run the best checkpoint is taken where it was validated, else the newest; of a moving average the average. ask, quantize and
            transformers open the result. What LoRA trained is added to the language model's matrices, or kept apart in a folder that PEFT and
            --adapter of ask open.

              instructblip train merge runs/own-data --output birds-instructblip
            """)

    @Argument(help: ArgumentHelp("The output folder of a run, or one of its checkpoints.", valueName: "run"))
    var place: String

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to write, new or empty.", valueName: "dir"))
    var output: String

    @Option(help: ArgumentHelp("The checkpoint that was trained, where it has moved since.", valueName: "dir"))
    var model: String?

    @Option(help: "What becomes of LoRA's matrices: merged, or apart.")
    var lora: CheckpointMerger.AdapterPlace = .merged

    @Flag(help: "Take the weights of the last step, not their moving average.")
    var noAverage = false

    @Flag(help: "Write one JSON object: checkpoint, step, tensors, bytes.")
    var json = false

    private struct Report: Encodable {
        var checkpoint: String
        var step: Int
        var tensors: Int
        var bytes: Int
    }

    func run() throws {
        let interruption = Interruption()
        let tuned = try TrainingCheckpoint.find(URL(fileURLWithPath: place))
        let state = try tuned.state()
        let merger = CheckpointMerger(
            folder: URL(fileURLWithPath: model ?? state.model), trained: try tuned.weights(averaged: !noAverage),
            tellsQFormer: state.tellsQFormer ?? true, adapters: state.adapters, place: lora)
        let bar = ProgressBar("writing")
        let report = try merger.write(to: URL(fileURLWithPath: output), progress: { bar.update($0, of: $1) }) { interruption.happened }
        bar.finish()
        if json {
            return try writeJSON(Report(checkpoint: tuned.folder.path, step: tuned.step, tensors: report.tensors, bytes: report.bytes))
        }
        for note in report.notes { writeRemark("note: \(note)\n") }
        try writeOutput("\(output): step \(tuned.step) of \(place), \(report.tensors) tensors\n")
    }
}

extension CheckpointMerger.AdapterPlace: ExpressibleByArgument {}
