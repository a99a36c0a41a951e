import BlipTensors

/// The matrix of a linear layer, [rows, columns]: ordinary numbers, or packed ones.
public indirect enum Matrix {
    case dense(Tensor)
    case packed(PackedMatrix)
    /// A frozen one with a change that is trained in its place, or was.
    case adapted(Matrix, LowRank)

    /// `x Wᵀ + b`: [..., columns] -> [..., rows].
    public func callAsFunction(_ x: Tensor, _ bias: Tensor? = nil) throws -> Tensor {
        switch self {
        case .dense(let weight): try x.linear(weight, bias)
        case .packed(let weight): try x.linear(weight, bias)
        case .adapted(let base, let change): try base(x, bias) + change(x)
        }
    }

    /// The type the input must have; nil where any will do.
    public var inputType: DType? {
        switch self {
        case .dense(let weight): weight.dtype
        case .packed: nil
        case .adapted(let base, _): base.inputType
        }
    }

    /// The matrix without its change, and the change.
    var parts: (base: Matrix, change: LowRank?) {
        if case .adapted(let base, let change) = self { (base, change) } else { (self, nil) }
    }
}
