import Blip
import BlipData
import BlipModels
import BlipTensors

/// Teaches the image encoder what is where: at every patch, each word that is said of the nearest thing there, and at the class token what is said
/// of the picture as a whole.
///
/// Captions in parallel, as it were: the words of a thing have no order, and none waits for another. A linear layer chooses between the words of
/// each aspect; it is thrown away behind the training. That a word may be the thing's place makes patches know where they are, for which a frozen
/// encoder's reader has nothing else to go by.
struct RegionPass: Objective {
    let network: InstructBLIP
    let checkpoint: TrainableCheckpoint
    let cast: DType?
    let pictures: PictureFeatures
    let partNames: [String]
    let fewest = 1
    let ownParameters: [(name: String, tensor: Tensor)]
    private let aspects: [DescriptionAspect]
    private let weight, bias: Tensor

    /// The class of patches with nothing there, last in this aspect.
    private static let presence = "kind"
    /// Of those patches so many are looked at: there are many, and little to learn from them.
    private static let shareOfNothing = 0.3
    /// What the picture as a whole counts by; each aspect of things counts 1.
    private static let shareOfWhole = 0.3

    init(
        _ network: InstructBLIP, _ checkpoint: TrainableCheckpoint, _ vocabulary: [DescriptionAspect], seed: UInt64, _ cast: DType?,
        _ pictures: PictureFeatures
    ) throws {
        guard !vocabulary.isEmpty else {
            throw TrainingError.badBatch(
                reason: "vision_pretraining needs data whose pictures are described word by word, as those of the built-in scenes are")
        }
        (self.network, self.checkpoint, self.cast, self.pictures) = (network, checkpoint, cast, pictures)
        aspects = vocabulary
        partNames = vocabulary.map { $0.name + "_loss" }
        let (rows, width) = (vocabulary.map(Self.classes).reduce(0, +), checkpoint.config.vision.hiddenSize)
        weight = try (RandomStream(seed: seed, on: checkpoint.options.device).normal([rows, width]) * 0.02).contiguous()
        bias = try Tensor.zeros([rows], on: checkpoint.options.device)
        ownParameters = [(CheckpointMerger.lessonPrefix + "bias", bias), (CheckpointMerger.lessonPrefix + "weight", weight)]
        for (_, tensor) in ownParameters { try tensor.requireGradient() }
    }

    /// Words, and nothing.
    private static func classes(_ aspect: DescriptionAspect) -> Int { aspect.words.count + (aspect.name == presence ? 1 : 0) }

    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece] {
        try stride(from: 0, to: samples.count, by: max(1, size)).map { start in
            let part = Array(samples[start..<min(start + size, samples.count)])
            for sample in part where sample.frames.count != 1 || sample.example.descriptions.count != 1 {
                throw TrainingError.badBatch(
                    reason: "sample \(sample.example.sample) of \(sample.example.dataset) has \(sample.frames.count) pictures and "
                        + "\(sample.example.descriptions.count) descriptions, and vision_pretraining takes one of each; leave out such data"
                )
            }
            return Piece(samples: part.count, tokens: part.count * patchCount, weight: Double(part.count)) { chance, _ in
                try loss(part, chance)
            }
        }
    }

    private var patchCount: Int { checkpoint.config.vision.positionCount }

    private func loss(_ samples: [LoadedExample], _ chance: Chance) throws -> PieceLoss {
        let logits = try withAutocast(cast, on: checkpoint.options.device) {
            let features = try pictures(samples.flatMap(\.frames))
            return try network.normalized(features).linear(weight, bias)
        }.to(.float32).reshape([samples.count * patchCount, -1])
        var generator = chance.generator(for: "regions")
        let labels = samples.map { self.labels($0.example.descriptions[0], &generator) }
        var total = try Tensor.zeros([], on: checkpoint.options.device)
        var (parts, start) = ([Double](), 0)
        for (number, aspect) in aspects.enumerated() {
            let range = start..<start + Self.classes(aspect)
            start = range.upperBound
            let targets = labels.flatMap { $0[number] }
            guard targets.contains(where: { $0 != Tensor.ignoredTarget }) else {
                parts.append(0)
                continue
            }
            let loss = try logits.slice(1, range).crossEntropy(Tensor.of(targets).to(checkpoint.options.device))
            let isWhole = !labels.contains { $0[number].dropFirst().contains { $0 != Tensor.ignoredTarget } }
            total = try total + (isWhole ? loss * Self.shareOfWhole : loss)
            parts.append(try loss.item())
        }
        return PieceLoss(total: total, parts: parts)
    }

    /// For each aspect the word's number at each position, the class token first.
    private func labels(_ description: PictureDescription, _ generator: inout SeededGenerator) -> [[Int]] {
        let grid = checkpoint.config.vision.grid
        var labels = [[Int]](repeating: [Int](repeating: Tensor.ignoredTarget, count: patchCount), count: aspects.count)
        func label(_ words: [PictureDescription.Word], at place: Int) {
            for word in words {
                guard let aspect = aspects.firstIndex(where: { $0.name == word.aspect }),
                    let number = aspects[aspect].words.firstIndex(of: word.text)
                else { continue }
                labels[aspect][place] = number
            }
        }
        label(description.whole, at: 0)
        let presence = aspects.firstIndex { $0.name == Self.presence }
        for row in 0..<grid {
            for column in 0..<grid {
                let (x, y) = ((Double(column) + 0.5) / Double(grid), (Double(row) + 0.5) / Double(grid))
                let place = 1 + row * grid + column
                let things = description.things.filter { $0.box?.contains(x: x, y: y) ?? false }
                // What stands on a thing does not hide it: its words are added.
                let nearest = things.last { thing in thing.words.contains { $0.aspect == Self.presence } }
                if let nearest { label(nearest.words, at: place) }
                if let last = things.last, last != nearest { label(last.words, at: place) }
                if things.isEmpty, let presence, generator.unit() < Self.shareOfNothing {
                    labels[presence][place] = aspects[presence].words.count
                }
            }
        }
        return labels
    }
}
