import BlipTensors

/// `x Wᵀ + b`.
public struct Linear {
    public let weight: Tensor  // [O, I]
    public let bias: Tensor?  // [O]

    public init(_ scope: Scope, from input: Int, to output: Int, bias: Bool = true) throws {
        weight = try scope.tensor("weight", [output, input])
        self.bias = bias ? try scope.tensor("bias", [output]) : nil
    }

    /// [..., I] -> [..., O]
    public func callAsFunction(_ x: Tensor) throws -> Tensor { try x.linear(weight, bias) }
}
