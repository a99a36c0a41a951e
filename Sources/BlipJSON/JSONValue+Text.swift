extension JSONValue {
    /// The document as text, indented by two, members in their order; strings keep their bytes.
    public var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes, indentation: 0)
        bytes.append(UInt8(ascii: "\n"))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(to bytes: inout [UInt8], indentation: Int) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += "\(value)".utf8
        // JSON has no infinity; none can come out of the parser.
        case .number(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): value.writeQuoted(to: &bytes)
        case .array(let elements):
            Self.write(elements.count, "[", "]", to: &bytes, indentation) { bytes, index in
                elements[index].write(to: &bytes, indentation: indentation + 2)
            }
        case .object(let object):
            Self.write(object.members.count, "{", "}", to: &bytes, indentation) { bytes, index in
                object.members[index].key.writeQuoted(to: &bytes)
                bytes += ": ".utf8
                object.members[index].value.write(to: &bytes, indentation: indentation + 2)
            }
        }
    }

    private static func write(
        _ count: Int, _ open: String, _ close: String, to bytes: inout [UInt8], _ indentation: Int,
        _ element: (inout [UInt8], Int) -> Void
    ) {
        bytes += open.utf8
        for index in 0..<count {
            bytes += (index == 0 ? "\n" : ",\n").utf8
            bytes += repeatElement(0x20, count: indentation + 2)
            element(&bytes, index)
        }
        if count > 0 {
            bytes.append(0x0A)
            bytes += repeatElement(0x20, count: indentation)
        }
        bytes += close.utf8
    }
}

extension JSONString {
    fileprivate func writeQuoted(to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\""))
        withUnsafeBytes { bytes in
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
                case ..<0x20:
                    let digits = String(byte, radix: 16)
                    result += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8
                default: result.append(byte)
                }
            }
        }
        result.append(UInt8(ascii: "\""))
    }
}
