public import Blip
public import BlipData
import BlipImages
import BlipModels
import BlipTensors
import Foundation

/// Follows a plan: feeds samples to the network, learns from the loss, and keeps what was learned.
///
/// It belongs to one thread, as tensors do.
public final class Trainer {
    private let plan: TrainingPlan
    private let checkpoint: TrainableCheckpoint
    private let workers: any Workers
    private let observers: [any TrainingObserver]
    private let shouldStop: () -> Bool
    private let optimizer: AdamW
    private let average: MovingAverage?
    private let objective: any Objective
    private let set: TrainingSet
    private let heldOut: HeldOutLoss?
    /// Who scores the network on benchmarks, and the network as it is asked; nil where the plan names none.
    private let benchmarks: (scorer: any BenchmarkScorer, network: NetworkAnswerer)?
    private var state: TrainerState
    /// Steps that are on the disk.
    private var savedStep = 0
    /// False while a step changes the weights.
    private var isWhole = true
    /// What the user should know before the first step.
    private var remarks: [String]
    /// Rank 0's alone, as long as it trains.
    private var lock: RunLock?

    /// - Parameters:
    ///   - isResumed: goes on from the newest checkpoint in the plan's output folder.
    ///   - workers: the processes that train together; each has a trainer of its own.
    ///   - observers: told of everything at rank 0.
    ///   - scorer: of the plan's benchmarks; not needed for a plan without.
    ///   - shouldStop: asked behind every step; true saves and ends it.
    /// - Throws: ``TrainingError/outputInUse(path:step:)`` for a folder with a run that is not resumed; ``TrainingError/nothingScores(benchmarks:)``.
    public init(
        _ plan: TrainingPlan, _ checkpoint: TrainableCheckpoint, _ set: TrainingSet, isResumed: Bool = false,
        workers: any Workers = OneWorker(), observers: [any TrainingObserver] = [],
        scorer: (any BenchmarkScorer)? = nil, shouldStop: @escaping () -> Bool = { false }
    ) throws {
        (self.plan, self.checkpoint, self.set) = (plan, checkpoint, set)
        (self.workers, self.shouldStop) = (workers, shouldStop)
        self.observers = workers.rank == 0 ? observers : []
        var settings = AdamW.Settings()
        settings.betas = (plan.training.betas[0], plan.training.betas[1])
        (settings.epsilon, settings.weightDecay) = (plan.training.epsilon, plan.training.weightDecay)
        let (peak, rates) = (plan.training.rate, plan.training.partRates)
        objective = try plan.objective(checkpoint)
        let parameters = (checkpoint.parameters + objective.ownParameters).sorted { $0.name < $1.name }
        optimizer = try AdamW(parameters, settings) { name in rates[NetworkPart(of: name)].map { $0 / peak } ?? 1 }
        average = try plan.training.averageDecay.map { [optimizer] in try MovingAverage(optimizer.tensors, decay: $0) }
        heldOut = try plan.validation?.data.map { [objective] data in
            try HeldOutLoss(
                data, limit: plan.validation?.samples ?? 0, objective, plan.training,
                plan.languagePretraining == nil ? checkpoint.processor.images : nil)
        }
        let names = plan.validation?.benchmarks ?? []
        if names.isEmpty {
            benchmarks = nil
        } else {
            guard let scorer else { throw TrainingError.nothingScores(benchmarks: names) }
            // The features of the frozen image encoder that training keeps serve here too.
            benchmarks = (scorer, try checkpoint.answerer { [objective] in try objective.pictures($0) })
        }
        state = TrainerState(plan, model: checkpoint.folder, workers: workers.count)
        remarks = plan.unusedKeys.map { "\($0) changes nothing in this plan" }
        let newest = try TrainingCheckpoint.all(in: plan.output).last
        if isResumed {
            guard let newest else { throw TrainingError.nothingToResume(path: plan.output.path) }
            let stored = try newest.restore(optimizer, average)
            (state.step, state.optimizerStep, state.badLosses) = (stored.step, stored.optimizerStep, stored.badLosses)
            state.best = stored.best
            savedStep = stored.step
            remarks += state.differences(from: stored, plan.data.grain)
            // Another precision begins with a scaler of its own.
            if stored.scaler.isActive == state.scaler.isActive { state.scaler = stored.scaler }
        } else if let newest {
            throw TrainingError.outputInUse(path: plan.output.path, step: newest.step)
        }
    }

    /// Steps done.
    public var step: Int { state.step }

    /// Trains to the end of the plan.
    ///
    /// - Throws: ``TrainingError/interrupted(step:checkpoint:)`` when it was told to stop, with everything saved; ``TrainingError/notFinite(step:what:record:)``.
    ///   The steps before an error are saved too, unless the disk is what failed.
    public func run() throws {
        try begin()
        defer { lock = nil }
        let feed = try feed()
        defer { feed.cancel() }
        var isStopped = false
        while state.step < plan.training.steps, !isStopped {
            let isBest: Bool
            do {
                try advance(feed)
                isBest = try isDue(plan.validation?.every) && validate()
                isStopped = try workers.sum([shouldStop() ? 1 : 0])[0] > 0
            } catch {
                keepSteps()
                throw error
            }
            if isBest || isStopped || isDue(plan.checkpoints.every) || state.step == plan.training.steps { try save() }
        }
        let isFinished = state.step == plan.training.steps
        for observer in observers { try observer.ended(step: state.step, isFinished ? .finished : .interrupted) }
        if !isFinished {
            let folder = plan.output.appendingPathComponent("checkpoint-\(state.step)")
            throw TrainingError.interrupted(step: state.step, checkpoint: folder.path)
        }
    }

    private func isDue(_ every: Int?) -> Bool { every.map { state.step % $0 == 0 } ?? false }

    // MARK: The stages of a step

    private func advance(_ feed: ExampleLoader) throws {
        let start = ContinuousClock.now
        let samples = try feed.batch()
        let waiting = start.duration(to: .now) / .seconds(1)
        var record = StepRecord(state, plan, samples: plan.training.batch, waitingSeconds: waiting)
        try learn(samples, &record)
        let refusal = try change(samples, &record)
        if refusal == nil { state.step += 1 }
        isWhole = true
        record.seconds = start.duration(to: .now) / .seconds(1)
        for observer in observers { try observer.stepped(record) }
        for note in objective.pictures.takeNotes() { try tell(note) }
        if let refusal { throw refusal }
    }

    private func tell(_ note: String) throws { for observer in observers { try observer.noted(note) } }

    private func begin() throws {
        if workers.rank == 0 {
            do {
                try FileManager.default.createDirectory(at: plan.output, withIntermediateDirectories: true)
                lock = try RunLock.take(plan.output.appendingPathComponent(".lock"), .alone)
                guard lock != nil else { throw TrainingError.outputBusy(path: plan.output.path) }
                try TrainingCheckpoint.clean(plan.output)
                // Another run may have saved, and ended, since this one looked.
                guard try (TrainingCheckpoint.all(in: plan.output).last?.step ?? 0) == state.step else {
                    throw TrainingError.outputBusy(path: plan.output.path)
                }
            } catch let error as TrainingError {
                throw error
            } catch { throw TrainingError.unwritable(path: plan.output.path, reason: error.localizedDescription) }
        }
        let step = Double(state.step)
        let sums = try workers.sum([step, step * step])
        guard sums[0] * sums[0] == Double(workers.count) * sums[1] else {
            throw TrainingError.unevenResume(path: plan.output.path, step: state.step)
        }
        try workers.broadcast(optimizer.tensors + optimizer.means + optimizer.squares + (average?.averages ?? []))
        let start = TrainingStart(plan: plan, parts: checkpoint.parts, step: state.step, workers: workers.count)
        for observer in observers { try observer.began(start) }
        for remark in remarks { try tell(remark) }
    }

    private func feed() throws -> ExampleLoader {
        let training = plan.training
        let share = max(1, training.batch / workers.count)
        let grain: MixtureStream.Grain = plan.data.grain == .sample ? .sample : .batch(of: share)
        func batches(_ rank: Int, of count: Int) throws -> ShardedBatches {
            try ShardedBatches(
                set.mixture, seed: plan.data.seed, grain: grain, globalBatch: training.batch, rank: rank, of: count, step: state.step)
        }
        let (mine, all) = (try batches(workers.rank, of: workers.count), try batches(0, of: 1))
        let pictures = PictureLoader(checkpoint.processor.images, training.augmentation.augmentation)
        return try ExampleLoader(
            set, objective.sharesWork ? all : mine, plan.languagePretraining == nil ? pictures : nil, frames: training.frames,
            workers: training.workers, depth: min(4096, max(16, 2 * share)))
    }

    /// Gathers the gradients of the batch's mean loss, piece by piece.
    private func learn(_ samples: [LoadedExample], _ record: inout StepRecord) throws {
        let training = plan.training
        let pieces = try objective.pieces(
            samples, size: training.microBatch ?? samples.count, rank: workers.rank, of: workers.count)
        let counts = try workers.sum([pieces.weight, Double(pieces.tokens)])
        guard counts[0] > 0 else { throw TrainingError.badBatch(reason: "none of its samples has an answer of at least one token") }
        try optimizer.clearGradients()
        var sums = [Double](repeating: 0, count: objective.partNames.count + 1)
        for (place, piece) in pieces.enumerated() {
            let chance = Chance(
                seed: training.seed, step: state.step, rank: workers.rank, part: place, hasDropout: training.hasDropout)
            let start = ContinuousClock.now
            let loss = try piece.loss(chance, workers)
            for (number, value) in try ([loss.total.item()] + loss.parts).enumerated() { sums[number] += value * piece.weight }
            let turn = ContinuousClock.now
            let share = try loss.total * (piece.weight / counts[0] * state.scaler.scale)
            try workers.backward(share, parameters: optimizer.tensors, isLast: place == pieces.count - 1)
            record.forwardSeconds += start.duration(to: turn) / .seconds(1)
            record.backwardSeconds += turn.duration(to: .now) / .seconds(1)
        }
        let means = try workers.sum(sums).map { $0 / counts[0] }
        record.loss = means[0]
        record.losses = Dictionary(uniqueKeysWithValues: zip(objective.partNames, means.dropFirst()))
        record.targetTokens = Int(counts[1])
    }

    /// Changes the weights by what was gathered, or does what the plan says of a loss that is no number.
    ///
    /// - Returns: why training ends here; nil where it goes on.
    private func change(_ samples: [LoadedExample], _ record: inout StepRecord) throws -> TrainingError? {
        let scale = state.scaler.scale
        if scale != 1 { try Gradients.scale(optimizer.tensors, by: 1 / scale) }
        record.gradientNorm = try Gradients.norm(optimizer.tensors)
        guard record.loss.isFinite, record.gradientNorm.isFinite else {
            record.isSkipped = true
            record.isOverflow = record.loss.isFinite && state.scaler.isActive && scale > 1
            state.scaler.note(isFinite: false)
            return record.isOverflow ? nil : try refuse(samples, &record)
        }
        state.scaler.note(isFinite: true)
        if let clip = plan.training.clip, record.gradientNorm > clip {
            // The reference's guard against division by zero: `clip_grad_norm_` of PyTorch.
            try Gradients.scale(optimizer.tensors, by: min(1, clip / (record.gradientNorm + 1e-6)))
        }
        isWhole = false
        try optimizer.step(rate: record.rate)
        state.optimizerStep = optimizer.step
        try average?.update(step: optimizer.step)
        return nil
    }

    private func refuse(_ samples: [LoadedExample], _ record: inout StepRecord) throws -> TrainingError? {
        let file = plan.output.appendingPathComponent("bad-batch-\(record.step)-rank-\(workers.rank).json")
        try BadBatch(record, samples).write(to: file)
        record.badBatch = file.path
        let what = record.loss.isFinite ? "gradient" : "loss"
        guard plan.training.badLoss == .skip else { return .notFinite(step: record.step, what: what, record: file.path) }
        state.badLosses += 1
        let limit = plan.training.maximumBadLosses
        return state.badLosses > limit ? .tooManyBadLosses(count: state.badLosses, limit: limit, record: file.path) : nil
    }

    /// - Returns: whether it is the best so far.
    private func validate() throws -> Bool {
        guard let validation = plan.validation else { return false }
        let start = ContinuousClock.now
        let (found, scored) = try average?.inPlace { try measure() } ?? measure()
        let candidate: TrainerState.Best
        switch validation.best {
        case .loss: candidate = TrainerState.Best(step: state.step, loss: found?.loss)
        case .metric(let name):
            guard let value = scored.value(of: name) else {
                throw TrainingError.unknownMetric(name: name, available: scored.metricNames)
            }
            candidate = TrainerState.Best(step: state.step, metric: name, value: value)
        }
        let isBest = candidate.beats(state.best)
        if isBest { state.best = candidate }
        let record = ValidationRecord(
            step: state.step, loss: found?.loss, samples: found?.samples ?? 0, targetTokens: found?.tokens ?? 0,
            seconds: start.duration(to: .now) / .seconds(1), isBest: isBest, losses: found?.losses ?? [:], benchmarks: scored)
        for observer in observers { try observer.validated(record) }
        for note in heldOut?.takeNotes() ?? [] { try tell(note) }
        return isBest
    }

    private func measure() throws -> (loss: HeldOutLoss.Found?, benchmarks: [BenchmarkRecord]) {
        (try heldOut?.measure(workers), try benchmarks.map { try $0.scorer.score($0.network, workers) } ?? [])
    }

    private func save() throws {
        if workers.rank == 0 { try write() }
        try workers.barrier()
    }

    private func write() throws {
        let saved = try TrainingCheckpoint.write(state, optimizer, average, to: plan.output)
        savedStep = state.step
        try TrainingCheckpoint.prune(plan.output, keeping: plan.checkpoints.keep, best: state.best?.step)
        for observer in observers { try observer.saved(saved.folder, step: state.step) }
    }

    /// Saves the steps that an error would lose. Other processes may be gone, so nobody is waited for.
    private func keepSteps() {
        guard workers.rank == 0 else { return }
        do {
            if isWhole, state.step > savedStep {
                try write()
                try tell("the steps before the error are saved; resume goes on behind step \(state.step)")
            }
            for observer in observers { try observer.ended(step: state.step, .failed) }
        } catch {
            // The error that ends the training is the one to tell; this one most likely is the same.
        }
    }
}

extension StepRecord {
    fileprivate init(_ state: TrainerState, _ plan: TrainingPlan, samples: Int, waitingSeconds: Double) {
        self.init(
            step: state.step + 1, steps: plan.training.steps, loss: 0, rate: plan.learningRate.rate(at: state.step), gradientNorm: 0,
            samples: samples, targetTokens: 0, seconds: 0, waitingSeconds: waitingSeconds, isSkipped: false, lossScale: state.scaler.scale)
    }
}
