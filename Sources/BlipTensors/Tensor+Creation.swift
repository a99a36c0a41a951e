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

    public static func full(_ shape: [Int], _ value: Double, _ type: DType = .float32, on device: Device = .cpu) throws(TensorError)
        -> Tensor
    {
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
        let sizes = shape.map(Int64.init)
        return try produce("empty \(shape)") { ctorch_empty(sizes, Int32(sizes.count), type.code, device.code, $0, $1) }
    }

    /// `start, start + step, ...` below `end`, as `int64`.
    public static func range(_ start: Int = 0, _ end: Int, step: Int = 1, on device: Device = .cpu) throws(TensorError) -> Tensor {
        try produce("range \(start)..<\(end)") { ctorch_arange(Int64(start), Int64(end), Int64(step), device.code, $0, $1) }
    }

    /// A tensor over memory that somebody else owns, without a copy.
    ///
    /// - Parameters:
    ///   - bytes: exactly the elements, row-major, aligned for the type; never written through this tensor if the memory is read-only.
    ///   - owner: kept alive until the last tensor that shares the memory is gone.
    public static func borrowing(
        _ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ type: DType, owner: AnyObject
    ) throws(TensorError) -> Tensor {
        let needed = shape.reduce(1, *) * type.byteCount
        guard needed == bytes.count else {
            throw .wrongElementCount(shape: shape, expected: needed / type.byteCount, found: bytes.count / type.byteCount)
        }
        guard let base = bytes.baseAddress, needed > 0 else { return try empty(shape, type) }
        let sizes = shape.map(Int64.init)
        let context = Unmanaged.passRetained(owner).toOpaque()
        return try produce("borrowing \(shape)") {
            ctorch_borrow(
                base, sizes, Int32(sizes.count), type.code,
                { context in if let context { Unmanaged<AnyObject>.fromOpaque(context).release() } },
                context, $0, $1)
        }
    }

    /// Copies raw elements into a new tensor on the CPU.
    public static func copying(bytes: UnsafeRawBufferPointer, _ shape: [Int], _ type: DType) throws(TensorError) -> Tensor {
        let expected = shape.reduce(1, *)
        guard expected * type.byteCount == bytes.count else {
            throw .wrongElementCount(shape: shape, expected: expected, found: bytes.count / type.byteCount)
        }
        let sizes = shape.map(Int64.init)
        return try produce("copying \(shape)") { ctorch_copy_in(bytes.baseAddress, sizes, Int32(sizes.count), type.code, $0, $1) }
    }

    private static func copying<Element>(_ elements: [Element], _ shape: [Int], _ type: DType) throws(TensorError) -> Tensor {
        let result = elements.withUnsafeBytes { bytes in
            Swift.Result { () throws(TensorError) in try copying(bytes: bytes, shape, type) }
        }
        return try result.get()
    }
}
