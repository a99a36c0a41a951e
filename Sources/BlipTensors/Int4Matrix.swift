import CTorch

/// A matrix of 4-bit weights [rows, columns] on a device that has no kernels of ours, for libtorch's own product with such weights.
///
/// It holds them twice: in the order of that product, which is for a few rows, and in one from which they are quickly unpacked, for many rows and
/// for gradients. Scales are rounded to bfloat16, in which everything is computed.
public struct Int4Matrix {
    public let rows: Int
    public let columns: Int
    private let codes, scales, tiles: Tensor

    /// Whether libtorch has a product for a shape: whole tiles of 16 rows and 64 columns.
    public static func fits(rows: Int, columns: Int) -> Bool { ctorch_int4_fits(Int64(rows), Int64(columns)) }

    /// - Throws: ``TensorError/operation(name:shapes:reason:)`` for other weights than 4-bit ones, or a shape that does not fit.
    public init(_ matrix: PackedMatrix, on device: Device) throws(TensorError) {
        (rows, columns) = (matrix.rows, matrix.columns)
        try device.requireAvailable()
        var (packed, parts) = (matrix.code(bias: nil), ctorch_int4_parts())
        try check("4-bit weights on \(device)", [matrix.bytes]) { ctorch_int4(&packed, device.code, &parts, $0) }
        guard let codes = parts.codes, let scales = parts.scales, let tiles = parts.tiles else {
            throw .operation(name: "4-bit weights on \(device)", shapes: [], reason: "nothing was made")
        }
        (self.codes, self.scales, self.tiles) = (Tensor(codes), Tensor(scales), Tensor(tiles))
    }

    public var byteCount: Int { [codes, scales, tiles].map { $0.count * $0.dtype.byteCount }.reduce(0, +) }

    /// Lays matrices of one input side by side in memory, so that a product with all of them is one.
    ///
    /// - Returns: false where their tiles would mix, and they stay as they are.
    public static func adjoin(_ matrices: [Int4Matrix]) throws(TensorError) -> Bool {
        // On the CPU 64 rows are a tile.
        guard Set(matrices.map(\.columns)).count == 1, matrices.allSatisfy({ $0.rows % 64 == 0 }) else { return false }
        try Tensor.adjoin(matrices.map(\.codes), 0)
        try Tensor.adjoin(matrices.map(\.scales), 1)
        try Tensor.adjoin(matrices.map(\.tiles), 0)
        return true
    }

    fileprivate var parts: ctorch_int4_parts { ctorch_int4_parts(codes: codes.handle, scales: scales.handle, tiles: tiles.handle) }
}

extension Tensor {
    /// `self @ weightᵀ + bias`: self [..., I], weight [O, I], bias [O] -> [..., O] in self's type; gradients pass through to self.
    public func linear(_ weight: Int4Matrix, _ bias: Tensor? = nil) throws(TensorError) -> Tensor {
        try linear([(weight, bias)])[0]
    }

    /// Several products of this input, as queries, keys and values: one, where the weights lie side by side.
    public func linear(_ layers: [(weight: Int4Matrix, bias: Tensor?)]) throws(TensorError) -> [Tensor] {
        let codes = layers.map { ctorch_int4_layer(weight: $0.weight.parts, bias: $0.bias?.handle) }
        var results = [OpaquePointer?](repeating: nil, count: codes.count)
        defer { withExtendedLifetime(layers) {} }
        try check("linear", [self]) { ctorch_linear_int4(handle, codes, Int32(codes.count), &results, $0) }
        return results.compactMap { $0.map(Tensor.init) }
    }
}

extension PackedMatrix {
    /// The weights as ordinary numbers of a type on a device [rows, columns].
    public func unpacked(as type: DType, on device: Device) throws(TensorError) -> Tensor {
        try device.requireAvailable()
        var packed = code(bias: nil)
        return try produce("unpack on \(device)", [bytes]) { ctorch_unpack_on(&packed, type.code, device.code, $0, $1) }
    }
}
