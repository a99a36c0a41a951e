import Blip
import BlipData
import BlipModels
import BlipTensors

/// Teaches the Q-Former to tell what is in a picture as the language model was told it in words: see ``DescribedPass``.
///
/// The query tokens that come out of the projection are compared with the soft tokens of the picture's description, each thing at a query of its own,
/// nothing at the others. That is far quicker than to learn the same through the language model: every step says all that is in a picture, and
/// the way back goes through the Q-Former alone. Neither BLIP-2 nor InstructBLIP has such a stage; they have 129 million pictures.
struct TellingPass: Objective {
    let network: InstructBLIP
    let checkpoint: TrainableCheckpoint
    let cast: DType?
    let settings: TrainingPlan.QueryPretraining
    let pictures: PictureFeatures
    let partNames = ["things_loss", "nothing_loss"]
    let fewest = 1

    /// What queries with nothing to tell count by, together; those with something count 1.
    private static let shareOfNothing = 0.25

    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] {
        let queries = checkpoint.config.queryCount
        let words = ToldThings(checkpoint.processor, nothing: settings.nothing)
        let things = try samples.map { sample in
            guard sample.frames.count == 1, let description = sample.example.descriptions.first, sample.example.descriptions.count == 1
            else {
                throw TrainingError.badBatch(
                    reason: "sample \(sample.example.sample) of \(sample.example.dataset) has \(sample.frames.count) pictures and "
                        + "\(sample.example.descriptions.count) descriptions, and query_pretraining takes one of each; leave out such data"
                )
            }
            return description.slots(queries).map { $0.map(words.ids) }
        }
        return stride(from: 0, to: samples.count, by: max(1, size)).map { start in
            let range = start..<min(start + size, samples.count)
            let told = things[range].flatMap { $0 }
            return Piece(samples: range.count, tokens: told.count { $0 != nil }, weight: Double(range.count)) { chance, _ in
                try loss(Array(samples[range]), told, nothing: words.nothing, chance)
            }
        }
    }

    /// Squared errors, as shares of the mean square of what is to be told.
    private func loss(_ samples: [LoadedExample], _ told: [[Int]?], nothing: [Int], _ chance: Chance) throws -> PieceLoss {
        let device = checkpoint.options.device
        let dropout = try chance.dropout(checkpoint.config.qformer, on: device)
        let seen = try withAutocast(cast, on: device) {
            try network.softTokens(seeing: network.look(from: pictures(samples.flatMap(\.frames))), told: nil, dropout: dropout)
        }.to(.float32)
        // [B·N, D]
        let wanted = try withoutGradients { try ToldThings.embed(told.map { $0 ?? nothing }, network.language, on: device).to(.float32) }
        let errors = try (seen.reshape([told.count, seen.size(2)]) - wanted).square().mean(1)  // [B·N]
        let some = told.count { $0 != nil }
        guard some > 0 else { throw TrainingError.badBatch(reason: "nothing is said of any of its pictures") }
        let isThing = try Tensor.of(told.map { $0 == nil ? Float(0) : 1 }, [told.count]).to(device)
        let scale = try (wanted.square().mean(1) * isThing).sum().item() / Double(some)
        let things = try (errors * isThing).sum() * (1 / (scale * Double(some)))
        let rest = try (errors * (isThing * -1 + 1)).sum() * (1 / (scale * Double(max(1, told.count - some))))
        return PieceLoss(total: try things + rest * Self.shareOfNothing, parts: [try things.item(), try rest.item()])
    }
}
