import Blip
import BlipData
import BlipImages
import BlipTensors
import Foundation

/// The loss on samples that are not trained on: the same ones each time, with the same instructions.
struct HeldOutLoss {
    private let data: TrainingData
    private let pictures: PictureLoader
    private let pass: NetworkPass
    private let limit: Int

    init(_ plan: TrainingPlan.Validation, _ pass: NetworkPass) throws {
        data = try TrainingData(plan.data)
        pictures = PictureLoader(pass.checkpoint.processor.images)
        self.pass = pass
        limit = plan.samples
    }

    /// Every process looks at every n-th sample; the sums are of all.
    func measure(_ workers: any Workers) throws -> (loss: Double, samples: Int, tokens: Int) {
        let draws = data.set.parts.indices.flatMap { part in
            (0..<data.set.parts[part].samples.count).map { Draw(position: 0, part: part, epoch: 0, index: $0) }
        }
        // Spread over all of them, where there are more than are wanted.
        let count = min(limit, draws.count)
        let mine = (0..<count).filter { $0 % workers.count == workers.rank }.map { draws[$0 * draws.count / count] }
        let (set, pictures, frames, training) = (data.set, pictures, pass.training.frames, pass.training)
        let loader = try OrderedPrefetch(0..<mine.count, workers: training.workers, depth: 64) { number -> LoadedExample? in
            let (draw, part) = (mine[number], set.parts[mine[number].part])
            do {
                var generator = draw.generator(part.maker.dataset, seed: set.seed)
                let example = try part.maker.example(part.samples.sample(draw.index), &generator)
                let planes = try example.images.flatMap { try $0.planes(pictures, frames: frames, &generator) }
                return planes.isEmpty ? nil : LoadedExample(draw: draw, example: example, frames: planes)
            } catch {
                try set.bad.add(part.maker.dataset, draw.index, "\(error)")
                return nil
            }
        }
        var sums = [0.0, 0.0, 0.0]
        var waiting: [LoadedExample] = []
        func look() throws {
            let size = training.microBatch ?? training.batch
            let batch = try TrainingBatch(
                waiting, pass.checkpoint.processor, size: size, instructionLimit: training.instructionLimit,
                answerLimit: training.answerLimit)
            for part in batch.parts {
                let loss = try withoutGradients { try pass.loss(part).item() }
                sums = [sums[0] + loss * Double(part.tokens), sums[1] + Double(part.tokens), sums[2] + Double(part.inputs.count)]
            }
            waiting = []
        }
        while let next = loader.next() {
            if let example = try next.get() { waiting.append(example) }
            if waiting.count == training.microBatch ?? training.batch { try look() }
        }
        try look()
        let all = try workers.sum(sums)
        return (all[0] / max(1, all[1]), Int(all[2]), Int(all[1]))
    }
}
