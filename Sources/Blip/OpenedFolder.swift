import BlipImages
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// What every opened checkpoint folder has, whatever its network is for. It belongs to one thread, as tensors do.
struct OpenedFolder<Network> {
    let config: InstructBLIPConfig
    let network: Network
    let processor: Processor
    let device: Device
    let dtype: DType
    let images: ImageCache
    /// What the image encoder made of pictures, in a folder; nil where nothing is kept so.
    let features: VisionFeatureStore?
    let picturesAtOnce: Int
    private let weights: CheckpointWeights

    /// One that is in memory already. Its pictures are not kept: what is made of them may change.
    init(
        _ config: InstructBLIPConfig, _ network: Network, _ processor: Processor, _ weights: CheckpointWeights, dtype: DType, device: Device
    ) {
        (self.config, self.network, self.processor, self.weights) = (config, network, processor, weights)
        (self.dtype, self.device) = (dtype, device)
        (images, features, picturesAtOnce) = (ImageCache(maximumBytes: 0), nil, ImageCache.picturesAtOnce)
    }

    /// - Parameters:
    ///   - check: refuses what the network is not for, before a weight is looked at.
    ///   - build: the network; every weight of the folder must be asked for.
    init(
        _ folder: URL, _ options: OpenOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void,
        check: (InstructBLIPConfig) throws -> Void, build: (Scope, InstructBLIPConfig) throws -> Network
    ) throws {
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        config = try Checkpoint.config(in: folder)
        try check(config)
        let files = try WeightFiles(folder: folder)
        dtype = try options.dtype(for: config, files)
        device = options.device
        processor = try Processor(folder: folder, config, resizing: options.resizing)
        let (type, packing, place, bytes) = (dtype, options.quantization, device, options.imageCacheFolderBytes)
        let store = try options.imageCacheFolder.map { [config] in
            try LookStore($0, maximumBytes: bytes, LookIdentity(files, config, dtype: type, quantization: packing, device: place))
        }
        images = ImageCache(maximumBytes: options.imageCacheBytes, store: store)
        features = try options.featureFolder.map { [config] in
            try VisionFeatureStore(
                $0, maximumBytes: options.featureFolderBytes, files, config, dtype: type, quantization: packing, device: place,
                augmentation: .none)
        }
        guard options.picturesAtOnce > 0 else {
            throw BlipError.invalidOption(
                name: "the number of pictures at once", found: "\(options.picturesAtOnce)", expected: "at least 1")
        }
        picturesAtOnce = options.picturesAtOnce
        let adapters = try options.adapter.map { Adapters(try AdapterFolder($0).read(), on: place) }
        weights = CheckpointWeights(
            files, precision: Precision(dtype, for: config.architecture), quantization: options.quantization, device: device,
            adapters: adapters, progress: progress)
        network = try build(Scope(weights), config)
        try weights.finish()
    }

    /// Why no answer can be computed: a damaged weight, or a type too narrow.
    func explainNotFinite() throws -> BlipError {
        if let damage = try weights.firstNotFinite() { return .notFinite(explanation: "\(damage)") }
        let reason =
            dtype == .float32
            ? "the weights are finite, but the computation overflows" : "it overflows in \(dtype.rawValue); choose the type float32"
        return .notFinite(explanation: reason)
    }
}
