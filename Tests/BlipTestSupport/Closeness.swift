import BlipTensors

/// The tolerances of all parity tests, in one place.
public enum Tolerance {
    /// Hidden states, relative to the largest.
    public static let hidden = 2e-5
    /// Logits, absolute.
    public static let logits = 1e-4
    /// Gradients, relative to each tensor's largest.
    public static let gradient = 1e-4
    /// Loss, relative.
    public static let loss = 1e-5
}

/// The largest absolute difference; infinity when shapes differ.
public func difference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    guard found.shape == expected.shape else { return .infinity }
    let gap = try (found.to(.cpu).to(.float32) - expected.to(.cpu).to(.float32)).abs()
    // NaN must not pass for agreement.
    return try gap.isNaN().any().integer() != 0 ? .infinity : gap.max().item()
}

/// The largest absolute difference, relative to the largest expected number.
public func relativeDifference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    let largest = try expected.to(.float32).abs().max().item()
    return try difference(found, expected) / max(largest, 1e-30)
}
