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
        var (packed, dense): ([(weight: PackedMatrix, bias: Tensor?)], [(weight: Tensor, bias: Tensor?)]) = ([], [])
        for layer in layers {
            switch layer.matrix.parts.base {
            case .packed(let weight): packed.append((weight, layer.bias))
            case .dense(let weight): dense.append((weight, layer.bias))
            case .int4, .adapted: break
            }
        }
        let products: [Tensor]
        if packed.count == layers.count {
            products = try x.linear(packed)
        } else if dense.count == layers.count {
            products = try x.linear(dense)
        } else {
            return try layers.map { try $0(x) }
        }
        return try zip(layers, products).map { layer, y in try layer.matrix.parts.change.map { try y + $0(x) } ?? y }
    }
}
