import BlipTensors

/// An exponential moving average of weights that are trained, in float32 beside them.
///
/// What it keeps of itself grows from little to `decay`, as `(1 + step) / (10 + step)`, so that the first weights are soon forgotten. Source: the
/// optional `num_updates` of TensorFlow's `ExponentialMovingAverage`.
final class MovingAverage {
    let decay: Double
    private let tensors: [Tensor]
    /// In the order of the weights.
    let averages: [Tensor]

    init(_ tensors: [Tensor], decay: Double) throws {
        self.decay = decay
        self.tensors = tensors
        averages = try tensors.map { tensor in try withoutGradients { try tensor.to(.float32).clone() } }
    }

    /// - Parameter step: the optimizer's, counted from 1.
    func update(step: Int) throws {
        let kept = min(decay, Double(1 + step) / Double(10 + step))
        try Gradients.move(averages, toward: tensors, by: 1 - kept)
    }

    /// Begins anew at the weights as they are.
    func reset() throws { try Gradients.move(averages, toward: tensors, by: 1) }

    /// Runs `body` with the averages in place of the weights.
    func inPlace<Result>(_ body: () throws -> Result) throws -> Result {
        let weights = try tensors.map { tensor in try withoutGradients { try tensor.clone() } }
        try copy(averages)
        let outcome = Swift.Result { try body() }
        try copy(weights)
        return try outcome.get()
    }

    private func copy(_ values: [Tensor]) throws {
        try withoutGradients { for (tensor, value) in zip(tensors, values) { try tensor.copy(from: value) } }
    }
}
