import Blip
import BlipRuns
import Foundation

/// Writes what happens into the run's folder: `log.jsonl`, and an events file for TensorBoard.
public final class RunRecorder: TrainingObserver {
    private let folder: URL
    /// The plan as it was followed, with its overrides.
    private let plan: String
    private var log: RunLog?
    /// The step of the last line.
    private var last = 0
    private var board: TensorBoardWriter?

    /// - Parameters:
    ///   - folder: the run's, where its checkpoints are.
    ///   - plan: as YAML.
    public init(folder: URL, plan: String) {
        self.folder = folder
        self.plan = plan
    }

    public func began(_ start: TrainingStart) throws {
        let resumed = start.step > 0 ? start.step : nil
        // A run that was killed before its first checkpoint left lines of steps that are done again.
        log = try RunLog(folder: folder, resumingAt: start.step)
        board = try TensorBoardWriter(folder: folder, resumingAt: resumed)
        try board?.plain(plan, tag: "plan", step: start.step)
        let details = [
            "parameters": "\(start.parts.map(\.parameters).reduce(0, +))", "trained": "\(start.parts.map(\.trained).reduce(0, +))",
            "workers": "\(start.workers)",
        ]
        try write(start.step, resumed == nil ? .start(details: details) : .resume)
    }

    public func stepped(_ record: StepRecord) throws {
        if record.isSkipped, !record.isOverflow {
            try write(record.step, .badBatch(reason: "loss or gradient is not finite; the step changed nothing", path: record.badBatch))
        }
        let perSecond = record.seconds > 0 ? 1 / record.seconds : 0
        try write(
            record.step,
            .numbers(
                StepNumbers(
                    loss: record.loss, learningRate: record.rate, gradientNorm: record.gradientNorm, targetTokens: record.targetTokens,
                    samplesPerSecond: Double(record.samples) * perSecond, tokensPerSecond: Double(record.targetTokens) * perSecond,
                    seconds: record.seconds,
                    others: record.losses.merging([
                        "waiting_seconds": record.waitingSeconds, "forward_seconds": record.forwardSeconds,
                        "backward_seconds": record.backwardSeconds, "loss_scale": record.lossScale,
                    ]) { $1 })))
    }

    public func validated(_ record: ValidationRecord) throws {
        var metrics = record.losses
        metrics["loss"] = record.loss
        // Of a benchmark the metric that stands for it: the others would be a plot each.
        for benchmark in record.benchmarks { metrics["\(benchmark.name)/\(benchmark.metric)"] = benchmark.value }
        try write(record.step, .validation(metrics: metrics))
    }

    public func saved(_ folder: URL, step: Int) throws {
        try write(step, .save(path: folder.lastPathComponent))
        try log?.synchronize()
        try board?.synchronize()
    }

    public func ended(step: Int, _ end: TrainingEnd) throws {
        try write(step, .end(reason: end.rawValue))
        try log?.synchronize()
        try board?.synchronize()
    }

    private func write(_ step: Int, _ content: RunLine.Content) throws {
        // A step that is refused is told of before the steps ahead of it are saved, and a log's lines do not go back.
        last = max(last, step)
        let line = RunLine(step: last, time: Date().timeIntervalSince1970, content)
        try log?.append(line)
        try board?.write(line)
    }
}
