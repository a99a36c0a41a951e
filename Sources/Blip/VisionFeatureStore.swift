public import BlipImages
public import BlipModels
public import BlipTensors
public import Foundation
import Synchronization

/// What the frozen image encoder made of pictures, kept in a folder: in training it is the same in every epoch, and the larger part of a step.
///
/// What `ImageCache` keeps would not do: it has passed the post layer norm and the Q-Former's keys and values, which are trained. The features
/// are the encoder's own output, and serve every later step of every run with the same encoder.
///
/// A trainer does this:
///
/// ```swift
/// let store = try VisionFeatureStore(                                            // 1. once; refused with augmentation
///     folder, maximumBytes: 100_000_000_000, files, config, dtype: .bfloat16, device: device, augmentation: loader.augmentation)
/// let found = store.find(planes)                                                 // 2. on the loader's threads, where it costs nothing
/// let features = try store.features(of: pictures, found: found, on: device) {    // 3. on the engine's thread: [R, P, V]
///     try network.vision($0)
/// }
/// let prompt = try network.prompt(seeing: network.look(from: features), told: instruction, then: words)
/// ```
///
/// Files are named by a hash of the picture after preprocessing and of everything else they depend on (weights, config, type, device, version), appear
/// whole or not at all, and carry a hash of their content, so any number of processes may share the folder. A damaged file is removed, told of
/// in ``takeNotes()``, and made again.
///
/// Nothing is pushed out: going through more pictures than fit, again and again, would otherwise find none of them. When the folder is full,
/// the other pictures are looked at each time. Each process counts what it writes itself and looks at the folder again after every sixteenth of
/// the bound, so n processes together may pass it by n - 1 sixteenths.
public final class VisionFeatureStore: Sendable {
    /// Pictures that the image encoder is shown at once unless asked otherwise.
    public static let picturesAtOnce = 16

    private struct State {
        /// Bytes in the folder, as far as known; nil before they were counted.
        var total: Int?
        var sinceCount = 0
        var isFull = false
        var notes: [String] = []
        var (found, made) = (0, 0)
    }

    private let folder: CacheFolder
    private let maximumBytes: Int
    private let identity: LookIdentity
    private let state = Mutex(State())

    /// - Parameters:
    ///   - folder: made where it is missing.
    ///   - maximumBytes: what its files may take.
    ///   - files: of the checkpoint that holds the encoder, with `config`, and as `dtype`, `quantization` and `device` compute it.
    ///   - augmentation: what happens to pictures before they are shown.
    /// - Throws: ``BlipError/featuresDoNotRepeat`` for any augmentation but ``Augmentation/none``; ``BlipError/unwritableFolder(path:reason:)``;
    ///   ``BlipError/invalidOption(name:found:expected:)`` for a bound below 1; what is wrong with a weight file.
    public init(
        _ folder: URL, maximumBytes: Int, _ files: WeightFiles, _ config: InstructBLIPConfig, dtype: DType,
        quantization: Quantization? = nil, device: Device = .cpu, augmentation: Augmentation
    ) throws {
        guard augmentation.isNone else { throw BlipError.featuresDoNotRepeat }
        guard maximumBytes > 0 else {
            throw BlipError.invalidOption(name: "the size of the feature cache", found: "\(maximumBytes) bytes", expected: "at least 1")
        }
        identity = try LookIdentity(files, config, dtype: dtype, quantization: quantization, device: device, of: .features)
        self.folder = try CacheFolder(folder, ending: ".features.safetensors")
        self.maximumBytes = maximumBytes
    }

    /// What the user should know, once; of each kind of trouble the first few.
    public func takeNotes() -> [String] {
        state.withLock { state in
            defer { state.notes = [] }
            return state.notes
        }
    }

    /// Pictures that were found in the folder so far, and others that the image encoder was shown.
    public var counts: (found: Int, made: Int) { state.withLock { ($0.found, $0.made) } }

    private func note(_ text: String) {
        state.withLock { if $0.notes.count < 20 { $0.notes.append(text) } }
    }

    // MARK: Any thread

    /// What is kept of a picture; nil where nothing is. Reads the file, on the calling thread.
    public func find(_ picture: PixelPlanes) -> VisionFeatures? { find(identity.name(of: picture), picture) }

    /// The same for several, in their order.
    public func find(_ pictures: [PixelPlanes]) -> [VisionFeatures?] { pictures.map { find($0) } }

    private func find(_ name: String, _ picture: PixelPlanes) -> VisionFeatures? {
        let file = folder.file(name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            return try VisionFeatures(file, shape: shape(picture))
        } catch {
            if FileManager.default.fileExists(atPath: file.path) {
                note("\(file.path) in the feature cache is damaged (\(error)); the picture was looked at again")
                folder.remove(file, note)
            }
            return nil
        }
    }

    private func shape(_ picture: PixelPlanes) -> [Int] {
        let config = identity.config.vision
        return [1, (picture.height / config.patchSize) * (picture.width / config.patchSize) + 1, config.hiddenSize]
    }

    // MARK: The engine's thread

    /// The features of pictures of one size [R, P, V]; what is not kept is computed, equal pictures once, and kept.
    ///
    /// What a picture gives may depend, in its last bits, on the others it is shown with. With `atOnce` 1 it does not, so that a run that was
    /// killed and resumed equals one that was not; more are faster on a GPU.
    ///
    /// - Parameters:
    ///   - pictures: R of them; at least 1.
    ///   - found: what ``find(_:)-([PixelPlanes])`` gave for them; nil asks now.
    ///   - encode: the image encoder without the post layer norm, pixels [M, 3, H, W] to [M, P, V], at most `atOnce` pictures. It runs without
    ///     gradients.
    public func features(
        of pictures: [PixelPlanes], found: [VisionFeatures?]? = nil, on device: Device, atOnce: Int = picturesAtOnce,
        _ encode: (_ pixels: Tensor) throws -> Tensor
    ) throws -> Tensor {
        precondition(found == nil || found?.count == pictures.count, "as many pictures as findings")
        guard atOnce > 0 else {
            throw BlipError.invalidOption(name: "the number of pictures at once", found: "\(atOnce)", expected: "at least 1")
        }
        var rows = try (found ?? find(pictures)).map { try $0?.tensor(on: device) }
        var unseen: [(name: String, picture: PixelPlanes)] = []
        var places: [String: Int] = [:]
        let names = pictures.indices.map { index -> String? in
            guard rows[index] == nil else { return nil }
            let name = identity.name(of: pictures[index])
            if places[name] == nil {
                places[name] = unseen.count
                unseen.append((name, pictures[index]))
            }
            return name
        }
        let known = rows.count { $0 != nil }
        state.withLock { ($0.found, $0.made) = ($0.found + known, $0.made + unseen.count) }
        var made: [Tensor] = []
        for start in stride(from: 0, to: unseen.count, by: atOnce) {
            let piece = unseen[start..<min(start + atOnce, unseen.count)]
            let all = try withoutGradients {
                try encode(Tensor.concatenate(piece.map { try $0.picture.tensor(on: device) }, 0))
            }
            for (index, one) in piece.enumerated() {
                let features = try all.slice(0, index..<index + 1)
                keep(features, one.name)
                made.append(features)
            }
        }
        for (index, name) in names.enumerated() {
            if let name, let place = places[name] { rows[index] = made[place] }
        }
        return try Tensor.concatenate(rows.compactMap(\.self), 0)
    }

    private func keep(_ features: Tensor, _ name: String) {
        do {
            let features = try VisionFeatures(features)
            // The header takes some hundred bytes.
            guard try reserve(features.bytes.count + 512) else { return }
            try features.write(to: folder.file(name))
        } catch {
            note("what was seen in a picture could not be kept in \(folder.url.path): \(error)")
        }
    }

    /// Whether there is room for so many bytes more, which count as used from now on.
    private func reserve(_ bytes: Int) throws -> Bool {
        let (isFull, mustCount) = state.withLock { state in
            (state.isFull, state.total.map { $0 + bytes > maximumBytes || state.sinceCount > maximumBytes / 16 } ?? true)
        }
        if isFull { return false }
        let counted = mustCount ? try folder.entries(note).map(\.bytes).reduce(0, +) : nil
        let fits = state.withLock { state in
            if let counted { (state.total, state.sinceCount) = (counted, 0) }
            let total = (state.total ?? 0) + bytes
            state.isFull = total > maximumBytes
            guard !state.isFull else { return false }
            (state.total, state.sinceCount) = (total, state.sinceCount + bytes)
            return true
        }
        if !fits { note("the feature cache \(folder.url.path) is full; the pictures that are not in it are looked at each time") }
        return fits
    }
}
