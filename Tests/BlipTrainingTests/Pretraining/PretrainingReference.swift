import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation

@testable import BlipTraining

/// What transformers' modules and PyTorch computed of BLIP-2's first stage: `Tests/Fixtures/pretraining`.
struct PretrainingReference: Decodable, Sendable {
    struct Settings: Decodable, Sendable {
        let rate, weightDecay: Double
        let betas: [Double]
    }

    struct Pair: Decodable, Sendable { let image, caption: String }
    struct Negatives: Decodable, Sendable { let pictures, texts: [Int] }

    struct Shared: Decodable, Sendable {
        let negatives: Negatives
        let losses: [Double]
    }

    let settings: Settings
    let tokens: Int
    let trained: [String]
    let negatives: Negatives
    let ids: [[Int]]
    let pairs: [Pair]
    let contrastive, matching, captioning: Double
    let twoRanks, twoPieces: Shared
    let steps: [Double]

    static var folder: URL { Fixtures.root.appendingPathComponent("pretraining") }

    init() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(contentsOf: Self.folder.appendingPathComponent("cases.json")))
    }

    var losses: [Double] { [contrastive, matching, captioning] }

    static func tensors(_ file: String) throws -> SafetensorsFile {
        try SafetensorsFile(folder.appendingPathComponent("\(file).safetensors"))
    }

    /// A copy of the tiny checkpoint with the reference's head for words beside it.
    static func withCheckpoint<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        try await withCopy(of: "blip2/itm") { folder in
            try FileManager.default.copyItem(
                at: Self.folder.appendingPathComponent(PretrainingWeights.fileName),
                to: folder.appendingPathComponent(PretrainingWeights.fileName))
            return try await body(folder)
        }
    }

    /// The pairs as the loader gives them; their instructions are not read.
    func samples(_ processor: Processor) throws -> [LoadedExample] {
        try pairs.enumerated().map { index, pair in
            let example = Example(dataset: "few", sample: "\(index)", images: [], instruction: "Describe it.", answer: pair.caption)
            let planes = try processor.images(ImageSource.file(Fixtures.picture(pair.image)).load())
            return LoadedExample(draw: Draw(position: 0, part: 0, epoch: 0, index: index), example: example, frames: [planes])
        }
    }

    /// The objective with the reference's length of texts, and negatives that are given.
    ///
    /// - Parameter weights: of the three losses.
    func pass(
        _ checkpoint: TrainableCheckpoint, _ weights: [Double] = [1, 1, 1], negatives: Negatives, cast: DType? = nil
    ) throws -> PretrainingPass {
        guard case .comparisons(let network) = checkpoint.network else { throw FixtureError(description: "another network") }
        var settings = TrainingPlan.Pretraining()
        (settings.contrastive, settings.matching, settings.captioning) = (weights[0], weights[1], weights[2])
        settings.textTokens = tokens
        var pass = try PretrainingPass(network, checkpoint, settings, cast, PictureFeatures(checkpoint, nil))
        pass.choose = { contrast, first, _ in
            let own = first..<first + contrast.pictureToText.size(0)
            return HardNegatives(pictures: Array(negatives.pictures[own]), texts: Array(negatives.texts[own]))
        }
        return pass
    }
}

extension Chance {
    static let none = Chance(seed: 0, step: 0, rank: 0, part: 0, hasDropout: false)
}

/// The largest difference of gradients from a file's, each relative to its tensor's largest.
///
/// The true gradient of a key's bias is zero, as that of a tensor that a loss does not reach; both sides may hold rounding.
func worstGradient(_ gradients: [String: Tensor], _ expected: SafetensorsFile) throws -> (name: String, gap: Double) {
    var worst = ("", 0.0)
    for name in expected.names {
        let right = try expected.tensor(name)
        let (largest, found) = (try right.abs().max().item(), try gradients[name] ?? Tensor.zeros(right.shape))
        let gap = try difference(found, right)
        if name.hasSuffix(".key.bias") || largest < 1e-6 ? gap < 2e-6 : false { continue }
        if gap / max(largest, 1e-30) > worst.1 || !gap.isFinite { worst = (name, gap / max(largest, 1e-30)) }
    }
    return worst
}

extension TrainableCheckpoint {
    /// By name; those that a loss did not reach are missing.
    func gradients() throws -> [String: Tensor] {
        try parameters.reduce(into: [:]) { $0[$1.name] = try $1.tensor.gradient }
    }
}
