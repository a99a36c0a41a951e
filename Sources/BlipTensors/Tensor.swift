import CTorch

/// An array of numbers on a device: a handle on a libtorch tensor.
///
/// Operations throw ``TensorError``, because out of memory can come from any of them; one `try` covers an expression:
///
/// ```swift
/// let y = try (x.matmul(w) + b).gelu()
/// ```
///
/// A tensor is not `Sendable`: libtorch's gradient mode belongs to a thread, and views share memory. One thread owns all tensors of a
/// model (see `Assistant` in `Blip`); arrays of Swift numbers travel between threads.
public final class Tensor {
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { ctorch_release(handle) }

    // MARK: What it is

    public var rank: Int { Int(ctorch_rank(handle)) }

    public var shape: [Int] { (0..<ctorch_rank(handle)).map { Int(ctorch_size(handle, $0)) } }

    /// The size of one dimension; negative ones count from the end.
    /// - Precondition: `-rank <= dimension < rank`.
    public func size(_ dimension: Int) -> Int {
        let place = dimension < 0 ? dimension + rank : dimension
        precondition(place >= 0 && place < rank, "a tensor of rank \(rank) has no dimension \(dimension)")
        return Int(ctorch_size(handle, Int32(place)))
    }

    /// The number of elements.
    public var count: Int { Int(ctorch_count(handle)) }

    /// The element type.
    ///
    /// Every tensor this package makes has one of these types; a type libtorch alone knows reads as `float64`, see ``typeName``.
    public var dtype: DType { DType(code: ctorch_type_of(handle)) ?? .float64 }

    var typeName: String { DType(code: ctorch_type_of(handle))?.rawValue ?? "another type" }

    public var device: Device { Device(code: ctorch_device_of(handle)) }

    public var isContiguous: Bool { ctorch_is_contiguous(handle) }

    // MARK: Elements out

    /// All elements in row-major order, as `float32` (other types are converted).
    public func floats() throws(TensorError) -> [Float] {
        try elements(of: dtype == .float32 ? self : to(.float32), zero: Float(0))
    }

    /// All elements in row-major order, as integers.
    /// - Throws: ``TensorError/typeMismatch(operation:expected:found:)`` for floating-point tensors.
    public func integers() throws(TensorError) -> [Int] {
        guard !dtype.isFloatingPoint else { throw .typeMismatch(operation: "integers", expected: .int64, found: dtype) }
        return try elements(of: dtype == .int64 ? self : to(.int64), zero: Int64(0)).map(Int.init)
    }

    /// The only element.
    public func item() throws(TensorError) -> Double {
        var value = 0.0
        try check("item", [self]) { ctorch_item(handle, &value, $0) }
        return value
    }

    /// The only element of an integer tensor.
    /// - Throws: ``TensorError/typeMismatch(operation:expected:found:)`` for floating-point tensors.
    public func integer() throws(TensorError) -> Int {
        guard !dtype.isFloatingPoint else { throw .typeMismatch(operation: "integer", expected: .int64, found: dtype) }
        var value: Int64 = 0
        try check("integer", [self]) { ctorch_item_integer(handle, &value, $0) }
        return Int(value)
    }

    /// Copies the elements, as they are, to the memory given.
    ///
    /// - Parameter destination: room for exactly `count * dtype.byteCount` bytes.
    public func copyBytes(to destination: UnsafeMutableRawBufferPointer) throws(TensorError) {
        try check("copyBytes", [self]) { ctorch_copy_out(handle, destination.baseAddress, destination.count, $0) }
    }

    /// The elements' memory, row-major, without a copy where the tensor is contiguous and on the CPU.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        let host = try device == .cpu ? contiguous() : to(.cpu).contiguous()
        return try withExtendedLifetime(host) {
            try body(UnsafeRawBufferPointer(start: ctorch_data(host.handle), count: host.count * host.dtype.byteCount))
        }
    }

    private func elements<Element>(of tensor: Tensor, zero: Element) throws(TensorError) -> [Element] {
        // Before room is made: a tensor without memory, or one expanded beyond all memory, must fail here, where failing is an error.
        let host = try tensor.to(.cpu).contiguous()
        var result = [Element](repeating: zero, count: host.count)
        let outcome = result.withUnsafeMutableBytes { bytes in
            Swift.Result { () throws(TensorError) in try host.copyBytes(to: bytes) }
        }
        try outcome.get()
        return result
    }
}

extension Tensor: CustomStringConvertible {
    /// Shape, type and device.
    public var description: String { "Tensor\(shape) \(typeName) on \(device)" }
}
