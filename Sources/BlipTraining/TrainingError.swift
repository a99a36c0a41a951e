public import Foundation

/// Why training cannot begin or go on.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// A loss or gradient that is no finite number; the batch is in `record`.
    case notFinite(step: Int, what: String, record: String)
    case tooManyBadLosses(count: Int, limit: Int, record: String)
    case outputInUse(path: String, step: Int)
    /// Another process trains into the same folder.
    case outputBusy(path: String)
    case nothingToResume(path: String)
    case badCheckpoint(path: String, reason: String)
    case unwritable(path: String, reason: String)
    case badBatch(reason: String)
    /// None of the samples that validation looks at can be used.
    case nothingHeldOut(samples: Int, first: String?)
    /// Processes that train together go on from different checkpoints.
    case unevenResume(path: String, step: Int)
    /// A plan names benchmarks, and nobody was given to score them.
    case nothingScores(benchmarks: [String])
    case unknownMetric(name: String, available: [String])
    /// Stopped from outside, in order: everything up to `step` is saved.
    case interrupted(step: Int, checkpoint: String)

    public var description: String {
        switch self {
        case .notFinite(let step, let what, let record):
            "the \(what) of step \(step) is not a finite number; its samples are in \(record); look at them, lower training.learning_rate, "
                + "or set training.bad_loss to skip"
        case .tooManyBadLosses(let count, let limit, let record):
            "\(count) steps had a loss that is not a finite number, more than the \(limit) that training.max_bad_losses allows; the last one's "
                + "samples are in \(record)"
        case .outputInUse(let path, let step):
            "\(path) holds a run that has come to step \(step); resume it, or choose another output folder"
        case .outputBusy(let path): "another run is training into \(path); wait for it, or choose another output folder"
        case .nothingToResume(let path): "\(path) holds no complete checkpoint to resume; start without resuming"
        case .badCheckpoint(let path, let reason): "the checkpoint \(path) cannot be used: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason); the checkpoints before are complete"
        case .badBatch(let reason): "this batch cannot be computed: \(reason)"
        case .nothingHeldOut(let samples, let first):
            "none of the \(samples) samples of validation.data has a loss" + (first.map { "; the first: \($0)" } ?? "")
        case .unevenResume(let path, let step):
            "the processes that train together found other newest checkpoints in \(path), this one step \(step); give all the same folder"
        case .nothingScores(let benchmarks):
            "validation.benchmarks names \(benchmarks.joined(separator: ", ")), and this program was given nothing that scores them"
        case .unknownMetric(let name, let available):
            "validation.best is \"\(name)\", which was not measured; there is \(available.joined(separator: ", "))"
        case .interrupted(let step, let checkpoint):
            "interrupted behind step \(step), which is saved in \(checkpoint); resume goes on from there"
        }
    }

    public var errorDescription: String? { description }
}
