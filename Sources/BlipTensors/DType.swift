import CTorch

/// The type of a tensor's elements.
public enum DType: String, Sendable, Hashable, CaseIterable, Codable {
    case float32, bfloat16, float16, float64
    case int64, int32, int16, int8, uint8, bool

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .float32, .bfloat16, .float16, .float64: true
        default: false
        }
    }

    var code: ctorch_type {
        switch self {
        case .float32: ctorch_type(CTORCH_FLOAT32)
        case .bfloat16: ctorch_type(CTORCH_BFLOAT16)
        case .float16: ctorch_type(CTORCH_FLOAT16)
        case .float64: ctorch_type(CTORCH_FLOAT64)
        case .int64: ctorch_type(CTORCH_INT64)
        case .int32: ctorch_type(CTORCH_INT32)
        case .int16: ctorch_type(CTORCH_INT16)
        case .int8: ctorch_type(CTORCH_INT8)
        case .uint8: ctorch_type(CTORCH_UINT8)
        case .bool: ctorch_type(CTORCH_BOOL)
        }
    }

    init?(code: ctorch_type) {
        guard let type = DType.allCases.first(where: { $0.code == code }) else { return nil }
        self = type
    }
}
