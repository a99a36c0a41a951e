public import Blip
import BlipData
import BlipImages
import BlipModels
public import BlipTensors

/// One way of a few samples through the network, to the loss.
struct NetworkPass {
    let checkpoint: TrainableCheckpoint
    let training: TrainingPlan.Training
    let cache: FeatureCache?

    init(_ checkpoint: TrainableCheckpoint, _ training: TrainingPlan.Training) throws {
        self.checkpoint = checkpoint
        self.training = training
        cache = try training.imageCache.map { try FeatureCache($0, checkpoint) }
    }

    /// The mean cross entropy over the target tokens.
    func loss(_ batch: MicroBatch, dropout: Dropout? = nil) throws -> Tensor {
        let (network, device) = (checkpoint.network, checkpoint.options.device)
        return try withAutocast(training.precision.cast, on: device) {
            let look = try network.look(from: features(batch.inputs))
            let prompt = try network.prompt(
                seeing: look, told: checkpoint.instructions(batch.inputs), then: checkpoint.prompts(batch.inputs), dropout: dropout)
            return try network.language.loss(prompt, checkpoint.targets(batch.targets), recomputing: training.recomputes)
        }
    }

    private func features(_ inputs: [ModelInput]) throws -> Tensor {
        guard let cache else { return try checkpoint.features(of: checkpoint.pixels(inputs)) }
        return try cache.features(inputs.flatMap(\.frames), on: checkpoint.options.device) { try checkpoint.features(of: $0) }
    }

    /// What is left out in a piece of a step: another one everywhere, and the same again after resuming.
    func dropout(step: Int, rank: Int, part: Int) throws -> Dropout? {
        let config = checkpoint.config.qformer
        guard training.hasDropout, config.hiddenDropout > 0 || config.attentionDropout > 0 else { return nil }
        var seeds = seeds(step: step, rank: rank, part: part)
        let stream = try RandomStream(seed: seeds.next(), on: checkpoint.options.device)
        return Dropout(hidden: config.hiddenDropout, attention: config.attentionDropout, stream)
    }

    /// The same for adapters; holds until the next piece.
    func dropAdapters(step: Int, rank: Int, part: Int) {
        guard training.hasDropout, let dropout = checkpoint.adapters?.dropout else { return }
        var seeds = seeds(step: step, rank: rank, part: part)
        _ = seeds.next()
        dropout.seed = seeds.next()
    }

    /// Nothing is left out of adapters from here on.
    func keepAdapters() { checkpoint.adapters?.dropout?.seed = nil }

    private func seeds(step: Int, rank: Int, part: Int) -> SeededGenerator {
        SeededGenerator(seed: training.seed, UInt64(step), UInt64(rank), UInt64(part))
    }
}

extension TrainingPlan {
    /// How its checkpoint is opened.
    public func options(on device: Device = .cpu) -> TrainingOptions {
        TrainingOptions(
            trained: trained, dtype: training.precision.dtype,
            frozen: model.frozen.map { Quantization(vision: .q8, qformer: nil, language: $0) }, device: device,
            tellsQFormer: model.tellsQFormer, adapters: adapters)
    }
}

extension TrainingPlan.Precision {
    /// The type of frozen parts.
    public var dtype: DType {
        switch self {
        case .float32: .float32
        case .bf16: .bfloat16
        case .fp16: .float16
        }
    }

    /// What operations are cast to; nil casts nothing.
    var cast: DType? { self == .float32 ? nil : dtype }
}
