/// A JSON document as it stands in the file: object members keep their order, and keys and strings keep their bytes.
///
/// Foundation's decoders build `Dictionary<String, _>`, whose keys compare by canonical equivalence: a vocabulary that holds both
/// `"é"` (one scalar) and `"e\u{301}"` (two) would silently lose a token, and a file with a duplicate key would silently lose a value.
/// Vocabularies and safetensors headers are therefore read through this type.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// An integer that fits 64 bits, written without fraction or exponent.
    case integer(Int)
    case number(Double)
    case string(JSONString)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value.description } else { nil } }
    public var bytes: [UInt8]? { if case .string(let value) = self { value.bytes } else { nil } }
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The value of an integer or a number with fraction or exponent.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The member of an object; nil for other kinds of value, and for `null`.
    public subscript(key: JSONString) -> JSONValue? {
        guard case .object(let object) = self, let value = object[key] else { return nil }
        if case .null = value { return nil }
        return value
    }
}
