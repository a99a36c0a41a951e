import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors

/// The first stage of BLIP-2's training: pictures and captions through the network, to the losses of contrast, matching and captioning.
///
/// A piece's loss is their mean over its pairs, of captioning over its tokens, and pieces count by their pairs: the mean over processes that
/// DistributedDataParallel makes of the reference. What pairs are told from are the others of the same piece, of all processes: a smaller
/// micro-batch has fewer of them, and is another training. Instructions are not read.
struct PretrainingPass: Objective {
    /// What else a pair could be; tests put their own here.
    typealias Choose = (_ contrast: ImageTextPretraining.Contrast, _ first: Int, _ chance: Chance) throws -> HardNegatives

    let network: ImageTextPretraining
    let checkpoint: TrainableCheckpoint
    let settings: TrainingPlan.Pretraining
    let cast: DType?
    let pictures: PictureFeatures
    let captionStart: Int
    var choose: Choose = Self.drawn
    let partNames = ["contrastive_loss", "matching_loss", "captioning_loss"]
    let fewest = 2

    init(
        _ network: ImageTextPretraining, _ checkpoint: TrainableCheckpoint, _ settings: TrainingPlan.Pretraining, _ cast: DType?,
        _ pictures: PictureFeatures
    ) throws {
        (self.network, self.checkpoint, self.settings) = (network, checkpoint, settings)
        (self.cast, self.pictures) = (cast, pictures)
        captionStart = try checkpoint.processor.captionStart()
    }

    /// A picture and the ids of its caption.
    struct Pair {
        var picture: PixelPlanes
        var caption: [Int]
    }

    /// Pieces of nearly one size: in a small rest there would be nearly nothing to tell a pair from.
    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] {
        let pairs = try samples.map(pair)
        let count = (pairs.count + max(1, size) - 1) / max(1, size)
        return (0..<count).map { number in
            let part = Array(pairs[number * pairs.count / count..<(number + 1) * pairs.count / count])
            // The first token of a caption is given.
            let tokens = part.reduce(0) { $0 + max(0, $1.caption.count - 1) }
            return Piece(samples: part.count, tokens: tokens, weight: Double(part.count)) { chance, workers in
                try loss(part, chance, workers)
            }
        }
    }

    private func pair(_ loaded: LoadedExample) throws -> Pair {
        guard let picture = loaded.frames.first, loaded.frames.count == 1 else {
            throw TrainingError.badBatch(
                reason: "sample \(loaded.example.sample) of \(loaded.example.dataset) has \(loaded.frames.count) pictures or frames, and "
                    + "pre-training takes one picture and its caption; leave out data of clips and of several pictures")
        }
        return Pair(picture: picture, caption: try checkpoint.processor.caption(loaded.example.answer, limit: settings.textTokens))
    }

    /// The losses of some pairs.
    func loss(_ pairs: [Pair], _ chance: Chance, _ workers: any Workers) throws -> PieceLoss {
        guard pairs.count * workers.count > 1 else {
            throw TrainingError.badBatch(
                reason: "pre-training tells pairs of picture and caption from others, and this one is alone; raise training.batch or "
                    + "training.micro_batch")
        }
        let (planes, captions, first) = (pairs.map(\.picture), pairs.map(\.caption), workers.rank * pairs.count)
        let dropout = try chance.dropout(checkpoint.config.qformer, on: checkpoint.options.device)

        // 1. Pictures and captions, each read alone.
        let (features, seen, words) = try autocast {
            let features = try pictures(planes)
            let seen = try network.read(network.network.look(from: features), dropout: dropout)
            return (features, seen, try network.read(checkpoint.targets(captions), dropout: dropout))
        }

        // 2. Contrast with those of all processes, in float32.
        let all = (pictures: try gathered(seen.features, workers), texts: try gathered(words, workers))
        let contrast = try network.contrast(seen.features, words, among: all, first: first, smoothing: settings.labelSmoothing)

        // 3. What each is hard to tell from.
        let negatives = try choose(contrast, first, chance)
        let otherTexts = try gathered(captions, workers)
        let otherFeatures = try self.features(of: negatives.pictures, planes, features, workers)

        // 4. Pairs that belong together, and pairs that do not.
        let (matching, captioning) = try autocast {
            let texts = try checkpoint.targets(captions + captions + negatives.texts.map { otherTexts[$0] })
            let matching = try network.matching(seen.look, others: network.network.look(from: otherFeatures), texts, dropout: dropout)

            // 5. The captions word by word.
            let begun = try checkpoint.targets(captions.map { [captionStart] + $0.dropFirst() })
            return (
                matching, try network.captioning(seen, begun, smoothing: settings.labelSmoothing, dropout: dropout)
            )
        }
        let parts = [
            (contrast.loss, settings.contrastive), (matching, settings.matching), (captioning, settings.captioning),
        ]
        var total = try Tensor.zeros([], on: checkpoint.options.device)
        for (loss, weight) in parts where weight > 0 { total = try total + loss * weight }
        return PieceLoss(total: total, parts: try parts.map { try $0.0.item() })
    }

    private static func drawn(_ contrast: ImageTextPretraining.Contrast, _ first: Int, _ chance: Chance) throws -> HardNegatives {
        var generator = chance.generator(for: "hard negatives")
        return HardNegatives(
            pictureToText: try contrast.pictureToText.detach().floats(), textToPicture: try contrast.textToPicture.detach().floats(),
            count: contrast.pictureToText.size(0), first: first, &generator)
    }

    // MARK: What other processes have

    private func gathered(_ tensor: Tensor, _ workers: any Workers) throws -> Tensor {
        try Tensor.concatenate(workers.gather(tensor.detach()), 0)
    }

    /// The captions of all processes.
    private func gathered(_ captions: [[Int]], _ workers: any Workers) throws -> [[Int]] {
        guard workers.count > 1 else { return captions }
        let limit = settings.textTokens
        let padded = captions.flatMap { $0 + [Int](repeating: -1, count: max(0, limit - $0.count)) }
        return try workers.gather(Tensor.of(padded, [captions.count, limit])).flatMap { tensor in
            let ids = try tensor.integers()
            return (0..<tensor.size(0)).map { row in ids[row * limit..<(row + 1) * limit].filter { $0 >= 0 } }
        }
    }

    /// Features of pictures at some places among those of all processes.
    ///
    /// A frozen encoder's are sent. For one that is trained the pictures are, and looked at once more here: so gradients reach it, whoever's
    /// pictures they are.
    private func features(of places: [Int], _ planes: [PixelPlanes], _ features: Tensor, _ workers: any Workers) throws -> Tensor {
        let sent = checkpoint.isVisionTrained ? try checkpoint.pixels(planes) : features
        let chosen = try gathered(sent, workers).selecting(Tensor.of(places).to(sent.device))
        return checkpoint.isVisionTrained ? try autocast { try checkpoint.features(of: chosen) } : chosen
    }

    private func autocast<Result>(_ body: () throws -> Result) throws -> Result {
        try withAutocast(cast, on: checkpoint.options.device, body)
    }
}
