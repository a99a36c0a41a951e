import BlipJSON

extension SafetensorsHeader {
    /// The first bytes of a file, byte for byte as the reference writes them: length, JSON without spaces, spaces up to a multiple of 8.
    ///
    /// - Parameters:
    ///   - tensors: in the order of their data.
    ///   - alignment: the data begins at a multiple of it; 8 is what the reference has.
    static func encoded(
        _ tensors: [TensorLayout], metadata: [JSONString: String], alignment: Int = 8, path: String
    ) throws -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
            let strings = pairs.map { "\(quotedJSON($0.key.description)):\(quotedJSON($0.value))" }
            members.append("\(quotedJSON(metadataName.description)):{\(strings.joined(separator: ","))}")
        }
        var begin = 0
        for tensor in tensors {
            let end = try begin + byteCount(of: tensor, after: begin, path: path)
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                #"\#(quotedJSON(tensor.name)):{"dtype":"\#(tensor.type.rawValue)","shape":[\#(shape)],"data_offsets":[\#(begin),\#(end)]}"#)
            begin = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (alignment - (8 + text.count) % alignment) % alignment))
        guard text.count <= maximumByteCount else {
            throw SafetensorsError.badWrite(
                path: path, tensor: nil, expected: "a header of at most \(maximumByteCount) bytes", found: "\(text.count)")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }

    /// Bytes of a tensor that is to be written after `begin` bytes of others.
    static func byteCount(of tensor: TensorLayout, after begin: Int, path: String) throws -> Int {
        // Half of the range is more than any disk holds and leaves room for the header.
        guard let count = tensor.type.byteCount(of: tensor.shape), count <= Int.max / 2 - begin else {
            throw SafetensorsError.badWrite(
                path: path, tensor: tensor.name, expected: "a shape of countable size", found: "\(tensor.type.rawValue) \(tensor.shape)")
        }
        return count
    }

    /// A JSON string with its quotes; escapes as serde_json, which the reference uses.
    static func quotedJSON(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{08}": quoted += "\\b"
            case "\u{0C}": quoted += "\\f"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
