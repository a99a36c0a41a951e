import BlipTensors

/// Weights without numbers: building a model from them lists every tensor's name and shape, in the order the layers ask.
public final class ShapeWeights: WeightSource {
    public private(set) var shapes: [(name: String, shape: [Int])] = []
    private let absent: Set<String>

    /// - Parameter absent: names the model should do without, as a tied output head.
    public init(absent: Set<String> = []) { self.absent = absent }

    /// Every tensor that a config's network asks for, tied heads included unless they are `absent`.
    public static func shapes(of config: InstructBLIPConfig, absent: Set<String> = []) throws -> [(name: String, shape: [Int])] {
        let weights = ShapeWeights(absent: absent)
        if config.architecture == .blip2Retrieval {
            _ = try ImageTextRetrieval(Scope(weights), config)
        } else {
            _ = try InstructBLIP(Scope(weights), config)
        }
        return weights.shapes
    }

    public func has(_ name: String) -> Bool { !absent.contains(name) }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        shapes.append((name, shape))
        return try Tensor.empty(shape, .float32, on: .meta)
    }
}
