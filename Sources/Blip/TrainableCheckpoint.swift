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

    public init(
        trained: Set<NetworkPart> = NetworkPart.instructionTuned, dtype: DType = .float32, frozen: Quantization? = nil,
        device: Device = .cpu,
        tellsQFormer: Bool = true
    ) {
        (self.trained, self.dtype, self.frozen) = (trained, dtype, frozen)
        (self.device, self.tellsQFormer) = (device, tellsQFormer)
    }
}

/// A checkpoint whose weights change: the network with copies of what is trained, and everything that makes batches for it. It belongs to one
/// thread, as tensors do.
public final class TrainableCheckpoint {
    public let folder: URL
    public let config: InstructBLIPConfig
    public let network: InstructBLIP
    public let processor: Processor
    public let options: TrainingOptions
    /// What is trained, by name, in the order of the names.
    public let parameters: [(name: String, tensor: Tensor)]
    private let weights: CheckpointWeights
    private let files: WeightFiles

    /// - Throws: what is wrong with the folder; ``BlipError/invalidOption(name:found:expected:)`` for trained weights that are packed.
    public init(
        _ folder: URL, _ options: TrainingOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) throws {
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        self.folder = folder
        self.options = options
        config = try Checkpoint.config(in: folder)
        if config.architecture == .blip2Retrieval { throw BlipError.retrievalOnly(path: folder.path) }
        files = try WeightFiles(folder: folder)
        let isTold = options.tellsQFormer && config.tellsQFormer
        let isTrained = { (name: String) in
            options.trained.contains(NetworkPart(of: name)) && (isTold || !QFormer.isForText(name))
        }
        for name in try ShapeWeights(of: config).shapes.map(\.name) where isTrained(name) && files.packed(name) != nil {
            throw BlipError.invalidOption(
                name: "the model to train", found: "\(folder.path), whose \(name) is packed",
                expected: "a checkpoint whose trained parts are not; frozen ones can be packed when it is opened")
        }
        processor = try Processor(folder: folder, config)
        weights = CheckpointWeights(
            files, precision: Precision(options.dtype, for: config.architecture, trained: options.trained), quantization: options.frozen,
            device: options.device, isTrained: isTrained, progress: progress)
        network = try InstructBLIP(Scope(weights), config)
        try weights.finish()
        parameters = weights.trained
    }

    /// Every dense tensor in memory, by name.
    public var loaded: [String: Tensor] { weights.loaded }

    /// Tensors and numbers of each part, and the bytes of memory they take.
    public var parts: [PartSummary] {
        NetworkPart.allCases.map { part in
            let trained = parameters.filter { NetworkPart(of: $0.name) == part }.map(\.tensor.count).reduce(0, +)
            return PartSummary(
                part: part, parameters: weights.count(of: part), trained: trained, bytes: weights.bytes(of: part),
                isPacked: weights.isPacked(part))
        }
    }

    /// What the frozen image encoder makes of pictures [R, P, V]; without a history unless it is trained.
    public func features(of pixels: Tensor) throws -> Tensor {
        options.trained.contains(.visionEncoder) ? try network.vision(pixels) : try withoutGradients { try network.vision(pixels) }
    }

    /// Pictures as one tensor [R, 3, H, W].
    public func pixels(_ inputs: [ModelInput]) throws -> Tensor {
        try Tensor.concatenate(inputs.flatMap(\.frames).map { try $0.tensor(on: options.device) }, 0)
    }

    /// What the Q-Former is told; nil where it is told nothing.
    public func instructions(_ inputs: [ModelInput]) throws -> TokenBatch? {
        options.tellsQFormer ? try padding.instructions(inputs, on: options.device) : nil
    }

    /// What the language model reads.
    public func prompts(_ inputs: [ModelInput]) throws -> TokenBatch { try padding.prompts(inputs, on: options.device) }

    /// Answers to be learned, right-padded.
    public func targets(_ rows: [[Int]]) throws -> TokenBatch {
        try TokenBatch(rows, padding: padding.promptID, at: .right, on: options.device)
    }

    private var padding: Padding { Padding(processor, config, network) }

    /// A name for everything that features depend on besides the picture.
    public func featureKey() throws -> @Sendable (PixelPlanes) -> String {
        let identity = try LookIdentity(files, config, dtype: options.dtype, quantization: options.frozen, device: options.device)
        return { planes in identity.name(of: planes) }
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
