import ArgumentParser
import Blip
import BlipData
import BlipModels
import BlipTensors
import BlipTraining
import Foundation

struct TrainRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Train as a plan says; the verb that is meant where none is named.")

    @Argument(help: ArgumentHelp("A plan in YAML.", valueName: "plan.yaml"))
    var plan: String

    @Option(help: ArgumentHelp("Change a key of the plan, for example training.batch=16.", valueName: "key=value"))
    var set: [String] = []

    @Flag(help: "Go on from the newest checkpoint in the output folder.")
    var resume = false

    @Option(help: ArgumentHelp("Steps in all, in place of the plan's training.steps.", valueName: "n"))
    var steps: Int?

    @Option(help: "Where to compute: cpu, cuda, cuda:1 or mps. Of several processes on a machine each takes the next CUDA device.")
    var device = DeviceName(device: .cpu)

    @Option(help: ArgumentHelp("The folder for checkpoints, in place of the plan's output.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("The folder of all datasets, in place of the plan's data.root.", valueName: "dir"))
    var root: String?

    @Option(help: ArgumentHelp("Threads that one operation may use.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let steps, steps < 1 { throw ValidationError("--steps must be 1 or more, found \(steps).") }
        if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more, found \(threads).") }
    }

    func run() throws {
        let interruption = Interruption()
        if let threads { Engine.setThreads(threads) }
        let file = try PlanFile(URL(fileURLWithPath: plan), overrides: set + (steps.map { ["training.steps=\($0)"] } ?? []))
        let plan = try TrainingPlan(
            file, output: output.map { URL(fileURLWithPath: $0) }, root: root.map { URL(fileURLWithPath: $0) })
        // What is recomputed on the way back may hold trained parameters, which c10d's reducer would not see.
        try TorchWorkers.run(overlaps: !plan.training.recomputes) { workers in try train(plan, file, workers, interruption) }
    }

    private func train(_ plan: TrainingPlan, _ file: PlanFile, _ workers: any Workers, _ interruption: Interruption) throws {
        let loading = ProgressBar("loading")
        let checkpoint = try TrainableCheckpoint(folder(of: plan), plan.options(on: workers.device(device.device))) {
            loading.update($0, of: $1)
        }
        loading.finish()
        let data = try TrainingData(
            plan.data,
            progress: { stage in
                switch stage {
                case .excluding(let name): writeRemark("reading \(name), to keep it out\n")
                case .opening(let name): writeRemark("reading \(name)\n")
                }
            })
        if !data.excluded.isEmpty { writeRemark("kept out: \(data.excluded.joined(separator: ", "))\n") }
        if !data.notChecked.isEmpty { writeRemark("note: not there, so not kept out: \(data.notChecked.joined(separator: ", "))\n") }
        let scorer = try TrainBenchmarks(plan)
        let display = TrainingDisplay()
        defer { display.close() }
        let recorder = RunRecorder(folder: plan.output, plan: try file.yaml())
        let trainer = try Trainer(
            plan, checkpoint, data.set, isResumed: resume, workers: workers, observers: [display, recorder], scorer: scorer
        ) { interruption.happened }
        defer {
            for entry in data.set.bad.entries {
                writeRemark("note: left out \(entry.dataset), sample \(entry.index + 1): \(entry.reason)\n")
            }
        }
        try trainer.run()
    }

    /// A folder, seen from the plan, or else a pulled model or the built-in one.
    private func folder(of plan: TrainingPlan) throws -> URL {
        if FileManager.default.fileExists(atPath: plan.model.folder.path) { return plan.model.folder }
        return try modelFolder(plan.model.checkpoint)
    }
}
