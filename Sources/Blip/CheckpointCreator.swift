import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// Makes a checkpoint of random weights in the published layout, so that real memory and speed can be tried without a download.
///
/// Weights are drawn chunk by chunk and written shard by shard: memory stays small whatever the model's size.
public struct CheckpointCreator {
    let config: InstructBLIPConfig
    let dtype: DType
    let seed: UInt64
    let start: WeightStart
    let words: [String]?
    let maximumShardBytes: Int

    /// - Parameters:
    ///   - dtype: float32, bfloat16 or float16.
    ///   - seed: the same seed gives the same weights.
    ///   - start: how weights begin.
    ///   - words: what the tokenizers know, as `WordCount` gives them; common English where nil.
    ///   - maximumShardBytes: the published files have 10 GB.
    public init(
        _ config: InstructBLIPConfig, dtype: DType, seed: UInt64 = 0, start: WeightStart = .small, words: [String]? = nil,
        maximumShardBytes: Int = 5_000_000_000
    ) throws {
        guard [.float32, .bfloat16, .float16].contains(dtype) else {
            throw BlipError.invalidOption(name: "the type", found: dtype.rawValue, expected: "float32, bfloat16 or float16")
        }
        self.config = config
        self.dtype = dtype
        self.seed = seed
        self.start = start
        self.words = words
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes config, tokenizers and weights to `folder`, which must be new or empty.
    ///
    /// - Parameters:
    ///   - progress: bytes written so far, and in all.
    ///   - isCancelled: asked between chunks; true stops, removes what was begun, and throws `CancellationError`.
    public func write(
        to folder: URL, progress: @escaping (_ written: Int, _ total: Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        try NewFolder.fill(folder) {
            // First, because a vocabulary too small for its alphabet is found at once.
            try writeTokenizers(to: folder)
            try writeWeights(to: folder, progress, isCancelled)
            // Last, so that a folder without it was not finished.
            try ConfigFiles.write(config, dtype, to: folder)
        }
    }

    private func writeWeights(to folder: URL, _ progress: @escaping (Int, Int) -> Void, _ isCancelled: () -> Bool) throws {
        let layouts = try ShapeWeights.shapes(of: config, absent: config.language.tiedNames).map {
            TensorLayout(name: $0.name, type: dtype.elementType, shape: $0.shape)
        }
        let writer = try ShardedSafetensorsWriter(
            folder: folder, tensors: layouts, maximumShardByteCount: maximumShardBytes, progress: progress)
        let random = try RandomStream(seed: seed)
        for layout in writer.tensors {
            let count = layout.shape.reduce(1, *)
            if start == .trainable {
                let values = try TrainableStart(config.language, seed: seed).values(layout.name, layout.shape).to(dtype).contiguous()
                try values.withBytes { try writer.append($0, to: layout.name) }
                continue
            }
            for start in stride(from: 0, to: count, by: Self.chunkSize) {
                if isCancelled() {
                    writer.abandon()
                    throw CancellationError()
                }
                let values = try Self.values(layout, count: min(Self.chunkSize, count - start), random).to(dtype)
                try values.withBytes { try writer.append($0, to: layout.name) }
            }
        }
        try writer.finish()
    }

    private static let chunkSize = 1 << 23

    /// Norms pass values on, biases add nothing, everything else is small and random: activations stay finite in every type.
    private static func values(_ layout: TensorLayout, count: Int, _ random: RandomStream) throws -> Tensor {
        if layout.name.hasSuffix(".bias") { return try Tensor.zeros([count]) }
        // Only norms have weights of one dimension.
        if layout.shape.count == 1 { return try Tensor.ones([count]) }
        return try random.normal([count]) * 0.02
    }

    private func writeTokenizers(to folder: URL) throws {
        guard config.architecture != .blip2Retrieval else {
            return try SmallTokenizers.write(.wordPiece, to: folder, size: config.qformer.vocabularySize - 1, words: words)
        }
        let (vocabulary, image) = (config.language.vocabularySize, config.imageTokenID)
        switch config.language {
        case .llama(let language):
            // [PAD] and <image> come after the words.
            let size = language.padID ?? min(image ?? vocabulary, vocabulary) - 1
            try SmallTokenizers.write(.byteFallbackBPE, to: folder, size: size, imageTokenID: image, words: words)
        case .opt:
            try SmallTokenizers.write(
                .byteLevelBPE, to: folder, size: min(image ?? vocabulary - 1, vocabulary - 1), imageTokenID: image, words: words)
        case .t5:
            try SmallTokenizers.write(
                .unigram, to: folder, size: min(image ?? vocabulary - 1, vocabulary - 1), imageTokenID: image, words: words)
        }
        guard config.architecture.isInstructed else { return }
        // [DEC] is the last row.
        let instruction = folder.appendingPathComponent("qformer_tokenizer")
        try SmallTokenizers.write(.wordPiece, to: instruction, size: config.qformer.vocabularySize - 1, words: words)
    }
}
