import BlipTensors

/// Layer normalisation over the last dimension.
public struct LayerNorm {
    public let weight: Tensor  // [D]
    public let bias: Tensor  // [D]
    let epsilon: Double

    public init(_ scope: Scope, _ size: Int, epsilon: Double) throws {
        weight = try scope.tensor("weight", [size])
        bias = try scope.tensor("bias", [size])
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.layerNorm(weight, bias, epsilon: epsilon) }

    /// An input in a type no narrower than this layer's: trained norms stay float32 behind parts in half precision.
    func accepting(_ x: Tensor) throws -> Tensor { x.dtype.byteCount < weight.dtype.byteCount ? try x.to(weight.dtype) : x }
}

/// Root-mean-square normalisation as LLaMA has it: all in float32, rounded once before the weight.
public struct RMSNorm {
    public let weight: Tensor  // [D]
    let epsilon: Double

    public init(_ scope: Scope, _ size: Int, epsilon: Double) throws {
        weight = try scope.tensor("weight", [size])
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        try x.rmsNorm(weight, epsilon: epsilon)
    }
}

/// Root-mean-square normalisation as T5 has it: the residual stream may be wider than the weight, and is rounded to the weight's type.
public struct T5Norm {
    public let weight: Tensor  // [D]
    let epsilon: Double

    public init(_ scope: Scope, _ size: Int, epsilon: Double) throws {
        weight = try scope.tensor("weight", [size])
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        try x.rmsNorm(weight, epsilon: epsilon)
    }
}
