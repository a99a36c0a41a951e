import CTorch

// The operations of neural networks.
extension Tensor {
    public func matmul(_ other: Tensor) throws(TensorError) -> Tensor {
        try produce("matmul", [self, other]) { ctorch_matmul(handle, other.handle, $0, $1) }
    }

    /// `self @ weightᵀ + bias`: self [..., I], weight [O, I], bias [O] -> [..., O].
    public func linear(_ weight: Tensor, _ bias: Tensor? = nil) throws(TensorError) -> Tensor {
        try produce("linear", [self, weight]) { ctorch_linear(handle, weight.handle, bias?.handle, $0, $1) }
    }

    /// Several products of this input at once, as queries, keys and values. Weights that lie side by side (``adjoin(_:_:)``) are multiplied as one.
    public func linear(_ layers: [(weight: Tensor, bias: Tensor?)]) throws(TensorError) -> [Tensor] {
        let codes = layers.map { ctorch_layer(weight: $0.weight.handle, bias: $0.bias?.handle) }
        var results = [OpaquePointer?](repeating: nil, count: codes.count)
        // The codes hold handles alone, of tensors that must outlive the call.
        defer { withExtendedLifetime(layers) {} }
        try check("linear", [self] + layers.map(\.weight)) { ctorch_linear_together(handle, codes, Int32(codes.count), &results, $0) }
        return results.compactMap { $0.map(Tensor.init) }
    }

    /// Moves tensors to one memory, side by side along a dimension. All who hold them see them there.
    ///
    /// - Throws: ``TensorError`` where one gathers gradients, or their other sizes differ; then none is moved.
    public static func adjoin(_ parts: [Tensor], _ dimension: Int) throws(TensorError) {
        let handles: [OpaquePointer?] = parts.map(\.handle)
        try check("adjoin", parts) { ctorch_adjoin(handles, Int32(handles.count), Int64(dimension), $0) }
    }

    /// Rows of this table [V, D] by ids [...] -> [..., D].
    public func embedding(_ ids: Tensor) throws(TensorError) -> Tensor {
        try produce("embedding", [self, ids]) { ctorch_embedding(handle, ids.handle, $0, $1) }
    }

    /// self [B, C, H, W], kernel [O, C, K, K] -> [B, O, (H - K) / stride + 1, (W - K) / stride + 1].
    public func convolve(_ kernel: Tensor, _ bias: Tensor? = nil, stride: Int) throws(TensorError) -> Tensor {
        try produce("convolve", [self, kernel]) { ctorch_convolve(handle, kernel.handle, bias?.handle, Int64(stride), $0, $1) }
    }

    /// Normalised over the last dimension, whose size is the weight's.
    public func layerNorm(_ weight: Tensor, _ bias: Tensor?, epsilon: Double) throws(TensorError) -> Tensor {
        try produce("layerNorm", [self, weight]) { ctorch_layer_norm(handle, weight.handle, bias?.handle, epsilon, $0, $1) }
    }

    /// `weight · self / rms(self)` over the last dimension; the quotient is rounded to the weight's type first, which the result has.
    public func rmsNorm(_ weight: Tensor, epsilon: Double) throws(TensorError) -> Tensor {
        try produce("rmsNorm", [self, weight]) { ctorch_rms_norm(handle, weight.handle, epsilon, $0, $1) }
    }

    /// Turns each pair of channels (i, i + D/2) by an angle: self [B, H, T, D], cosines and sines [B or 1, 1, T, D].
    public func rotated(cosines: Tensor, sines: Tensor) throws(TensorError) -> Tensor {
        try produce("rotated", [self, cosines, sines]) { ctorch_rotate(handle, cosines.handle, sines.handle, $0, $1) }
    }

    /// The activations that ``gated(_:_:)`` knows.
    public enum Gate: Sendable {
        case silu, gelu, geluTanh, relu
    }

    /// `activation(self) · up`, element by element.
    public func gated(_ gate: Gate, _ up: Tensor) throws(TensorError) -> Tensor {
        let kind =
            switch gate {
            case .silu: CTORCH_SILU
            case .gelu: CTORCH_GELU
            case .geluTanh: CTORCH_GELU_TANH
            case .relu: CTORCH_RELU
            }
        return try produce("gated", [self, up]) { ctorch_gated(ctorch_unary_kind(kind), handle, up.handle, $0, $1) }
    }

    public func softmax(_ dimension: Int = -1) throws(TensorError) -> Tensor {
        try produce("softmax", [self]) { ctorch_softmax(handle, Int64(dimension), false, $0, $1) }
    }

    public func logSoftmax(_ dimension: Int = -1) throws(TensorError) -> Tensor {
        try produce("logSoftmax", [self]) { ctorch_softmax(handle, Int64(dimension), true, $0, $1) }
    }

    /// `softmax(scale · self keysᵀ + mask) values`, one row of weights per query.
    ///
    /// - Parameters:
    ///   - self: queries [B, H, Q, D]; keys and values [B, H, K, D].
    ///   - mask: `bool` (true: may look) or added to the scores; broadcasts to [B, H, Q, K].
    ///   - causal: query i sees keys 0...i; not together with a mask.
    public func attention(
        _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, causal: Bool = false, scale: Double, dropout: Double = 0
    ) throws(TensorError) -> Tensor {
        let operands = [self, keys, values] + (mask.map { [$0] } ?? [])
        // libtorch takes both without a word, and what it makes of them depends on the kernel.
        guard mask == nil || !causal else {
            let shapes = operands.map { "\($0.shape) \($0.typeName)" }
            throw .operation(name: "attention", shapes: shapes, reason: "a causal attention takes no mask")
        }
        return try produce("attention", operands) {
            ctorch_attention(handle, keys.handle, values.handle, mask?.handle, dropout, causal, scale, $0, $1)
        }
    }

    /// A step of decoding in one layer, in one pass: puts keys and values behind what is cached, and attends to all of it.
    ///
    /// For float32 on the CPU, without gradients, and few new positions; `attention` is for everything else.
    ///
    /// - Parameters:
    ///   - self: queries [B, T, H·D]; keys and values [B, T, K·D], where H is a multiple of K.
    ///   - angles: cosines and sines [B or 1, 1, T, D] that queries and keys are turned by; nil for none.
    ///   - cache: keys and values [B, K, capacity, D], contiguous, written at `length`.
    ///   - mask: `bool` or added; broadcasts to [B, H, T, length + T].
    /// - Returns: [B, T, H·D]
    public func attendStep(
        _ keys: Tensor, _ values: Tensor, angles: (cosines: Tensor, sines: Tensor)?, cache: (keys: Tensor, values: Tensor), length: Int,
        mask: Tensor?, scale: Double
    ) throws(TensorError) -> Tensor {
        var step = ctorch_step(
            queries: handle, keys: keys.handle, values: values.handle, cosines: angles?.cosines.handle, sines: angles?.sines.handle,
            key_cache: cache.keys.handle, value_cache: cache.values.handle, length: Int64(length), mask: mask?.handle, scale: scale)
        return try produce("attendStep", [self, keys, cache.keys]) { ctorch_attend_step(&step, $0, $1) }
    }

    /// Zeroes elements with the probability given and scales the others up.
    public func dropout(_ probability: Double) throws(TensorError) -> Tensor {
        try produce("dropout", [self]) { ctorch_dropout(handle, probability, $0, $1) }
    }

    /// What the shim leaves out of the mean: PyTorch's customary mark.
    public static let ignoredTarget = -100

    /// What becomes of the losses of single targets; the numbers are PyTorch's.
    public enum Reduction: Int64, Sendable { case none, mean, sum }

    /// Cross entropy of logits [N, V] against targets [N], over those that are not ``ignoredTarget``, whose own is zero.
    ///
    /// - Parameters:
    ///   - reduction: with `none` the result is [N].
    ///   - smoothing: the share of a target, 0 to 1, that all V classes have alike.
    public func crossEntropy(_ targets: Tensor, reduction: Reduction = .mean, smoothing: Double = 0) throws(TensorError) -> Tensor {
        try produce("crossEntropy", [self, targets]) {
            ctorch_cross_entropy(handle, targets.handle, Int64(Self.ignoredTarget), reduction.rawValue, smoothing, $0, $1)
        }
    }

    /// self [B, C, H, W] -> [B, C, height, width]; a = -0.75, corners not aligned, no anti-aliasing.
    public func resizedBicubic(height: Int, width: Int) throws(TensorError) -> Tensor {
        try produce("resizedBicubic", [self]) { ctorch_resize_bicubic(handle, Int64(height), Int64(width), $0, $1) }
    }
}
