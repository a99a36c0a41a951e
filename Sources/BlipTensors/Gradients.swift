import CTorch

extension Tensor {
    /// Whether gradients are gathered for this tensor.
    public var requiresGradient: Bool { ctorch_requires_gradient(handle) }

    public func requireGradient(_ required: Bool = true) throws(TensorError) {
        try check("requireGradient", [self]) { ctorch_require_gradient(handle, required, $0) }
    }

    /// Adds d(self)/d(leaf) to the gradient of every leaf that requires one; self has one element, or `gradient` is given.
    public func backward(_ gradient: Tensor? = nil) throws(TensorError) {
        try check("backward", [self]) { ctorch_backward(handle, gradient?.handle, $0) }
    }

    /// The gradient gathered so far; nil before the first.
    public var gradient: Tensor? {
        get throws(TensorError) {
            var result: OpaquePointer?
            try check("gradient", [self]) { ctorch_gradient(handle, &result, $0) }
            return result.map(Tensor.init)
        }
    }

    public func clearGradient() throws(TensorError) { try check("clearGradient", [self]) { ctorch_clear_gradient(handle, $0) } }
}

/// Runs `body` without recording operations for gradients.
///
/// The mode belongs to the thread, so the closure is synchronous: nothing may suspend inside.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = ctorch_gradient_mode()
    ctorch_set_gradient_mode(false)
    defer { ctorch_set_gradient_mode(before) }
    return try body()
}

/// Whether operations are recorded for gradients on this thread.
public var recordsGradients: Bool { ctorch_gradient_mode() }
