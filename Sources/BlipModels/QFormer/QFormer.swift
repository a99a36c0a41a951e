import BlipTensors

/// The querying transformer: a few learned queries read the image, and, when told the instruction, read it with that in mind.
///
/// Queries and instruction tokens attend to each other in every layer; only the queries look at the image, in every second layer. Source:
/// InstructBLIP, section 2.3 and figure 3; `InstructBlipQFormerModel` of transformers.
public struct QFormer {
    /// Nil where it reads no text.
    let text: QFormerText?
    let norm: LayerNorm
    let layers: [QFormerLayer]
    public let config: QFormerConfig

    /// - Parameters:
    ///   - norm: the place of the norm over queries and text.
    ///   - text: the place of the word and position embeddings; nil where it reads no text.
    ///   - imageWidth: the width V of the image encoder.
    public init(_ scope: Scope, _ config: QFormerConfig, norm: Scope, text: Scope?, imageWidth: Int) throws {
        self.text = try text.map { try QFormerText($0, config) }
        self.norm = try LayerNorm(norm, config.hiddenSize, epsilon: config.normEpsilon)
        layers = try (0..<config.layerCount).map {
            try QFormerLayer(scope["encoder"]["layer"][$0], config, imageWidth: $0 % config.crossAttentionFrequency == 0 ? imageWidth : nil)
        }
        self.config = config
    }

    /// The image as the queries see it: keys and values of every cross-attention. They depend on the image alone, so one reading serves
    /// any number of instructions.
    public func read(_ patches: Tensor) throws -> ImageReading {
        // BLIP-2's Q-Former stays float32 where the rest is float16.
        let patches = try patches.to(norm.weight.dtype)
        return ImageReading(layers: try layers.map { try $0.cross?.keysAndValues(patches) })
    }

    /// What the queries found.
    ///
    /// - Parameters:
    ///   - queries: the learned query tokens [1, N, Q].
    ///   - image: the reading of B images.
    ///   - instruction: B instructions, right-padded; nil reads the image without being told anything.
    ///   - dropout: in training alone.
    ///   - observe: sees queries and text [B, N + T, Q] after every layer (after the last one the queries alone).
    ///   - looked: sees where the queries look in each layer that does: weights [B, H, N, P], the class token first.
    ///   - remember: sees keys and values of every layer's self-attention.
    /// - Returns: [B, N, Q]
    public func callAsFunction(
        _ queries: Tensor, reading image: ImageReading, told instruction: TokenBatch?, dropout: Dropout? = nil,
        observe: ((Tensor) throws -> Void)? = nil, looked: ((Tensor) throws -> Void)? = nil,
        remember: ((_ keys: Tensor, _ values: Tensor) -> Void)? = nil
    ) throws -> Tensor {
        let (count, batch) = (queries.size(1), image.batch)
        var hidden = try queries.expand([batch, count, queries.size(2)]).to(norm.weight.dtype)
        var mask: Tensor?
        if let instruction {
            hidden = try Tensor.concatenate([hidden, embed(instruction)], 1)
            mask = try instruction.mask.map { padding in
                let seen = try Tensor.ones([batch, count], .bool, on: padding.device)
                return try Tensor.concatenate([seen, padding], 1).reshape([batch, 1, 1, -1])
            }
        }
        hidden = try dropout(norm(hidden))
        for (index, layer) in layers.enumerated() {
            // Nobody reads the text after the last layer.
            let isLast = index == layers.count - 1
            hidden = try layer(
                hidden, queryCount: count, mask: mask, image: image.layers[index], keepsText: !isLast, dropout: dropout, looked: looked,
                remember: remember)
            try observe?(hidden)
        }
        return hidden
    }

    /// A text alone, without queries or a picture: [B, T] -> [B, T, Q].
    public func read(text: TokenBatch, dropout: Dropout? = nil) throws -> Tensor {
        let mask = try text.mask.map { try $0.reshape([text.batch, 1, 1, -1]) }
        var hidden = try dropout(norm(embed(text)))
        for layer in layers { hidden = try layer(text: hidden, mask: mask, dropout: dropout) }
        return hidden
    }

    func embed(_ instruction: TokenBatch) throws -> Tensor {
        guard let text else {
            throw TensorError.operation(
                name: "Q-Former", shapes: ["\(instruction.ids.shape)"], reason: "this one reads no text; give it no instruction")
        }
        return try text(instruction.ids).to(norm.weight.dtype)
    }
}

extension QFormer {
    /// Whether a tensor of an InstructBLIP checkpoint belongs to the Q-Former's text branch alone: nothing of it is used where only queries are
    /// read. Self-attention serves both.
    public static func isForText(_ name: String) -> Bool {
        name.hasPrefix("qformer.")
            && [".word_embeddings.", ".position_embeddings.", ".intermediate.dense.", ".output.dense.", ".output.LayerNorm."]
                .contains { name.contains($0) }
            && !name.contains("attention.output.")
    }
}

/// Word and position embeddings; positions start at 0, behind any queries.
struct QFormerText {
    let words: Tensor  // [vocabulary, Q]
    let positions: Tensor  // [positions, Q]

    init(_ scope: Scope, _ config: QFormerConfig) throws {
        words = try scope.tensor("word_embeddings.weight", [config.vocabularySize, config.hiddenSize])
        positions = try scope.tensor("position_embeddings.weight", [config.positionCount, config.hiddenSize])
    }

    /// [B, T] -> [B, T, Q]
    func callAsFunction(_ ids: Tensor) throws -> Tensor { try words.embedding(ids) + positions.slice(0, 0..<ids.size(1)) }
}

/// Cross-attention keys and values [B, H, P, d] of each Q-Former layer; nil for layers that do not look at the image.
public struct ImageReading {
    let layers: [(keys: Tensor, values: Tensor)?]

    /// The number B of images.
    public var batch: Int { layers.compactMap { $0?.keys.size(0) }.first ?? 1 }

    var byteCount: Int {
        layers.compactMap(\.self).map { ($0.keys.count + $0.values.count) * $0.keys.dtype.byteCount }.reduce(0, +)
    }

    init(layers: [(keys: Tensor, values: Tensor)?]) { self.layers = layers }

    init(joining readings: [ImageReading]) throws {
        layers = try (readings.first?.layers ?? []).indices.map { index in
            let parts = readings.compactMap { $0.layers[index] }
            guard !parts.isEmpty else { return nil }
            return (try Tensor.concatenate(parts.map(\.keys), 0), try Tensor.concatenate(parts.map(\.values), 0))
        }
    }

    func picture(_ index: Int) throws -> ImageReading {
        ImageReading(
            layers: try layers.map { layer in
                try layer.map { (try $0.keys.slice(0, index..<index + 1), try $0.values.slice(0, index..<index + 1)) }
            })
    }
}
