import CTorch
import Foundation

/// How the weights of a packed matrix are stored.
///
/// In both, 32 neighbours in a row share one float16 scale.
public enum PackedFormat: String, Sendable, CaseIterable, Codable {
    /// 4-bit integers: 4.5 bits a weight.
    case q4
    /// 8-bit integers: 8.5 bits a weight.
    case q8

    var code: Int32 { self == .q4 ? 4 : 8 }

    /// Bytes of a packed matrix, its header included; nil when the shape is impossible.
    ///
    /// Rows are padded to a multiple of 16, columns to one of 64.
    public func byteCount(rows: Int, columns: Int) -> Int? {
        let size = ctorch_packed_size(code, Int64(rows), Int64(columns))
        return size == 0 ? nil : Int(exactly: size)
    }
}

/// A weight matrix [rows, columns] of 4- or 8-bit integers, in the order in which the products of this machine's processor read it.
///
/// The bytes are the same on disk, so that a checkpoint of packed matrices is opened by mapping it. Packed weights are frozen and on the
/// CPU: gradients pass through a product with one to its input, and end there. Layout: `CKernels.h`.
public struct PackedMatrix {
    public let format: PackedFormat
    public let rows: Int
    public let columns: Int
    /// `uint8`, as on disk.
    public let bytes: Tensor

    /// - Parameter bytes: a contiguous `uint8` tensor on the CPU of exactly ``PackedFormat/byteCount(rows:columns:)`` elements.
    /// - Throws: ``TensorError/operation(name:shapes:reason:)`` when it is none, or packed for another format or shape.
    public init(_ format: PackedFormat, rows: Int, columns: Int, bytes: Tensor) throws(TensorError) {
        let isWhole = bytes.dtype == .uint8 && bytes.isContiguous && bytes.device == .cpu && rows > 0 && columns > 0
        guard isWhole, bytes.count == format.byteCount(rows: rows, columns: columns),
            ctorch_packed_fits(format.code, Int64(rows), Int64(columns), ctorch_data(bytes.handle))
        else {
            throw .operation(
                name: "packed matrix", shapes: ["\(bytes.shape) \(bytes.typeName)"],
                reason: "these bytes are not a \(format.rawValue) matrix of shape [\(rows), \(columns)]")
        }
        self.format = format
        self.rows = rows
        self.columns = columns
        self.bytes = bytes
    }

    /// Packs a matrix [rows, columns]. Each group's scale is the one of least squared error.
    public init(packing weights: Tensor, as format: PackedFormat) throws(TensorError) {
        self.format = format
        (rows, columns) = weights.rank == 2 ? (weights.size(0), weights.size(1)) : (0, 0)
        bytes = try produce("pack", [weights]) { ctorch_pack(weights.handle, format.code, $0, $1) }
    }

    /// Random weights of a standard deviation, for measurements.
    public init(randomRows rows: Int, columns: Int, as format: PackedFormat, deviation: Double, seed: UInt64) throws(TensorError) {
        self.format = format
        (self.rows, self.columns) = (rows, columns)
        bytes = try produce("random packed [\(rows), \(columns)]") {
            ctorch_random_packed(format.code, Int64(rows), Int64(columns), deviation, seed, $0, $1)
        }
    }

    /// The weights as float32 [rows, columns].
    public func unpacked() throws(TensorError) -> Tensor {
        var packed = code(bias: nil)
        return try produce("unpack", [bytes]) { ctorch_unpack(&packed, $0, $1) }
    }

    /// Whether no weight is NaN or infinite.
    public var isFinite: Bool {
        ctorch_packed_scales_are_finite(format.code, Int64(rows), Int64(columns), ctorch_data(bytes.handle))
    }

    func code(bias: Tensor?) -> ctorch_packed {
        ctorch_packed(format: format.code, rows: Int64(rows), columns: Int64(columns), bytes: bytes.handle, bias: bias?.handle)
    }
}

extension Tensor {
    /// `self @ weightᵀ + bias`: self [..., I], weight [O, I], bias [O] -> [..., O] in self's type.
    ///
    /// The rows of self are rounded to 8 bits in groups of 32 columns; sums are float32. NaN stays NaN.
    public func linear(_ weight: PackedMatrix, _ bias: Tensor? = nil) throws(TensorError) -> Tensor {
        try linear([(weight, bias)])[0]
    }

    /// Several products of this input at once, as queries, keys and values: it is rounded once, and threads start once.
    public func linear(_ weights: [(weight: PackedMatrix, bias: Tensor?)]) throws(TensorError) -> [Tensor] {
        let packed = weights.map { $0.weight.code(bias: $0.bias) }
        var results = [OpaquePointer?](repeating: nil, count: packed.count)
        defer { withExtendedLifetime(weights) {} }
        try check("linear", [self] + weights.map(\.weight.bytes)) { message in
            ctorch_linear_packed(handle, packed, Int32(packed.count), &results, message)
        }
        return results.compactMap { $0.map(Tensor.init) }
    }
}

/// The products of this machine's processor, and what it is capable of.
public enum Kernels {
    /// `avx512vnni`, `avxvnni`, `avx2`, `neon` or `portable`; the environment variable `INSTRUCTBLIP_KERNELS` chooses a lesser one.
    public static var name: String { String(cString: ctorch_kernels()) }

    /// What products with weights have taken: seconds, bytes of weights read, operations (a multiplication and an addition are two).
    public struct Work: Sendable {
        public let seconds, bytes, operations: Double
    }

    /// The work of the whole process since this was last called.
    public static func takeWork() -> Work {
        let work = ctorch_take_work()
        return Work(seconds: work.seconds, bytes: work.bytes, operations: work.operations)
    }

    /// Takes another instruction set on the calling thread, for tests; nil goes back to the best.
    ///
    /// - Returns: false where this processor has none of the name.
    static func choose(_ name: String?) -> Bool { ctorch_choose_kernels(name) }

    /// Bytes per second at which all threads together read memory: the limit of decoding.
    ///
    /// - Parameter memory: much larger than all caches.
    public static func measureReading(_ memory: Tensor) -> Double { ctorch_measure_read(memory.handle) }

    /// 8-bit multiplications and additions per second of all threads together, in registers: the limit of reading pictures and prompts.
    public static func measureIntegers(seconds: Double) -> Double { ctorch_measure_integers(seconds) }

    /// The same with floats, in the best way this processor has for a type.
    public static func measureFloats(_ type: DType, seconds: Double) -> Double { ctorch_measure_floats(type.code, seconds) }
}

extension Tensor {
    /// Random weights of a standard deviation, made quickly, for measurements: float32, bfloat16 or float16.
    public static func randomWeights(_ shape: [Int], _ type: DType, deviation: Double, seed: UInt64) throws(TensorError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try produce("random weights \(shape)") {
            ctorch_random_weights(sizes, Int32(sizes.count), type.code, deviation, seed, $0, $1)
        }
    }
}
