import BlipTensors

/// The matrix of a linear layer, [rows, columns]: ordinary numbers, or packed ones.
public indirect enum Matrix {
    case dense(Tensor)
    case packed(PackedMatrix)
    /// Packed ones on a CUDA device.
    case int4(Int4Matrix)
    /// A frozen one with a change that is trained in its place, or was.
    case adapted(Matrix, LowRank)

    /// `x Wᵀ + b`: [..., columns] -> [..., rows].
    public func callAsFunction(_ x: Tensor, _ bias: Tensor? = nil) throws -> Tensor {
        switch self {
        case .dense(let weight): try x.linear(weight, bias)
        case .packed(let weight): try x.linear(weight, bias)
        case .int4(let weight): try x.linear(weight, bias)
        case .adapted(let base, let change): try base(x, bias) + change(x)
        }
    }

    /// The type the input must have; nil where any will do.
    public var inputType: DType? {
        switch self {
        case .dense(let weight): weight.dtype
        case .packed, .int4: nil
        case .adapted(let base, _): base.inputType
        }
    }

    /// A packed matrix where it is computed with: on the CPU as it is; on a CUDA device in 4 bits where that computes in bfloat16, in which
    /// libtorch's product is; elsewhere as ordinary numbers, which take more memory and are as exact.
    public static func packed(_ matrix: PackedMatrix, computing type: DType, on device: Device) throws -> Matrix {
        if device == .cpu { return .packed(matrix) }
        if case .cuda = device, matrix.format == .q4, type == .bfloat16, Int4Matrix.fits(rows: matrix.rows, columns: matrix.columns) {
            return .int4(try Int4Matrix(matrix, on: device))
        }
        return .dense(try matrix.unpacked(as: type, on: device))
    }

    /// The matrix without its change, and the change.
    var parts: (base: Matrix, change: LowRank?) {
        if case .adapted(let base, let change) = self { (base, change) } else { (self, nil) }
    }
}
