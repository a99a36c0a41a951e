import BlipTensors

/// `x Wᵀ + b`.
public struct Linear {
    public let matrix: Matrix  // [O, I]
    public let bias: Tensor?  // [O]

    public init(_ scope: Scope, from input: Int, to output: Int, bias: Bool = true) throws {
        matrix = try scope.matrix("weight", [output, input])
        self.bias = bias ? try scope.tensor("bias", [output]) : nil
    }

    /// [..., I] -> [..., O]
    public func callAsFunction(_ x: Tensor) throws -> Tensor { try matrix(x, bias) }

    /// An input in the type that this layer's weights are computed in, which may be wider than the layers around: see ``Precision``.
    func accepting(_ x: Tensor) throws -> Tensor { try matrix.inputType.map { try x.to($0) } ?? x }

    /// Several layers of one input, as queries, keys and values, in their order.
    static func together(_ layers: [Linear], _ x: Tensor) throws -> [Tensor] {
        let bases = Bases(layers)
        let products: [Tensor]
        if bases.packed.count == layers.count {
            products = try x.linear(bases.packed)
        } else if bases.dense.count == layers.count {
            products = try x.linear(bases.dense)
        } else if bases.int4.count == layers.count {
            products = try x.linear(bases.int4)
        } else {
            return try layers.map { try $0(x) }
        }
        return try zip(layers, products).map { layer, y in try layer.matrix.parts.change.map { try y + $0(x) } ?? y }
    }

    /// Lays the weights of layers of one input side by side, so that ``together(_:_:)`` is one product on a device where starting one costs time.
    /// What is trained stays where it is. The CPU's kernels take several weights as they lie.
    static func adjoin(_ layers: [Linear]) throws {
        let bases = Bases(layers)
        if bases.dense.count == layers.count {
            let weights = bases.dense.map(\.weight)
            guard isToAdjoin(weights) else { return }
            try Tensor.adjoin(weights, 0)
        } else if bases.int4.count == layers.count {
            guard try Int4Matrix.adjoin(bases.int4.map(\.weight)) else { return }
        }
        let biases = layers.compactMap(\.bias)
        if biases.count == layers.count, isToAdjoin(biases) { try Tensor.adjoin(biases, 0) }
    }

    private static func isToAdjoin(_ tensors: [Tensor]) -> Bool {
        guard let first = tensors.first, first.device != .cpu, first.device != .meta else { return false }
        return tensors.allSatisfy { $0.device == first.device && $0.dtype == first.dtype && !$0.requiresGradient }
    }

    /// The weights of several layers without their changes, by kind.
    private struct Bases {
        var packed: [(weight: PackedMatrix, bias: Tensor?)] = []
        var dense: [(weight: Tensor, bias: Tensor?)] = []
        var int4: [(weight: Int4Matrix, bias: Tensor?)] = []

        init(_ layers: [Linear]) {
            for layer in layers {
                switch layer.matrix.parts.base {
                case .packed(let weight): packed.append((weight, layer.bias))
                case .dense(let weight): dense.append((weight, layer.bias))
                case .int4(let weight): int4.append((weight, layer.bias))
                case .adapted: break
                }
            }
        }
    }
}
