import BlipTensors

/// Weights without numbers: building a model from them lists every tensor's name and shape, in the order the layers ask.
public final class ShapeWeights: WeightSource {
    public private(set) var shapes: [(name: String, shape: [Int])] = []
    private let absent: Set<String>
    private var names: Set<String> = []

    /// - Parameter absent: names the model should do without, as a tied output head.
    public init(absent: Set<String> = []) { self.absent = absent }

    /// Every tensor that a config's network asks for, tied heads included unless they are `absent`.
    public static func shapes(of config: InstructBLIPConfig, absent: Set<String> = []) throws -> [(name: String, shape: [Int])] {
        try ShapeWeights(of: config, absent: absent).shapes
    }

    /// What a config's network asks for.
    public convenience init(of config: InstructBLIPConfig, absent: Set<String> = []) throws {
        self.init(absent: absent)
        let weights = self
        if config.architecture == .blip2Retrieval {
            _ = try ImageTextRetrieval(Scope(weights), config)
        } else {
            _ = try InstructBLIP(Scope(weights), config)
        }
    }

    public func has(_ name: String) -> Bool { !absent.contains(name) }

    /// Those of the shapes that are matrices of linear layers.
    public private(set) var matrices: Set<String> = []

    /// Those that are word embeddings.
    public private(set) var tables: Set<String> = []

    public func table(_ name: String, _ shape: [Int]) throws -> Table {
        tables.insert(name)
        return Table(try tensor(name, shape), as: .float32)
    }

    public func matrix(_ name: String, _ shape: [Int]) throws -> Matrix {
        matrices.insert(name)
        return .dense(try tensor(name, shape))
    }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        // A tied head is the embedding once more.
        if names.insert(name).inserted { shapes.append((name, shape)) }
        return try Tensor.empty(shape, .float32, on: .meta)
    }
}
