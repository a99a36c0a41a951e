/// Base64 with the standard alphabet (RFC 4648), as strictly as it was written.
enum Base64 {
    /// - Returns: nil where the text is not base64.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var word: UInt32 = 0
        for (index, byte) in text.enumerated() {
            var value: UInt32 = 0
            if index < text.count - padding {
                guard let found = sextet(byte) else { return nil }
                value = found
            } else if byte != UInt8(ascii: "=") {
                return nil
            }
            word = word << 6 | value
            if index % 4 == 3 {
                bytes.append(UInt8(word >> 16 & 0xFF))
                bytes.append(UInt8(word >> 8 & 0xFF))
                bytes.append(UInt8(word & 0xFF))
                word = 0
            }
        }
        bytes.removeLast(padding)
        return bytes
    }

    private static func sextet(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
