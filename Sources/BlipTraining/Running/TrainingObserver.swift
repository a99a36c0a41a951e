public import Blip
public import Foundation

/// Somebody who is told how training goes: a progress bar, a log. Called at rank 0 alone, on the training's thread.
public protocol TrainingObserver: AnyObject {
    func began(_ start: TrainingStart) throws
    func stepped(_ record: StepRecord) throws
    func validated(_ record: ValidationRecord) throws
    func saved(_ folder: URL, step: Int) throws
    func ended(step: Int, _ end: TrainingEnd) throws
    /// Something that the user should know, and that stops nothing.
    func noted(_ text: String) throws
}

extension TrainingObserver {
    public func began(_ start: TrainingStart) throws {}
    public func stepped(_ record: StepRecord) throws {}
    public func validated(_ record: ValidationRecord) throws {}
    public func saved(_ folder: URL, step: Int) throws {}
    public func ended(step: Int, _ end: TrainingEnd) throws {}
    public func noted(_ text: String) throws {}
}

/// How a run came to its end; the words are those of its log.
public enum TrainingEnd: String, Sendable {
    case finished
    /// Stopped from outside, with everything saved.
    case interrupted
    /// An error ended it.
    case failed
}

/// What is known before the first step.
public struct TrainingStart: Sendable {
    public var plan: TrainingPlan
    public var parts: [PartSummary]
    /// The steps done before, where a run is resumed.
    public var step: Int
    public var workers: Int

    /// Bytes of weights, gradients, the optimizer's two means and the moving average; what a batch takes comes on top.
    public var memoryBytes: Int {
        let numbers = plan.training.averageDecay == nil ? 3 : 4
        return parts.reduce(0) { $0 + $1.bytes + 4 * numbers * $1.trained }
    }
}

/// What a step came to.
public struct StepRecord: Sendable, Codable, Equatable {
    /// Counted from 1: the steps done.
    public var step: Int
    public var steps: Int
    /// The mean over the target tokens of the whole batch; of pre-training, over its pieces.
    public var loss: Double
    public var rate: Double
    /// Before clipping.
    public var gradientNorm: Double
    public var samples: Int
    public var targetTokens: Int
    public var seconds: Double
    /// Of these, waiting for samples.
    public var waitingSeconds: Double
    /// Of these, from the samples to the loss, and back from the loss to the gradients.
    public var forwardSeconds = 0.0
    public var backwardSeconds = 0.0
    /// Whether the step changed nothing, since loss or gradients were not finite.
    public var isSkipped: Bool
    /// Of a skipped step: whether the loss was one, and float16 alone could not hold its gradients. The scale becomes smaller; nothing is wrong.
    public var isOverflow = false
    /// Of a skipped step: the file with its samples, where one was written.
    public var badBatch: String?
    /// What the loss was multiplied by, in float16.
    public var lossScale: Double
    /// What the loss is made of, by name, where it is a sum.
    public var losses: [String: Double] = [:]

    enum CodingKeys: String, CodingKey {
        case step, steps, loss, rate, samples, seconds, losses
        case gradientNorm = "gradient_norm"
        case targetTokens = "target_tokens"
        case waitingSeconds = "waiting_seconds"
        case forwardSeconds = "forward_seconds"
        case backwardSeconds = "backward_seconds"
        case isSkipped = "skipped"
        case isOverflow = "overflow"
        case badBatch = "bad_batch"
        case lossScale = "loss_scale"
    }
}

/// What a validation came to.
public struct ValidationRecord: Sendable, Codable, Equatable {
    public var step: Int
    /// The mean over the target tokens of all samples looked at; nil where benchmarks alone are scored.
    public var loss: Double?
    public var samples: Int
    public var targetTokens: Int
    public var seconds: Double
    /// Whether no earlier one was as good.
    public var isBest: Bool
    /// What the loss is made of, by name, where it is a sum.
    public var losses: [String: Double] = [:]
    public var benchmarks: [BenchmarkRecord] = []

    enum CodingKeys: String, CodingKey {
        case step, loss, samples, seconds, losses, benchmarks
        case targetTokens = "target_tokens"
        case isBest = "best"
    }
}
