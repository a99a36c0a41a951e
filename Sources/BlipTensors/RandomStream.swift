import CTorch

/// A seeded stream of random numbers: the same seed gives the same numbers on the same device.
public final class RandomStream {
    let handle: OpaquePointer
    private let device: Device

    public init(seed: UInt64, on device: Device = .cpu) throws(TensorError) {
        try device.requireAvailable()
        var handle: OpaquePointer?
        try check("random stream") { ctorch_generator_create(seed, device.code, &handle, $0) }
        guard let handle else { throw .operation(name: "random stream", shapes: [], reason: "no generator was returned") }
        self.handle = handle
        self.device = device
    }

    deinit { ctorch_generator_release(handle) }

    /// Normally distributed numbers, mean 0 and standard deviation 1.
    public func normal(_ shape: [Int], _ type: DType = .float32) throws(TensorError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try produce("normal \(shape)") { ctorch_random_normal(handle, sizes, Int32(sizes.count), type.code, device.code, $0, $1) }
    }

    /// Uniformly distributed numbers in [0, 1).
    public func uniform(_ shape: [Int], _ type: DType = .float32) throws(TensorError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try produce("uniform \(shape)") { ctorch_random_uniform(handle, sizes, Int32(sizes.count), type.code, device.code, $0, $1) }
    }

    /// Indices drawn in proportion to the probabilities [N] or [B, N], which need not sum to one.
    public func draw(_ count: Int, from probabilities: Tensor, replacing: Bool = true) throws(TensorError) -> Tensor {
        try produce("draw", [probabilities]) { ctorch_multinomial(probabilities.handle, Int64(count), replacing, handle, $0, $1) }
    }

    /// Where the stream stands, as bytes: a stream set to it goes on with the same numbers.
    public var state: Tensor {
        get throws(TensorError) { try produce("random state") { ctorch_generator_state(handle, $0, $1) } }
    }

    public func setState(_ state: Tensor) throws(TensorError) {
        try check("random state", [state]) { ctorch_generator_set_state(handle, state.handle, $0) }
    }
}
