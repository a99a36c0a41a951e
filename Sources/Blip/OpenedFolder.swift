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
    private let weights: CheckpointWeights

    /// - Parameters:
    ///   - check: refuses what the network is not for, before a weight is looked at.
    ///   - build: the network; every weight of the folder must be asked for.
    init(
        _ folder: URL, _ options: OpenOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void,
        check: (InstructBLIPConfig) throws -> Void, build: (Scope, InstructBLIPConfig) throws -> Network
    ) throws {
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        guard options.quantization == nil || options.device == .cpu else {
            throw BlipError.invalidOption(
                name: "the device", found: "\(options.device)", expected: "cpu, as packed weights are for it alone")
        }
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
