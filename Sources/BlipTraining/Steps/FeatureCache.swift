import BlipImages
import BlipTensors
import Foundation

/// What the frozen image encoder made of pictures, kept in memory and in a folder, so that each picture is looked at once.
///
/// A picture that does not fit any more is not kept: in random order, those that are kept are as good as any others.
final class FeatureCache {
    private let settings: TrainingPlan.ImageCache
    private let key: (PixelPlanes) -> String
    private var memory: [String: Tensor] = [:]
    private var memoryBytes = 0
    private var folderBytes = 0

    /// - Parameter key: a name for a picture and everything that its features depend on.
    init(_ settings: TrainingPlan.ImageCache, key: @escaping (PixelPlanes) -> String) throws {
        self.settings = settings
        self.key = key
        guard let folder = settings.folder else { return }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.fileSizeKey]) {
                folderBytes += try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            }
        } catch { throw TrainingError.unwritable(path: folder.path, reason: error.localizedDescription) }
    }

    /// Features [R, P, V] of pictures; `look` gives those of one [1, P, V].
    ///
    /// One by one, so that a picture's features do not depend on those beside it: sums of other sizes round differently.
    func features(_ pictures: [PixelPlanes], on device: Device, _ look: (PixelPlanes) throws -> Tensor) throws -> Tensor {
        try Tensor.concatenate(
            pictures.map { planes in
                let name = key(planes)
                if let known = memory[name] { return known }
                if let stored = try stored(name, on: device) { return stored }
                let made = try look(planes)
                try keep(made, name)
                return made
            }, 0)
    }

    private func stored(_ name: String, on device: Device) throws -> Tensor? {
        guard let file = url(name), FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let features = try SafetensorsFile(file).tensor("features").to(device)
            remember(features, name)
            return features
        } catch is SafetensorsError {
            // Damaged: made anew, and written over.
            return nil
        }
    }

    private func keep(_ features: Tensor, _ name: String) throws {
        remember(features, name)
        let bytes = features.count * features.dtype.byteCount
        guard let file = url(name), folderBytes + bytes <= settings.folderBytes else { return }
        try SafetensorsWriter.write([("features", features.to(.cpu).contiguous())], to: file)
        folderBytes += bytes
    }

    private func remember(_ features: Tensor, _ name: String) {
        let bytes = features.count * features.dtype.byteCount
        guard memoryBytes + bytes <= settings.memoryBytes else { return }
        memory[name] = features
        memoryBytes += bytes
    }

    private func url(_ name: String) -> URL? { settings.folder?.appendingPathComponent("\(name).features.safetensors") }
}
