public import Blip
import BlipData
import BlipModels
public import BlipTensors
import Foundation

/// What a network is trained for: how the samples of a step become pieces with a loss.
protocol Objective {
    /// Names of the losses that the whole one is the sum of; none where it is one alone.
    var partNames: [String] { get }
    /// The fewest samples that have a loss.
    var fewest: Int { get }
    /// What is trained besides the checkpoint's weights and thrown away behind the training.
    var ownParameters: [(name: String, tensor: Tensor)] { get }

    /// Cuts a process's samples into pieces that fit into memory. Processes with equally many samples get as many pieces of the same sizes.
    ///
    /// - Parameter size: the most samples of a piece.
    func pieces(_ samples: [LoadedExample], size: Int) throws -> [Piece]
    /// Whether every process is given the samples of all, and takes a share of equal work itself.
    ///
    /// For samples that are quickly made ready, and of unlike lengths: a step takes as long as its slowest process.
    var sharesWork: Bool { get }
    /// The pieces of one process, of the samples of all; at least one where there are as many samples as processes.
    func pieces(_ samples: [LoadedExample], size: Int, rank: Int, of count: Int) throws -> [Piece]
    /// What the image encoder makes of the samples' pictures.
    var pictures: PictureFeatures { get }
}

extension Objective {
    var ownParameters: [(name: String, tensor: Tensor)] { [] }
    var sharesWork: Bool { false }

    func pieces(_ samples: [LoadedExample], size: Int, rank: Int, of count: Int) throws -> [Piece] { try pieces(samples, size: size) }
}

/// Samples that go through the network at once.
struct Piece {
    let samples: Int
    /// Tokens that are learned.
    let tokens: Int
    /// What its loss counts by in the mean of a step.
    let weight: Double
    /// The mean over what the weight counts. All processes ask for it at the same time, each for a piece of its own.
    let loss: (_ chance: Chance, _ workers: any Workers) throws -> PieceLoss
}

struct PieceLoss {
    let total: Tensor
    /// In the order of ``Objective/partNames``.
    var parts: [Double] = []
}

extension [Piece] {
    var weight: Double { reduce(0) { $0 + $1.weight } }
    var tokens: Int { reduce(0) { $0 + $1.tokens } }
}

/// Where in a run something is left to chance: other draws everywhere, and the same again after resuming.
struct Chance {
    let seed: UInt64
    let step: Int
    let rank: Int
    let part: Int
    /// False in validation.
    let hasDropout: Bool

    /// What is left out in the Q-Former; nil where nothing is.
    func dropout(_ config: QFormerConfig, on device: Device) throws -> Dropout? {
        guard hasDropout, config.hiddenDropout > 0 || config.attentionDropout > 0 else { return nil }
        var seeds = SeededGenerator(seed: seed, UInt64(step), UInt64(rank), UInt64(part))
        return Dropout(
            hidden: config.hiddenDropout, attention: config.attentionDropout, try RandomStream(seed: seeds.next(), on: device))
    }

    /// Of what is left out in adapters; nil where nothing is.
    var adapterSeed: UInt64? {
        guard hasDropout else { return nil }
        var seeds = generator(for: "adapters")
        return seeds.next()
    }

    func generator(for purpose: String) -> SeededGenerator {
        SeededGenerator(seed: seed, UInt64(step), UInt64(rank), UInt64(part), SeededGenerator.key(purpose))
    }
}

extension TrainingPlan {
    /// What the checkpoint's network is trained for.
    ///
    /// - Throws: ``BlipError/notRetrieval(path:architecture:)`` for a plan of pre-training and another checkpoint,
    ///   ``BlipError/retrievalOnly(path:)`` for other lessons and one that only compares.
    func objective(_ checkpoint: TrainableCheckpoint) throws -> any Objective {
        let pictures = try PictureFeatures(checkpoint, training.imageCache)
        switch checkpoint.network {
        case .answers(let network):
            guard pretraining == nil else {
                throw BlipError.notRetrieval(path: checkpoint.folder.path, architecture: checkpoint.config.architecture.name)
            }
            if teachesVision {
                return try RegionPass(
                    network, checkpoint, data.vocabulary(), seed: training.seed, training.precision.cast, pictures)
            }
            if let queryPretraining {
                return TellingPass(
                    network: network, checkpoint: checkpoint, cast: training.precision.cast, settings: queryPretraining, pictures: pictures)
            }
            if let languagePretraining {
                return DescribedPass(
                    network: network, checkpoint: checkpoint, training: training, settings: languagePretraining, pictures: pictures)
            }
            return NetworkPass(network, checkpoint, training, pictures)
        case .comparisons(let network):
            guard !teachesVision, queryPretraining == nil, languagePretraining == nil else {
                throw BlipError.retrievalOnly(path: checkpoint.folder.path)
            }
            return try PretrainingPass(network, checkpoint, pretraining ?? Pretraining(), training.precision.cast, pictures)
        }
    }

    /// How its checkpoint is opened.
    public func options(on device: Device = .cpu) -> TrainingOptions {
        TrainingOptions(
            trained: trained, dtype: training.precision.dtype,
            frozen: model.frozen.map { Quantization(vision: .q8, qformer: nil, language: $0) }, device: device,
            tellsQFormer: model.tellsQFormer, adapters: adapters, seed: training.seed)
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
