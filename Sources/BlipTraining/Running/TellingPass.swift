import Blip
import BlipData
import BlipModels
import BlipTensors

/// Teaches the Q-Former to tell what is in a picture as the language model was told it in words: see ``DescribedPass``.
///
/// The query tokens that come out of the projection are compared with the soft tokens of the picture's description, each thing at a query of its own,
/// nothing at the others. That is far quicker than to learn the same through the language model: every step says all that is in a picture, and
/// the way back goes through the Q-Former alone. Neither BLIP-2 nor InstructBLIP has such a stage; they have 129 million pictures.
///
/// Where a plan leaves places free, things go to those queries that tell them best already (as in DETR, Carion et al. 2020, section 3.1): which of two
/// things in one part of a picture comes first cannot be seen, and a query that is taught either tells the mean of both.
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
    /// What a thing costs more away from its own place, as a share of the mean square of what is to be told: in the beginning all queries are alike, and
    /// nothing else would say which is whose.
    private static let costOfMoving = 0.05

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
            let count = told.count { $0 != nil }
            // Of pictures with nothing to tell there is nothing to learn.
            return Piece(samples: range.count, tokens: count, weight: count > 0 ? Double(range.count) : 0) { chance, _ in
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
        var things = told
        // [B·N, D]
        var wanted = try withoutGradients { try ToldThings.embed(told.map { $0 ?? nothing }, network.language, on: device).to(.float32) }
        let some = told.count { $0 != nil }
        // As many processes, as many losses: this one counts nothing.
        guard some > 0 else { return PieceLoss(total: try seen.sum() * 0, parts: [0, 0]) }
        let scale = try (wanted.square().mean(1) * Self.mask(told).to(device)).sum().item() / Double(some)
        if settings.hasFreePlaces {
            let places = try withoutGradients { try self.places(seen, wanted, told, scale) }
            things = places.map { told[$0] }
            wanted = try wanted.selecting(Tensor.of(places).to(device))
        }
        let isThing = try Self.mask(things).to(device)
        let errors = try (seen.reshape([told.count, seen.size(2)]) - wanted).square().mean(1)  // [B·N]
        let ofThings = try (errors * isThing).sum() * (1 / (scale * Double(some)))
        let rest = try (errors * (isThing * -1 + 1)).sum() * (1 / (scale * Double(max(1, told.count - some))))
        return PieceLoss(total: try ofThings + rest * Self.shareOfNothing, parts: [try ofThings.item(), try rest.item()])
    }

    private static func mask(_ told: [[Int]?]) throws -> Tensor { try Tensor.of(told.map { $0 == nil ? Float(0) : 1 }, [told.count]) }

    /// For each query of each picture the number, among all, of what it is to tell: of all ways that with the least error.
    private func places(_ seen: Tensor, _ wanted: Tensor, _ told: [[Int]?], _ scale: Double) throws -> [Int] {
        let (pictures, queries, width) = (seen.size(0), seen.size(1), seen.size(2))
        let wanted = try wanted.reshape([pictures, queries, width])
        // |s - w|² = |s|² + |w|² - 2 s·w
        let squares = try seen.square().sum(2).reshape([pictures, queries, 1]) + wanted.square().sum(2).reshape([pictures, 1, queries])
        let errors = try ((squares - seen.matmul(wanted.transpose(1, 2)) * 2) * (1 / (scale * Double(width)))).floats()
        // The step's guard tells of a loss that is no number.
        guard errors.allSatisfy(\.isFinite) else { return Array(told.indices) }
        let share = Self.shareOfNothing * Double(told.count { $0 != nil }) / Double(max(1, told.count { $0 == nil }))
        return (0..<pictures).flatMap { picture in
            let start = picture * queries
            let costs = (0..<queries).map { query in
                (0..<queries).map { thing in
                    let error = Double(errors[(start + query) * queries + thing])
                    guard told[start + thing] != nil else { return error * share }
                    return error + (query == thing ? 0 : Self.costOfMoving)
                }
            }
            return Assignment.cheapest(costs).map { start + $0 }
        }
    }
}
