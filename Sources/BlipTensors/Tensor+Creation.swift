import CTorch

extension Tensor {
    /// Copies numbers into a new tensor on the CPU.
    ///
    /// - Parameter shape: its product is the number of elements; nil gives one dimension.
    public static func of(_ elements: [Float], _ shape: [Int]? = nil) throws(TensorError) -> Tensor {
        try copying(elements, shape ?? [elements.count], .float32)
    }

    /// Copies integers into a new `int64` tensor on the CPU.
    public static func of(_ elements: [Int], _ shape: [Int]? = nil) throws(TensorError) -> Tensor {
        try copying(elements.map(Int64.init), shape ?? [elements.count], .int64)
    }

    /// Copies truth values into a new `bool` tensor on the CPU.
    public static func of(_ elements: [Bool], _ shape: [Int]? = nil) throws(TensorError) -> Tensor {
        try copying(elements, shape ?? [elements.count], .bool)
    }

    public static func full(
        _ shape: [Int], _ value: Double, _ type: DType = .float32, on device: Device = .cpu
    ) throws(TensorError) -> Tensor {
        try device.requireAvailable()
        let sizes = shape.map(Int64.init)
        return try produce("full \(shape)") { ctorch_full(value, sizes, Int32(sizes.count), type.code, device.code, $0, $1) }
    }

    public static func zeros(_ shape: [Int], _ type: DType = .float32, on device: Device = .cpu) throws(TensorError) -> Tensor {
        try full(shape, 0, type, on: device)
    }

    public static func ones(_ shape: [Int], _ type: DType = .float32, on device: Device = .cpu) throws(TensorError) -> Tensor {
        try full(shape, 1, type, on: device)
    }

    /// Memory that was not written yet.
    public static func empty(_ shape: [Int], _ type: DType = .float32, on device: Device = .cpu) throws(TensorError) -> Tensor {
        try device.requireAvailable()
        let sizes = shape.map(Int64.init)
        return try produce("empty \(shape)") { ctorch_empty(sizes, Int32(sizes.count), type.code, device.code, $0, $1) }
    }

    /// `start, start + step, ...` below `end`, as `int64`.
    public static func range(_ start: Int, _ end: Int, step: Int = 1, on device: Device = .cpu) throws(TensorError) -> Tensor {
        try device.requireAvailable()
        return try produce("range \(start)..<\(end)") { ctorch_arange(Int64(start), Int64(end), Int64(step), device.code, $0, $1) }
    }

    /// A tensor over memory that somebody else owns, without a copy.
    ///
    /// - Parameters:
    ///   - bytes: exactly the elements, row-major, aligned for the type; never written through this tensor if the memory is read-only.
    ///   - owner: kept alive until the last tensor that shares the memory is gone.
    public static func borrowing(
        _ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ type: DType, owner: AnyObject
    ) throws(TensorError) -> Tensor {
        try checkCount("borrowing", bytes, shape, type)
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return try empty(shape, type) }
        let sizes = shape.map(Int64.init)
        let context = Unmanaged.passRetained(owner).toOpaque()
        return try produce("borrowing \(shape)") {
            ctorch_borrow(
                base, sizes, Int32(sizes.count), type.code,
                { context in if let context { Unmanaged<AnyObject>.fromOpaque(context).release() } }, context, $0, $1)
        }
    }

    /// Copies raw elements into a new tensor on the CPU.
    public static func copying(bytes: UnsafeRawBufferPointer, _ shape: [Int], _ type: DType) throws(TensorError) -> Tensor {
        try checkCount("copying", bytes, shape, type)
        let sizes = shape.map(Int64.init)
        return try produce("copying \(shape)") { ctorch_copy_in(bytes.baseAddress, sizes, Int32(sizes.count), type.code, $0, $1) }
    }

    /// Throws unless the bytes are exactly the elements of the shape.
    private static func checkCount(_ name: String, _ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ type: DType) throws(TensorError) {
        var expected = 1
        for size in shape {
            let (product, overflow) = expected.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else {
                throw .operation(name: "\(name) \(shape)", shapes: [], reason: size < 0 ? "a size is negative" : "the shape is too large")
            }
            expected = product
        }
        let (found, rest) = bytes.count.quotientAndRemainder(dividingBy: type.byteCount)
        guard rest == 0 else {
            throw .operation(name: "\(name) \(shape)", shapes: [], reason: "\(bytes.count) bytes are not whole \(type.rawValue) elements")
        }
        guard expected == found else { throw .wrongElementCount(shape: shape, expected: expected, found: found) }
    }

    private static func copying<Element>(_ elements: [Element], _ shape: [Int], _ type: DType) throws(TensorError) -> Tensor {
        let result = elements.withUnsafeBytes { bytes in
            Swift.Result { () throws(TensorError) in try copying(bytes: bytes, shape, type) }
        }
        return try result.get()
    }
}
