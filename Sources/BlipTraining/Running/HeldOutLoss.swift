import BlipData
import BlipImages
import BlipTensors
import Foundation

/// The loss on samples that are not trained on: the same ones each time, with the same instructions.
final class HeldOutLoss {
    struct Found {
        var loss: Double
        /// What it is the sum of, by name.
        var losses: [String: Double]
        var samples: Int
        var tokens: Int
    }

    private let data: TrainingData
    private let pictures: PictureLoader?
    private let objective: any Objective
    private let training: TrainingPlan.Training
    private let limit: Int
    /// Samples that were left out and told of.
    private var told = 0

    /// - Parameter limit: the most samples looked at.
    init(
        _ plan: DataPlan, limit: Int, _ objective: any Objective, _ training: TrainingPlan.Training, _ images: ImageProcessor?
    ) throws {
        data = try TrainingData(plan)
        pictures = images.map { PictureLoader($0) }
        (self.objective, self.training, self.limit) = (objective, training, limit)
    }

    /// What was left out since this was asked last.
    func takeNotes() -> [String] {
        let entries = data.set.bad.entries.dropFirst(told)
        told += entries.count
        return entries.map { "left out of validation: \($0.dataset), sample \($0.index + 1): \($0.reason)" }
    }

    /// Every process looks at every n-th sample; the sums are of all.
    ///
    /// - Throws: ``TrainingError/nothingHeldOut(samples:first:)``.
    func measure(_ workers: any Workers) throws -> Found {
        let draws = data.set.parts.indices.flatMap { part in
            (0..<data.set.parts[part].samples.count).map { Draw(position: 0, part: part, epoch: 0, index: $0) }
        }
        // Spread over all of them, where there are more than are wanted.
        let count = min(limit, draws.count)
        let mine = (0..<count).filter { $0 % workers.count == workers.rank }.map { draws[$0 * draws.count / count] }
        let (set, pictures, frames) = (data.set, pictures, training.frames)
        let loader = try OrderedPrefetch(0..<mine.count, workers: training.workers, depth: 64) { number -> LoadedExample? in
            let (draw, part) = (mine[number], set.parts[mine[number].part])
            do {
                var generator = draw.generator(part.maker.dataset, seed: set.seed)
                let example = try part.maker.example(part.samples.sample(draw.index), &generator)
                guard let pictures else { return LoadedExample(draw: draw, example: example, frames: []) }
                let planes = try example.images.flatMap { try $0.planes(pictures, frames: frames, &generator) }
                guard !planes.isEmpty else {
                    throw DataError.badRecord(place: "sample \(example.sample)", reason: "it has no picture; the network cannot do without")
                }
                return LoadedExample(draw: draw, example: example, frames: planes)
            } catch {
                try set.bad.add(part.maker.dataset, part.samples.origin(of: draw.index), "\(error)")
                return nil
            }
        }
        let size = max(training.microBatch ?? training.batch, objective.fewest)
        // The loss, what it is made of, and what they count by; then samples and tokens.
        var sums = [Double](repeating: 0, count: objective.partNames.count + 4)
        var (waiting, number) = ([LoadedExample](), 0)
        func look() throws {
            guard waiting.count >= objective.fewest else { return }
            for piece in try objective.pieces(waiting, size: size) {
                // Processes may have unequally many: each is told from others of its own alone.
                let chance = Chance(seed: training.seed, step: 0, rank: workers.rank, part: number, hasDropout: false)
                let loss = try withoutGradients { try piece.loss(chance, OneWorker()) }
                let values = try ([loss.total.item()] + loss.parts).map { $0 * piece.weight }
                for (place, value) in (values + [piece.weight, Double(piece.samples), Double(piece.tokens)]).enumerated() {
                    sums[place] += value
                }
                number += 1
            }
            waiting = []
        }
        while let next = loader.next() {
            if let example = try next.get() { waiting.append(example) }
            if waiting.count == size { try look() }
        }
        try look()
        let all = try workers.sum(sums)
        let weight = all[all.count - 3]
        guard weight > 0 else {
            throw TrainingError.nothingHeldOut(samples: count, first: data.set.bad.entries.first.map { "\($0.dataset), \($0.reason)" })
        }
        return Found(
            loss: all[0] / weight,
            losses: Dictionary(uniqueKeysWithValues: zip(objective.partNames, all.dropFirst().map { $0 / weight })),
            samples: Int(all[all.count - 2]), tokens: Int(all[all.count - 1]))
    }
}
