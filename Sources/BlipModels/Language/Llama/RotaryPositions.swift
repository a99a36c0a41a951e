import BlipTensors

/// Rotary position embedding: pairs of channels (i, i + d/2) turn by an angle proportional to the position.
///
/// Angles are computed in float32 and rounded to the model's type at the end, as in the reference.
struct RotaryPositions {
    let headSize: Int
    let theta: Double
    /// What positions are divided by.
    var factor = 1.0

    /// Cosines and sines [B, 1, T, d] for positions [B, T].
    struct Angles {
        let cosines: Tensor
        let sines: Tensor

        /// [B, H, T, d] -> [B, H, T, d]
        func rotate(_ x: Tensor) throws -> Tensor { try x.rotated(cosines: cosines, sines: sines) }
    }

    func angles(_ positions: Tensor, _ type: DType) throws -> Angles {
        let exponents = try Tensor.range(0, headSize, step: 2, on: positions.device).to(.float32) / Double(headSize)
        let base = try Tensor.full([1], theta, on: positions.device)
        let frequencies = try Tensor.ones([1], on: positions.device) / base.power(exponents) / factor  // [d / 2]
        let half = try positions.to(.float32).unsqueeze(2) * frequencies  // [B, T, d / 2]
        let whole = try Tensor.concatenate([half, half], 2).unsqueeze(1)
        return Angles(cosines: try whole.cos().to(type), sines: try whole.sin().to(type))
    }
}
