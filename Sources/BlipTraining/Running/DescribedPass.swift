import Blip
import BlipData
import BlipModels
import BlipTensors

/// Teaches a language model to answer about pictures that it is told in words.
///
/// Each thing of a description becomes one soft token, the sum of the embeddings of its words, as a Q-Former will make of what it sees; things
/// stand in any order among places that hold nothing, and may be blurred by noise, since a Q-Former is never sure. So the model learns the formats of tasks, and to find in soft tokens what it is asked for,
/// without a picture.
struct DescribedPass: Objective {
    let network: InstructBLIP
    let checkpoint: TrainableCheckpoint
    let training: TrainingPlan.Training
    let settings: TrainingPlan.LanguagePretraining
    let pictures: PictureFeatures
    let partNames: [String] = []
    let fewest = 1
    let sharesWork = true

    /// What starting the operations of a piece costs, in tokens: measured with the built-in model's T5, 128 wide. In larger ones it is less, and matters less.
    private static let workOfPiece = 160

    private var told: ToldThings { ToldThings(checkpoint.processor, nothing: settings.nothing) }

    /// What a sample comes to: ids of words for each thing of each picture, the instruction, and the answer.
    private struct Row {
        /// Among the samples of the step: what is left to chance depends on it, and not on how the step is cut or shared.
        var number: Int
        var things: [[[Int]]]
        var prompt: [Int]
        var target: [Int]
    }

    /// Unless the plan says otherwise, each piece counts by its samples, so that what is said shortly weighs as much as what is said at length;
    /// samples with unlike numbers of pictures come into pieces of their own.
    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] { try pieces(samples, size: size, rank: 0, of: 1) }

    func pieces(_ samples: [LoadedExample], size: Int, rank: Int, of count: Int) throws -> [Piece] {
        let all = try samples.enumerated().map { number, sample in try row(sample, number) }
        let rows = LengthCuts.share(all, rank: rank, of: count, size: size, length: \.target.count, kind: \.things.count) { part in
            let prompt = part.map { $0.things.count * settings.places + $0.prompt.count }.max() ?? 0
            return Self.workOfPiece + part.count * (prompt + (part.map(\.target.count).max() ?? 0))
        }
        let counted = training.counted ?? .answers
        return LengthCuts.pieces(rows, size: size, length: \.target.count, kind: \.things.count).map { part in
            let tokens = part.reduce(0) { $0 + $1.target.count }
            return Piece(samples: part.count, tokens: tokens, weight: counted.weight(of: part.lazy.map(\.target.count))) { chance, _ in
                PieceLoss(total: try loss(part, counted, chance))
            }
        }
    }

    private func row(_ loaded: LoadedExample, _ number: Int) throws -> Row {
        let (example, processor) = (loaded.example, checkpoint.processor)
        guard !example.descriptions.isEmpty else {
            throw TrainingError.badBatch(
                reason: "sample \(example.sample) of \(example.dataset) has no description, which language_pretraining reads in place of a "
                    + "picture; leave out such data")
        }
        let told = told
        let things = example.descriptions.map { description in
            description.things.prefix(settings.places).map(told.ids)
        }
        return try Row(
            number: number, things: things, prompt: processor.prompt(example.instruction, limit: training.instructionLimit),
            target: processor.target(example.answer, limit: training.answerLimit))
    }

    private func loss(_ rows: [Row], _ counted: TrainingPlan.Counted, _ chance: Chance) throws -> Tensor {
        try withAutocast(training.precision.cast, on: checkpoint.options.device) {
            let words = try checkpoint.prompts(rows.map(\.prompt))
            let prompt = try Prompt(soft(rows, chance), then: network.language.embed(words.ids), mask: words.mask)
            let answers = rows.map(\.target)
            return try network.language.loss(
                prompt, checkpoint.targets(answers, weights: counted.weights(answers)), recomputing: training.recomputes)
        }
    }

    /// [B, F·N, D]
    private func soft(_ rows: [Row], _ chance: Chance) throws -> Tensor {
        let frames = rows[0].things.count
        var slots = [[Int]](repeating: told.nothing, count: rows.count * frames * settings.places)
        var picture = 0
        for row in rows {
            var generator = Chance(seed: chance.seed, step: chance.step, rank: 0, part: row.number, hasDropout: false)
                .generator(for: "places of things")
            for things in row.things {
                let places = SeededOrder(count: settings.places, generator)
                _ = generator.next()
                for (number, words) in things.enumerated() { slots[picture * settings.places + places[number]] = words }
                picture += 1
            }
        }
        let device = checkpoint.options.device
        var embedded = try ToldThings.embed(slots, network.language, on: device)
        if settings.noise > 0 {
            let scale = settings.noise * (try embedded.detach().to(.float32).square().mean().item()).squareRoot()
            var generator = chance.generator(for: "noise of things")
            let noise = try RandomStream(seed: generator.next(), on: device).normal([slots.count, embedded.size(1)])
            embedded = try embedded + (noise * scale).to(embedded.dtype)
        }
        return try embedded.reshape([rows.count, frames * settings.places, embedded.size(1)])
    }
}
