import Blip
import BlipModels
import BlipTensors

/// Instruction tuning: a few samples through the network, to the cross entropy of their answers.
struct NetworkPass: Objective {
    let network: InstructBLIP
    let checkpoint: TrainableCheckpoint
    let training: TrainingPlan.Training
    let pictures: PictureFeatures
    let partNames: [String] = []
    let fewest = 1

    init(
        _ network: InstructBLIP, _ checkpoint: TrainableCheckpoint, _ training: TrainingPlan.Training, _ pictures: PictureFeatures
    ) {
        (self.network, self.checkpoint, self.training, self.pictures) = (network, checkpoint, training, pictures)
    }

    /// Each piece counts by its target tokens, so that the step is the same however it is cut, unless the plan says otherwise.
    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] {
        let counted = training.counted ?? .tokens
        let batch = try TrainingBatch(
            samples, checkpoint.processor, size: size, instructionLimit: training.instructionLimit, answerLimit: training.answerLimit,
            cutsByLength: counted != .tokens)
        return batch.parts.map { part in
            let weight = counted.weight(of: part.targets.lazy.map(\.count))
            return Piece(samples: part.inputs.count, tokens: part.tokens, weight: weight) { chance, _ in
                // It holds until the way back is done, where layers may be computed once more.
                checkpoint.adapters?.dropout?.seed = chance.adapterSeed
                let dropout = try chance.dropout(checkpoint.config.qformer, on: checkpoint.options.device)
                return try PieceLoss(total: loss(part, counted, dropout: dropout))
            }
        }
    }

    /// The mean cross entropy over the target tokens, by what each of them counts.
    func loss(_ batch: MicroBatch, _ counted: TrainingPlan.Counted = .tokens, dropout: Dropout? = nil) throws -> Tensor {
        try withAutocast(training.precision.cast, on: checkpoint.options.device) {
            let look = try network.look(from: pictures(batch.inputs.flatMap(\.frames)))
            let prompt = try network.prompt(
                seeing: look, told: checkpoint.instructions(batch.inputs), then: checkpoint.prompts(batch.inputs), dropout: dropout)
            let targets = try checkpoint.targets(batch.targets, weights: counted.weights(batch.targets))
            return try network.language.loss(prompt, targets, recomputing: training.recomputes)
        }
    }
}
