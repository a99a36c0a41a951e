import BlipTensors

/// The frozen image encoder: EVA-CLIP's vision transformer without its last block, norm and head.
///
/// Source: InstructBLIP, section 2.6; `InstructBlipVisionModel` of transformers, without its post layer norm, which the tuning trains and
/// which therefore stands in ``InstructBLIP/visionNorm``.
public struct VisionEncoder {
    let classEmbedding: Tensor  // [1, 1, V]
    let positions: Tensor  // [1, P, V]
    let patchKernel: Tensor  // [V, 3, patch, patch]
    let patchBias: Tensor  // [V]
    let layers: [VisionLayer]
    let config: VisionConfig

    public init(_ scope: Scope, _ config: VisionConfig) throws {
        let width = config.hiddenSize
        let embeddings = scope["embeddings"]
        classEmbedding = try embeddings.tensor("class_embedding", [1, 1, width])
        positions = try embeddings.tensor("position_embedding", [1, config.positionCount, width])
        patchKernel = try embeddings.tensor("patch_embedding.weight", [width, 3, config.patchSize, config.patchSize])
        patchBias = try embeddings.tensor("patch_embedding.bias", [width])
        layers = try (0..<config.layerCount).map { try VisionLayer(scope["encoder"]["layers"][$0], config) }
        self.config = config
    }

    /// The class token and the patches, row by row: pixels [B, 3, H, W] -> [B, P, V].
    ///
    /// Pictures of another size than the config's get positions in between, as `interpolate_pos_encoding` of transformers does.
    public func embed(_ pixels: Tensor) throws -> Tensor {
        let (batch, width) = (pixels.size(0), config.hiddenSize)
        let patches = try pixels.to(patchKernel.dtype).convolve(patchKernel, patchBias, stride: config.patchSize)
            .reshape([batch, width, -1]).transpose(1, 2)
        let placed = try positions(height: pixels.size(2), width: pixels.size(3))
        return try Tensor.concatenate([classEmbedding.expand([batch, 1, width]), patches], 1) + placed
    }

    /// Position embeddings for pictures of a size in pixels [1, P, V].
    private func positions(height: Int, width: Int) throws -> Tensor {
        let (rows, columns) = (height / config.patchSize, width / config.patchSize)
        if rows * columns == config.grid * config.grid, height == width { return positions }
        let grid = try positions.slice(1, 1..<config.positionCount).to(.float32)
            .reshape([1, config.grid, config.grid, config.hiddenSize]).permute([0, 3, 1, 2])
        let resized = try grid.resizedBicubic(height: rows, width: columns).permute([0, 2, 3, 1])
        let patches = try resized.reshape([1, rows * columns, config.hiddenSize]).to(positions.dtype)
        return try Tensor.concatenate([positions.slice(1, 0..<1), patches], 1)
    }

    /// pixels [B, 3, H, W] -> [B, P, V], not normalised. `observe` sees the output of every layer.
    public func callAsFunction(_ pixels: Tensor, observe: ((Tensor) throws -> Void)? = nil) throws -> Tensor {
        var hidden = try embed(pixels)
        for layer in layers {
            hidden = try layer(hidden)
            try observe?(hidden)
        }
        return hidden
    }
}

/// One pre-norm transformer block.
struct VisionLayer {
    let norm1, norm2: LayerNorm
    let qkv, projection: Linear
    let fc1, fc2: Linear
    let config: VisionConfig

    init(_ scope: Scope, _ config: VisionConfig) throws {
        let width = config.hiddenSize
        norm1 = try LayerNorm(scope["layer_norm1"], width, epsilon: config.normEpsilon)
        norm2 = try LayerNorm(scope["layer_norm2"], width, epsilon: config.normEpsilon)
        qkv = try Linear(scope["self_attn"]["qkv"], from: width, to: 3 * width, bias: config.hasQKVBias)
        projection = try Linear(scope["self_attn"]["projection"], from: width, to: width)
        fc1 = try Linear(scope["mlp"]["fc1"], from: width, to: config.intermediateSize)
        fc2 = try Linear(scope["mlp"]["fc2"], from: config.intermediateSize, to: width)
        self.config = config
    }

    /// [B, P, V] -> [B, P, V]
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let attended = try x + projection(attend(norm1(x)))
        return try attended + fc2(config.activation(fc1(norm2(attended))))
    }

    private func attend(_ x: Tensor) throws -> Tensor {
        let (batch, positions, width) = (x.size(0), x.size(1), x.size(2))
        let headSize = width / config.headCount
        let parts = try qkv(x).reshape([batch, positions, 3, config.headCount, headSize]).permute([2, 0, 3, 1, 4])  // [3, B, H, P, d]
        let (q, k, v) = try (parts.select(0, 0), parts.select(0, 1), parts.select(0, 2))
        return try q.attention(k, v, scale: 1 / Double(headSize).squareRoot()).joinHeads()
    }
}
