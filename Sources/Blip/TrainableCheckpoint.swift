public import BlipImages
public import BlipModels
public import BlipTensors
public import Foundation

/// How a checkpoint is opened for training.
public struct TrainingOptions: Sendable {
    /// The parts that are trained; they are computed and kept in float32, whatever ``dtype`` says.
    public var trained: Set<NetworkPart>
    /// The type of the frozen parts, and what operations of the trained ones are cast to where that is harmless; float32 casts nothing.
    public var dtype: DType
    /// Packs the frozen parts; nil leaves them as they are.
    public var frozen: Quantization?
    public var device: Device
    /// Whether the Q-Former is told the instruction.
    public var tellsQFormer: Bool
    /// Low-rank changes of the language model, to be trained in its place; nil for none.
    public var adapters: AdapterSettings?
    /// Of what a checkpoint does not have and training begins with, see ``PretrainingWeights``.
    public var seed: UInt64

    public init(
        trained: Set<NetworkPart> = NetworkPart.trainedByDefault, dtype: DType = .float32, frozen: Quantization? = nil,
        device: Device = .cpu, tellsQFormer: Bool = true, adapters: AdapterSettings? = nil, seed: UInt64 = 42
    ) {
        (self.trained, self.dtype, self.frozen) = (trained, dtype, frozen)
        (self.device, self.tellsQFormer, self.adapters, self.seed) = (device, tellsQFormer, adapters, seed)
    }
}

/// The network of a checkpoint that is trained: what it is for follows from its architecture.
public enum TrainableNetwork {
    /// It answers instructions about pictures.
    case answers(InstructBLIP)
    /// It compares pictures with texts: the first stage of BLIP-2's training.
    case comparisons(ImageTextPretraining)

    public var vision: VisionEncoder {
        switch self {
        case .answers(let network): network.vision
        case .comparisons(let pretraining): pretraining.network.vision
        }
    }

    /// The side on which its texts are padded.
    var padding: PaddingSide {
        switch self {
        case .answers(let network): network.promptPadding
        case .comparisons: .right
        }
    }
}

/// A checkpoint whose weights change: the network with copies of what is trained, and everything that makes batches for it. It belongs to one
/// thread, as tensors do.
public final class TrainableCheckpoint {
    public let folder: URL
    public let config: InstructBLIPConfig
    public let network: TrainableNetwork
    public let processor: Processor
    public let options: TrainingOptions
    /// What is trained, by name, in the order of the names; adapters as `<layer>.lora_A.weight` and `<layer>.lora_B.weight`.
    public let parameters: [(name: String, tensor: Tensor)]
    public let adapters: Adapters?
    let weights: CheckpointWeights
    /// Of pre-training alone.
    private let added: PretrainingWeights?
    private let files: WeightFiles

    /// - Throws: what is wrong with the folder; ``BlipError/invalidOption(name:found:expected:)`` for trained weights that are packed.
    public init(
        _ folder: URL, _ options: TrainingOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) throws {
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        self.folder = folder
        self.options = options
        config = try Checkpoint.config(in: folder)
        files = try WeightFiles(folder: folder)
        let comparesTexts = config.architecture == .blip2Retrieval
        let isTold = comparesTexts || (options.tellsQFormer && config.tellsQFormer)
        let isTrained = { (name: String) in
            options.trained.contains(NetworkPart(of: name)) && (isTold || !QFormer.isForText(name))
        }
        for name in try ShapeWeights(of: config).shapes.map(\.name) where isTrained(name) && files.packed(name) != nil {
            throw BlipError.invalidOption(
                name: "the model to train", found: "\(folder.path), whose \(name) is packed",
                expected: "a checkpoint whose trained parts are not; frozen ones can be packed when it is opened")
        }
        processor = try Processor(folder: folder, config)
        if comparesTexts, options.adapters != nil {
            throw BlipError.invalidOption(
                name: "the model to train", found: "\(folder.path), which has no language model",
                expected: "one with a language model, for low-rank changes of it")
        }
        adapters = try options.adapters.map { try Adapters($0, on: options.device) }
        weights = CheckpointWeights(
            files, precision: Precision(options.dtype, for: config.architecture, trained: options.trained), quantization: options.frozen,
            device: options.device, isTrained: isTrained, adapters: adapters, progress: progress)
        if comparesTexts {
            let added = try PretrainingWeights(
                weights, folder: folder, device: options.device, seed: options.seed, isTrained: isTrained)
            network = .comparisons(try ImageTextPretraining(Scope(added), config))
            try added.finish()
            self.added = added
        } else {
            network = .answers(try InstructBLIP(Scope(weights), config))
            added = nil
        }
        try weights.finish()
        let own = (added?.own ?? [:]).filter { isTrained($0.key) }.map { (name: $0.key, tensor: $0.value) }
        parameters = (weights.trained + own + (adapters?.parameters ?? [])).sorted { $0.name < $1.name }
    }

    /// Every dense tensor in memory, by name.
    public var loaded: [String: Tensor] { weights.loaded.merging(added?.own ?? [:]) { loaded, _ in loaded } }

    /// Tensors and numbers of each part that the network has, and the bytes of memory they take.
    public var parts: [PartSummary] {
        NetworkPart.allCases.compactMap { part in
            let trained = parameters.filter { NetworkPart(of: $0.name) == part }.map(\.tensor.count).reduce(0, +)
            let own = (added?.own ?? [:]).filter { NetworkPart(of: $0.key) == part }.values
            let changes = part == .languageModel ? adapters?.parameters.map(\.tensor.count).reduce(0, +) ?? 0 : 0
            let count = weights.count(of: part) + own.map(\.count).reduce(0, +) + changes
            guard count > 0 else { return nil }
            let bytes = weights.bytes(of: part) + own.map { $0.count * $0.dtype.byteCount }.reduce(0, +) + 4 * changes
            return PartSummary(part: part, parameters: count, trained: trained, bytes: bytes, isPacked: weights.isPacked(part))
        }
    }

    public var isVisionTrained: Bool { options.trained.contains(.visionEncoder) }

    /// What the image encoder makes of pictures [R, P, V]; without a history unless it is trained.
    public func features(of pixels: Tensor) throws -> Tensor {
        isVisionTrained ? try network.vision(pixels) : try withoutGradients { try network.vision(pixels) }
    }

    /// Pictures as one tensor [R, 3, H, W].
    public func pixels(_ pictures: [PixelPlanes]) throws -> Tensor {
        try Tensor.concatenate(pictures.map { try $0.tensor(on: options.device) }, 0)
    }

    /// What the Q-Former is told; nil where it is told nothing.
    public func instructions(_ inputs: [ModelInput]) throws -> TokenBatch? {
        options.tellsQFormer ? try padding.instructions(inputs, on: options.device) : nil
    }

    /// What the language model reads.
    public func prompts(_ inputs: [ModelInput]) throws -> TokenBatch { try padding.prompts(inputs, on: options.device) }

    /// The same of ids alone.
    public func prompts(_ rows: [[Int]]) throws -> TokenBatch { try padding.prompts(rows, on: options.device) }

    /// Answers or captions to be learned, right-padded.
    ///
    /// - Parameter weights: what each token of a row counts in the loss; nil where all count alike.
    public func targets(_ rows: [[Int]], weights: [Double]? = nil) throws -> TokenBatch {
        var batch = try TokenBatch(rows, padding: padding.promptID, at: .right, multiple: padding.multiple, on: options.device)
        if let weights {
            let length = batch.length
            let each = zip(rows, weights).flatMap { row, weight in
                Array(repeating: Float(weight), count: row.count) + Array(repeating: 0, count: length - row.count)
            }
            batch.weights = try Tensor.of(each, [rows.count, length]).to(options.device)
        }
        return batch
    }

    private var padding: Padding {
        Padding(processor, config, promptSide: network.padding, multiple: options.device == .cpu && options.dtype != .float32 ? 8 : 1)
    }

    /// A name for everything that features depend on besides the picture.
    public func featureKey() throws -> @Sendable (PixelPlanes) -> String {
        let identity = try LookIdentity(
            files, config, dtype: options.dtype, quantization: options.frozen, device: options.device, of: .features)
        return { planes in identity.name(of: planes) }
    }

    /// A folder for features of pictures that are not changed at random.
    public func featureStore(_ folder: URL, maximumBytes: Int) throws -> VisionFeatureStore {
        try VisionFeatureStore(
            folder, maximumBytes: maximumBytes, files, config, dtype: options.dtype, quantization: options.frozen, device: options.device,
            augmentation: .none)
    }
}

/// A part of the network, as training sees it.
public struct PartSummary: Sendable {
    public let part: NetworkPart
    /// Numbers in all, and those that are trained.
    public let parameters: Int
    public let trained: Int
    /// Bytes of its weights in memory.
    public let bytes: Int
    public let isPacked: Bool
}
