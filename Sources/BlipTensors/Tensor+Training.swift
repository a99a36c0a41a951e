import CTorch

extension Tensor {
    /// Zeroes elements with the probability given, as the stream draws them, and scales the others up.
    public func dropout(_ probability: Double, _ stream: RandomStream) throws(TensorError) -> Tensor {
        try produce("dropout", [self]) { ctorch_dropout_drawn(handle, probability, stream.handle, $0, $1) }
    }

    /// What `body` makes of `inputs`, without keeping what it computes on the way: for gradients it is computed once more.
    ///
    /// - Parameters:
    ///   - inputs: everything inside that gradients flow to; others may be captured. At least one.
    ///   - body: runs now, and again in ``backward(_:)``; it must give the same both times. On CUDA the second time is on a thread of libtorch,
    ///     while the one that called waits.
    ///   - isWanted: false runs `body` as it is.
    public static func recomputed(
        _ inputs: [Tensor], if isWanted: Bool = true, _ body: @escaping ([Tensor]) throws -> Tensor
    ) throws -> Tensor {
        guard isWanted, recordsGradients, inputs.contains(where: \.requiresGradient) else { return try body(inputs) }
        let context = Unmanaged.passRetained(Recomputation(body)).toOpaque()
        let handles: [OpaquePointer?] = inputs.map(\.handle)
        return try produce("recomputed", inputs) { out, message in
            ctorch_recompute(
                { context, handles, count, out, message in
                    Recomputation.run(context, handles, count, out, message)
                }, { context in context.map { Unmanaged<Recomputation>.fromOpaque($0).release() } }, context, handles, Int32(handles.count),
                out, message)
        }
    }
}

/// A closure that C can hold.
private final class Recomputation {
    private let body: ([Tensor]) throws -> Tensor

    init(_ body: @escaping ([Tensor]) throws -> Tensor) { self.body = body }

    static func run(
        _ context: UnsafeMutableRawPointer?, _ handles: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int32,
        _ out: UnsafeMutablePointer<OpaquePointer?>?, _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> ctorch_status {
        let inputs = (0..<Int(count)).compactMap { handles?[$0].map(Tensor.init) }
        guard let context else { return ctorch_status(CTORCH_ERROR) }
        do {
            let result = try Unmanaged<Recomputation>.fromOpaque(context).takeUnretainedValue().body(inputs)
            // A handle of its own, since this one goes with the object.
            var error: UnsafeMutablePointer<CChar>?
            let status = ctorch_alias(result.handle, out, &error)
            message?.pointee = error
            return status
        } catch let error as TensorError {
            message?.pointee = duplicate("\(error)")
            if case .outOfMemory = error { return ctorch_status(CTORCH_OUT_OF_MEMORY) }
            return ctorch_status(CTORCH_ERROR)
        } catch {
            message?.pointee = duplicate("\(error)")
            return ctorch_status(CTORCH_ERROR)
        }
    }

    private static func duplicate(_ text: String) -> UnsafeMutablePointer<CChar>? { text.withCString { ctorch_copy_message($0) } }
}

/// Runs `body` with operations of a device cast to a narrower type where libtorch finds that harmless; weights stay what they are.
///
/// The setting belongs to the thread, so the closure is synchronous.
///
/// - Parameter type: bfloat16 or float16; nil casts nothing.
public func withAutocast<Result>(_ type: DType?, on device: Device, _ body: () throws -> Result) throws -> Result {
    guard let type else { return try body() }
    var (wasEnabled, wasType) = (false, type.code)
    try check("autocast") { ctorch_autocast(device.code, true, type.code, &wasEnabled, &wasType, $0) }
    defer {
        var (enabled, other) = (false, type.code)
        var message: UnsafeMutablePointer<CChar>?
        // What could be set before can be set back.
        if Int(ctorch_autocast(device.code, wasEnabled, wasType, &enabled, &other, &message)) != CTORCH_OK { ctorch_free_message(message) }
    }
    return try body()
}

/// The tensors that an optimizer changes, together.
public enum Gradients {
    /// The Euclidean norm of all gradients as one vector.
    public static func norm(_ parameters: [Tensor]) throws(TensorError) -> Double {
        var norm = 0.0
        let handles: [OpaquePointer?] = parameters.map(\.handle)
        try check("gradient norm") { ctorch_gradient_norm(handles, Int32(handles.count), &norm, $0) }
        return norm
    }

    /// Multiplies every gradient.
    public static func scale(_ parameters: [Tensor], by factor: Double) throws(TensorError) {
        let handles: [OpaquePointer?] = parameters.map(\.handle)
        try check("gradient scaling") { ctorch_scale_gradients(handles, Int32(handles.count), factor, $0) }
    }

    /// Moves tensors toward others by a share of the way, in place: 1 copies them.
    public static func move(_ tensors: [Tensor], toward others: [Tensor], by share: Double) throws(TensorError) {
        let (handles, ends): ([OpaquePointer?], [OpaquePointer?]) = (tensors.map(\.handle), others.map(\.handle))
        for (tensor, other) in zip(tensors, others) where tensor.shape != other.shape || tensor.dtype != other.dtype {
            throw .operation(
                name: "move", shapes: ["\(tensor.shape)", "\(other.shape)"], reason: "both have the same shape and type")
        }
        guard tensors.count == others.count else {
            throw .operation(name: "move", shapes: [], reason: "\(tensors.count) tensors cannot be moved toward \(others.count)")
        }
        try check("move") { ctorch_move(handles, ends, Int32(handles.count), share, $0) }
    }

    /// One step of AdamW, in place: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019; `torch.optim.AdamW`.
    ///
    /// - Parameters:
    ///   - parameters: one without a gradient has one of zeros, and decays.
    ///   - means: running means of gradients; `squares`: of their squares. Of the parameters' shapes and types; zeros before the first step.
    ///   - step: counted from 1.
    public static func adamW(
        _ parameters: [Tensor], means: [Tensor], squares: [Tensor], step: Int, rate: Double, betas: (Double, Double), decay: Double,
        epsilon: Double
    ) throws(TensorError) {
        precondition(means.count == parameters.count && squares.count == parameters.count, "a mean and a square for each parameter")
        var settings = ctorch_adamw_settings(
            step: Double(step), rate: rate, beta1: betas.0, beta2: betas.1, decay: decay, epsilon: epsilon)
        let handles: [OpaquePointer?] = parameters.map(\.handle)
        let (first, second): ([OpaquePointer?], [OpaquePointer?]) = (means.map(\.handle), squares.map(\.handle))
        // libtorch does not look at every tensor's size and type before it writes.
        for (parameter, (mean, square)) in zip(parameters, zip(means, squares)) {
            guard mean.shape == parameter.shape, square.shape == parameter.shape, mean.dtype == parameter.dtype,
                square.dtype == parameter.dtype
            else {
                throw .operation(
                    name: "AdamW", shapes: ["\(parameter.shape)", "\(mean.shape)", "\(square.shape)"],
                    reason: "means and squares have their parameter's shape and type")
            }
        }
        try check("AdamW") { ctorch_adamw(handles, first, second, Int32(handles.count), &settings, $0) }
    }
}
