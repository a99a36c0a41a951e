import Blip
import BlipData
public import BlipModels
import BlipTensors
import Foundation

/// Where a run stands, besides its tensors: `trainer_state.json`.
public struct TrainerState: Codable, Sendable, Equatable {
    /// The best validation so far.
    public struct Best: Codable, Sendable, Equatable {
        public var step: Int
        /// Less is better; nil where a metric counts.
        public var loss: Double?
        /// More is better; nil where the loss counts.
        public var metric: String?
        public var value: Double?

        public init(step: Int, loss: Double? = nil, metric: String? = nil, value: Double? = nil) {
            (self.step, self.loss, self.metric, self.value) = (step, loss, metric, value)
        }

        /// Whether it is better than another one; what was best in something else does not count.
        func beats(_ other: Best?) -> Bool {
            guard value?.isFinite != false, loss?.isFinite != false else { return false }
            guard let other, other.metric == metric else { return true }
            if metric == nil { return (loss ?? .infinity) < (other.loss ?? .infinity) }
            return (value ?? -.infinity) > (other.value ?? -.infinity)
        }
    }

    public struct Versions: Codable, Sendable, Equatable {
        public var libtorch = Engine.version
        public var system = ProcessInfo.processInfo.operatingSystemVersionString

        public init() {}
    }

    /// Of this file's form.
    public var format = 1
    /// Steps done; the next sample is the one behind `step * batch`.
    public var step = 0
    /// Steps that changed the weights.
    public var optimizerStep = 0
    /// Steps that changed nothing because a loss was no number.
    public var badLosses = 0
    public var scaler: LossScaler
    public var best: Best?
    public var dataSeed: UInt64
    /// Samples of a step; nil in files of before this was noted.
    public var batch: Int?
    public var seed: UInt64
    /// The checkpoint that was trained.
    public var model: String
    /// Whether the Q-Former was told the instruction; nil in files of before this was noted, where it was.
    public var tellsQFormer: Bool?
    public var workers: Int
    /// How the low-rank changes that were trained are to be applied; nil where there are none.
    public var adapters: AdapterSettings?
    public var plan: String
    public var versions = Versions()
    /// The commit of the repository that the plan stands in; nil where there is none.
    public var commit: String?

    enum CodingKeys: String, CodingKey {
        case format, step, scaler, best, seed, batch, model, workers, adapters, plan, versions, commit
        case optimizerStep = "optimizer_step"
        case badLosses = "bad_losses"
        case dataSeed = "data_seed"
        case tellsQFormer = "tells_qformer"
    }

    /// The state before the first step.
    public init(_ plan: TrainingPlan, model: URL, workers: Int) {
        scaler = LossScaler(isWanted: plan.training.precision == .fp16)
        (dataSeed, seed, batch) = (plan.data.seed, plan.training.seed, plan.training.batch)
        self.model = model.path
        tellsQFormer = plan.model.tellsQFormer
        self.workers = workers
        adapters = plan.adapters
        self.plan = plan.text
        commit = SourceCommit.current
    }

    /// What makes samples come otherwise than they would have if the run had not been stopped.
    func differences(from stored: TrainerState, _ grain: MixtureStream.Grain) -> [String] {
        var notes: [String] = []
        if stored.dataSeed != dataSeed {
            notes.append("data.seed was \(stored.dataSeed) and is \(dataSeed): samples come in another order from here on")
        }
        if let before = stored.batch, let batch, before != batch {
            notes.append(
                "training.batch was \(before) and is \(batch): the next sample is number \(stored.step * batch), where "
                    + "\(stored.step * before) were seen")
        }
        if grain != .sample, stored.workers != workers {
            notes.append(
                "data.draw is batch, and there were \(stored.workers) processes, now \(workers): each draws other datasets than before")
        }
        return notes
    }
}
