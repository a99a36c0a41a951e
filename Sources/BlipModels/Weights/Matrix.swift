import BlipTensors

/// The matrix of a linear layer, [rows, columns]: ordinary numbers, or packed ones.
public enum Matrix {
    case dense(Tensor)
    case packed(PackedMatrix)

    /// `x Wᵀ + b`: [..., columns] -> [..., rows].
    public func callAsFunction(_ x: Tensor, _ bias: Tensor? = nil) throws -> Tensor {
        switch self {
        case .dense(let weight): try x.linear(weight, bias)
        case .packed(let weight): try x.linear(weight, bias)
        }
    }

    /// The type the input must have; nil where any will do.
    public var inputType: DType? {
        switch self {
        case .dense(let weight): weight.dtype
        case .packed: nil
        }
    }
}
