import BlipTensors

/// Weights without numbers: building a model from them lists every tensor's name and shape, in the order the layers ask.
public final class ShapeWeights: WeightSource {
    public private(set) var shapes: [(name: String, shape: [Int])] = []
    private let absent: Set<String>

    /// - Parameter absent: names the model should do without, as a tied output head.
    public init(absent: Set<String> = []) { self.absent = absent }

    public func has(_ name: String) -> Bool { !absent.contains(name) }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        shapes.append((name, shape))
        return try Tensor.empty(shape, .float32, on: .meta)
    }
}
