import Blip
import BlipImages
import BlipTensors

/// What the frozen image encoder made of pictures, kept in memory and in a folder, so that each picture is looked at once.
///
/// A picture that does not fit any more is not kept: in random order, those that are kept are as good as any others.
final class FeatureCache {
    private let maximumBytes: Int
    private let store: VisionFeatureStore?
    private let key: (PixelPlanes) -> String
    private var memory: [String: Tensor] = [:]
    private var memoryBytes = 0

    init(_ settings: TrainingPlan.ImageCache, _ checkpoint: TrainableCheckpoint) throws {
        maximumBytes = settings.memoryBytes
        key = try checkpoint.featureKey()
        store = try settings.folder.map { try checkpoint.featureStore($0, maximumBytes: settings.folderBytes) }
    }

    /// Features [R, P, V] of pictures; `look` gives those of one [1, P, V] from its pixels [1, 3, H, W].
    ///
    /// One by one, so that a picture's features do not depend on those beside it: sums of other sizes round differently.
    func features(_ pictures: [PixelPlanes], on device: Device, _ look: (Tensor) throws -> Tensor) throws -> Tensor {
        try Tensor.concatenate(
            pictures.map { planes in
                let name = key(planes)
                if let known = memory[name] { return known }
                let made = try store?.features(of: [planes], on: device, atOnce: 1, look) ?? look(planes.tensor(on: device))
                remember(made, name)
                return made
            }, 0)
    }

    /// What the user should know of the folder, once.
    func takeNotes() -> [String] { store?.takeNotes() ?? [] }

    private func remember(_ features: Tensor, _ name: String) {
        let bytes = features.count * features.dtype.byteCount
        guard memoryBytes + bytes <= maximumBytes else { return }
        memory[name] = features
        memoryBytes += bytes
    }
}
