import Blip
import BlipData
import BlipModels
import BlipTensors

/// Teaches a language model to answer about pictures that it is told in words.
///
/// Each thing of a description becomes one soft token, the sum of the embeddings of its words, as a Q-Former will make of what it sees; things
/// stand in any order among places that hold nothing. So the model learns the formats of tasks, and to find in soft tokens what it is asked for,
/// without a picture.
struct DescribedPass: Objective {
    let network: InstructBLIP
    let checkpoint: TrainableCheckpoint
    let training: TrainingPlan.Training
    let settings: TrainingPlan.LanguagePretraining
    let pictures: PictureFeatures
    let partNames: [String] = []
    let fewest = 1

    /// What a sample comes to: ids of words for each thing of each picture, the instruction, and the answer.
    private struct Row {
        var things: [[[Int]]]
        var prompt: [Int]
        var target: [Int]
    }

    /// Answers with more tokens come into pieces of their own, since all answers of a piece are as long as its longest.
    private static let lengths = [5, 20]

    /// Each piece counts by its samples, so that what is said shortly weighs as much as what is said at length; samples with unlike numbers of
    /// pictures come into pieces of their own.
    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] {
        let rows = try samples.map(row)
        let groups = Dictionary(grouping: rows) { row in [row.things.count, Self.lengths.count(where: { row.target.count > $0 })] }
        return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { _, rows in
            stride(from: 0, to: rows.count, by: max(1, size)).map { start in
                let part = Array(rows[start..<min(start + size, rows.count)])
                let tokens = part.reduce(0) { $0 + $1.target.count }
                return Piece(samples: part.count, tokens: tokens, weight: Double(part.count)) { chance, _ in
                    PieceLoss(total: try loss(part, chance))
                }
            }
        }
    }

    private func row(_ loaded: LoadedExample) throws -> Row {
        let (example, processor) = (loaded.example, checkpoint.processor)
        guard !example.descriptions.isEmpty else {
            throw TrainingError.badBatch(
                reason: "sample \(example.sample) of \(example.dataset) has no description, which language_pretraining reads in place of a "
                    + "picture; leave out such data")
        }
        let things = example.descriptions.map { description in
            description.things.prefix(settings.places).map { thing in
                thing.words.flatMap { processor.tokenizer.encode($0.text, addSpecialTokens: false) }
            }
        }
        return try Row(
            things: things, prompt: processor.prompt(example.instruction, limit: training.instructionLimit),
            target: processor.target(example.answer, limit: training.answerLimit))
    }

    private func loss(_ rows: [Row], _ chance: Chance) throws -> Tensor {
        var generator = chance.generator(for: "places of things")
        return try withAutocast(training.precision.cast, on: checkpoint.options.device) {
            let words = try checkpoint.prompts(rows.map(\.prompt))
            let prompt = try Prompt(soft(rows, &generator), then: network.language.embed(words.ids), mask: words.mask)
            return try network.language.loss(prompt, checkpoint.targets(rows.map(\.target)), recomputing: training.recomputes)
        }
    }

    /// [B, F·N, D]
    private func soft(_ rows: [Row], _ generator: inout SeededGenerator) throws -> Tensor {
        let frames = rows[0].things.count
        let length = max(1, rows.flatMap { $0.things.flatMap { $0.map(\.count) } }.max() ?? 1)
        let count = rows.count * frames * settings.places
        var (ids, isWord) = ([Int](repeating: 0, count: count * length), [Float](repeating: 0, count: count * length))
        for (picture, things) in rows.flatMap(\.things).enumerated() {
            let places = SeededOrder(count: settings.places, generator)
            _ = generator.next()
            for (number, words) in things.enumerated() {
                let start = (picture * settings.places + places[number]) * length
                for (offset, id) in words.enumerated() { (ids[start + offset], isWord[start + offset]) = (id, 1) }
            }
        }
        let device = checkpoint.options.device
        let embedded = try network.language.embed(Tensor.of(ids, [count, length]).to(device))
        let kept = try embedded * Tensor.of(isWord, [count, length, 1]).to(device).to(embedded.dtype)
        return try kept.sum(1).reshape([rows.count, frames * settings.places, embedded.size(2)])
    }
}
