public import BlipTensors

/// A small change of a large frozen matrix: to `W x` comes `s · B (A x)`, and A and B alone are trained.
///
/// B begins as zeros, so that nothing changes before the first step. Source: LoRA (Hu et al., 2021), section 4.1.
public struct LowRank {
    public let down: Tensor  // A [r, I]
    public let up: Tensor  // B [O, r]
    /// s: alpha over the rank.
    public let scale: Double
    let dropout: AdapterDropout?
    /// Tells this one's dropout from all others'.
    let number: UInt64

    /// `s · B (A x)`: [..., I] -> [..., O]
    func callAsFunction(_ x: Tensor) throws -> Tensor {
        let kept = try dropout?(x, number) ?? x
        return try kept.linear(down.to(x.dtype)).linear(up.to(x.dtype)) * scale
    }
}

/// What training leaves out of the adapters' input: everything follows from one seed, so that a layer that is computed once more on the way
/// back leaves out the same.
public final class AdapterDropout {
    let probability: Double
    /// Of one pass through the network; nil leaves nothing out.
    public var seed: UInt64?

    init(probability: Double) { self.probability = probability }

    func callAsFunction(_ x: Tensor, _ number: UInt64) throws -> Tensor {
        guard let seed, probability > 0 else { return x }
        let stream = try RandomStream(seed: seed &+ number &* 0x9E37_79B9_7F4A_7C15, on: x.device)
        return try x.dropout(probability, stream)
    }
}
