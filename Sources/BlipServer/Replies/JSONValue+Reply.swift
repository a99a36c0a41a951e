import BlipJSON

extension JSONValue {
    static func text(_ text: String) -> JSONValue { .string(JSONString(bytes: Array(text.utf8))) }

    /// An object; members that are nil are left out.
    static func record(_ members: KeyValuePairs<JSONString, JSONValue?>) -> JSONValue {
        .object(JSONObject(members.compactMap { key, value in value.map { (key: key, value: $0) } }))
    }

    static func list(_ elements: some Sequence<JSONValue>) -> JSONValue { .array(Array(elements)) }

    /// A number rounded to thousandths, for people.
    static func milliseconds(_ seconds: Double) -> JSONValue { .number((seconds * 1e6).rounded() / 1e3) }

    /// The document on one line, without spaces.
    var compact: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += "\(value)".utf8
        // JSON has no infinity.
        case .number(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (place, member) in object.members.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ string: JSONString, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\""))
        string.withUnsafeBytes { bytes in
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
                case UInt8(ascii: "\n"): result += "\\n".utf8
                case ..<0x20, 0x7F:
                    let digits = String(byte, radix: 16)
                    result += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
                default: result.append(byte)
                }
            }
        }
        result.append(UInt8(ascii: "\""))
    }
}
