/// The kind of number a tensor holds, by its name in a safetensors file.
///
/// The cases stand in the order in which the reference implementation writes tensors: by falling element size, and at equal size as here.
/// The sub-byte and complex types that safetensors also knows (F4, F6, C64, ...) appear in no checkpoint of this family and are refused.
public enum ElementType: String, Sendable, CaseIterable {
    case uint64 = "U64"
    case int64 = "I64"
    case float64 = "F64"
    case float32 = "F32"
    case uint32 = "U32"
    case int32 = "I32"
    case bfloat16 = "BF16"
    case float16 = "F16"
    case uint16 = "U16"
    case int16 = "I16"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .uint64, .int64, .float64: 8
        case .float32, .uint32, .int32: 4
        case .bfloat16, .float16, .uint16, .int16: 2
        case .float8e4m3, .float8e5m2, .int8, .uint8, .bool: 1
        }
    }

    /// Bytes of a whole tensor; nil when a dimension is negative or the count does not fit 64 bits.
    ///
    /// The dimensions that are not zero must fit together even where another one is zero, because strides are made of their products.
    public func byteCount(of shape: [Int]) -> Int? {
        var count = byteCount
        for dimension in shape where dimension != 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflow else { return nil }
            count = product
        }
        return shape.contains(0) ? 0 : count
    }

    /// Where the reference implementation sorts this type; smaller comes earlier in a file.
    var writingRank: Int { Self.ranks[self] ?? 0 }

    private static let ranks = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
