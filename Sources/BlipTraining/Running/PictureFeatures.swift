import Blip
import BlipImages
import BlipTensors

/// What the image encoder makes of pictures, kept where the plan says so.
struct PictureFeatures {
    private let checkpoint: TrainableCheckpoint
    private let cache: FeatureCache?

    init(_ checkpoint: TrainableCheckpoint, _ settings: TrainingPlan.ImageCache?) throws {
        self.checkpoint = checkpoint
        cache = try settings.map { try FeatureCache($0, checkpoint) }
    }

    /// [R, P, V]
    func callAsFunction(_ pictures: [PixelPlanes]) throws -> Tensor {
        guard let cache else { return try checkpoint.features(of: checkpoint.pixels(pictures)) }
        return try cache.features(pictures, on: checkpoint.options.device) { try checkpoint.features(of: $0) }
    }

    /// What the user should know of a folder of features, once.
    func takeNotes() -> [String] { cache?.takeNotes() ?? [] }
}
