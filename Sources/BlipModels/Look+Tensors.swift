import BlipTensors

extension Look {
    /// Its tensors by name, for keeping them in a file: `patches`, and `layers.N.keys` and `layers.N.values`.
    public var tensors: [(name: String, tensor: Tensor)] {
        [("patches", patches)]
            + reading.layers.enumerated().flatMap { index, layer in
                layer.map { [("layers.\(index).keys", $0.keys), ("layers.\(index).values", $0.values)] } ?? []
            }
    }

    /// Names and shapes of ``tensors`` for one picture.
    ///
    /// - Parameters:
    ///   - height: of the picture, in pixels.
    public static func shapes(_ config: InstructBLIPConfig, height: Int, width: Int) -> [(name: String, shape: [Int])] {
        let positions = (height / config.vision.patchSize) * (width / config.vision.patchSize) + 1
        let (queries, heads) = (config.qformer, config.qformer.headCount)
        let reading = stride(from: 0, to: queries.layerCount, by: queries.crossAttentionFrequency).flatMap { layer in
            ["keys", "values"].map { ("layers.\(layer).\($0)", [1, heads, positions, queries.hiddenSize / heads]) }
        }
        return [("patches", [1, positions, config.vision.hiddenSize])] + reading
    }

    /// One picture out of ``tensors``.
    ///
    /// - Returns: nil where names or shapes are not ``shapes(_:height:width:)``.
    public init?(_ tensors: [String: Tensor], _ config: InstructBLIPConfig, height: Int, width: Int) {
        let shapes = Self.shapes(config, height: height, width: width)
        guard tensors.count == shapes.count, shapes.allSatisfy({ tensors[$0.name]?.shape == $0.shape }), let patches = tensors["patches"]
        else { return nil }
        let layers = (0..<config.qformer.layerCount).map { layer -> (keys: Tensor, values: Tensor)? in
            guard let keys = tensors["layers.\(layer).keys"], let values = tensors["layers.\(layer).values"] else { return nil }
            return (keys, values)
        }
        self.init(patches: patches, reading: ImageReading(layers: layers))
    }
}
