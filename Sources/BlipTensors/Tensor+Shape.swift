import CTorch

// Shapes, types and indexing. Views share memory with the tensor they come from; negative dimensions count from the end.
extension Tensor {
    public func to(_ type: DType) throws(TensorError) -> Tensor {
        if dtype == type { return self }
        return try produce("to \(type.rawValue)", [self]) { ctorch_to_type(handle, type.code, $0, $1) }
    }

    public func to(_ target: Device) throws(TensorError) -> Tensor {
        if device == target { return self }
        try target.requireAvailable()
        return try produce("to \(target)", [self]) { ctorch_to_device(handle, target.code, $0, $1) }
    }

    /// Itself where the elements already lie in row-major order, else a copy that does.
    public func contiguous() throws(TensorError) -> Tensor {
        if isContiguous { return self }
        return try produce("contiguous", [self]) { ctorch_contiguous(handle, $0, $1) }
    }

    /// A copy with memory of its own.
    public func clone() throws(TensorError) -> Tensor { try produce("clone", [self]) { ctorch_clone(handle, $0, $1) } }

    /// The same memory, cut off from the gradient's history.
    public func detach() throws(TensorError) -> Tensor { try produce("detach", [self]) { ctorch_detach(handle, $0, $1) } }

    /// One size may be -1: it follows from the others.
    public func reshape(_ shape: [Int]) throws(TensorError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try produce("reshape to \(shape)", [self]) { ctorch_reshape(handle, sizes, Int32(sizes.count), $0, $1) }
    }

    /// Dimensions of size 1 repeated without copying; -1 keeps a size.
    public func expand(_ shape: [Int]) throws(TensorError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try produce("expand to \(shape)", [self]) { ctorch_expand(handle, sizes, Int32(sizes.count), $0, $1) }
    }

    public func permute(_ order: [Int]) throws(TensorError) -> Tensor {
        let sizes = order.map(Int64.init)
        return try produce("permute \(order)", [self]) { ctorch_permute(handle, sizes, Int32(sizes.count), $0, $1) }
    }

    public func transpose(_ first: Int, _ second: Int) throws(TensorError) -> Tensor {
        try produce("transpose", [self]) { ctorch_transpose(handle, Int64(first), Int64(second), $0, $1) }
    }

    public func squeeze(_ dimension: Int) throws(TensorError) -> Tensor {
        try produce("squeeze", [self]) { ctorch_squeeze(handle, Int64(dimension), $0, $1) }
    }

    public func unsqueeze(_ dimension: Int) throws(TensorError) -> Tensor {
        try produce("unsqueeze", [self]) { ctorch_unsqueeze(handle, Int64(dimension), $0, $1) }
    }

    /// Elements `range` of one dimension, a view.
    public func slice(_ dimension: Int, _ range: Range<Int>, step: Int = 1) throws(TensorError) -> Tensor {
        let exists = dimension >= -rank && dimension < rank
        guard exists, range.lowerBound >= 0, range.upperBound <= size(dimension) else {
            throw .operation(
                name: "slice \(range) of dimension \(dimension)", shapes: ["\(shape) \(typeName)"],
                reason: exists ? "the range leaves the tensor" : "the tensor has no such dimension")
        }
        return try produce("slice", [self]) {
            ctorch_slice(handle, Int64(dimension), Int64(range.lowerBound), Int64(range.upperBound), Int64(step), $0, $1)
        }
    }

    /// One element of a dimension, which disappears: a view.
    public func select(_ dimension: Int, _ index: Int) throws(TensorError) -> Tensor {
        try produce("select \(index)", [self]) { ctorch_select(handle, Int64(dimension), Int64(index), $0, $1) }
    }

    /// Copies of tensors on the CPU, waiting for their device once; those there already are themselves.
    public static func onHost(_ tensors: [Tensor]) throws(TensorError) -> [Tensor] {
        tensors.allSatisfy { $0.device == .cpu } ? tensors : try carried(tensors)
    }

    static func carried(_ tensors: [Tensor]) throws(TensorError) -> [Tensor] {
        let handles: [OpaquePointer?] = tensors.map(\.handle)
        var results = [OpaquePointer?](repeating: nil, count: tensors.count)
        defer { withExtendedLifetime(tensors) {} }
        try check("onHost", tensors) { ctorch_to_host(handles, Int32(handles.count), &results, $0) }
        return results.compactMap { $0.map(Tensor.init) }
    }

    public static func concatenate(_ parts: [Tensor], _ dimension: Int) throws(TensorError) -> Tensor {
        let handles: [OpaquePointer?] = parts.map(\.handle)
        return try produce("concatenate", parts) { ctorch_concatenate(handles, Int32(handles.count), Int64(dimension), $0, $1) }
    }

    public static func stack(_ parts: [Tensor], _ dimension: Int = 0) throws(TensorError) -> Tensor {
        let handles: [OpaquePointer?] = parts.map(\.handle)
        return try produce("stack", parts) { ctorch_stack(handles, Int32(handles.count), Int64(dimension), $0, $1) }
    }

    public func flip(_ dimension: Int) throws(TensorError) -> Tensor {
        try produce("flip", [self]) { ctorch_flip(handle, Int64(dimension), $0, $1) }
    }

    /// Each element of a dimension `times` times in a row.
    public func repeatEach(_ times: Int, _ dimension: Int = 0) throws(TensorError) -> Tensor {
        try produce("repeatEach", [self]) { ctorch_repeat_interleave(handle, Int64(times), Int64(dimension), $0, $1) }
    }

    /// Elements on and below the given diagonal; zeros above.
    public func lowerTriangle(diagonal: Int = 0) throws(TensorError) -> Tensor {
        try produce("lowerTriangle", [self]) { ctorch_triangle(handle, Int64(diagonal), false, $0, $1) }
    }

    /// Rows (or other slices) in the order of `indices` [N].
    public func selecting(_ indices: Tensor, _ dimension: Int = 0) throws(TensorError) -> Tensor {
        try produce("selecting", [self, indices]) { ctorch_index_select(handle, Int64(dimension), indices.handle, $0, $1) }
    }

    public func gather(_ indices: Tensor, _ dimension: Int) throws(TensorError) -> Tensor {
        try produce("gather", [self, indices]) { ctorch_gather(handle, Int64(dimension), indices.handle, $0, $1) }
    }

    public func scatter(_ source: Tensor, at indices: Tensor, _ dimension: Int) throws(TensorError) -> Tensor {
        try produce("scatter", [self, indices, source]) { ctorch_scatter(handle, Int64(dimension), indices.handle, source.handle, $0, $1) }
    }

    /// `value` where the mask is true, the tensor's own elements elsewhere.
    public func filling(_ mask: Tensor, with value: Double) throws(TensorError) -> Tensor {
        try produce("filling", [self, mask]) { ctorch_masked_fill(handle, mask.handle, value, $0, $1) }
    }

    /// The elements where the mask is true, in row-major order: one dimension.
    public func masked(by mask: Tensor) throws(TensorError) -> Tensor {
        try produce("masked", [self, mask]) { ctorch_masked_select(handle, mask.handle, $0, $1) }
    }

    public static func choose(_ condition: Tensor, _ yes: Tensor, _ no: Tensor) throws(TensorError) -> Tensor {
        try produce("choose", [condition, yes, no]) { ctorch_where(condition.handle, yes.handle, no.handle, $0, $1) }
    }
}
