/// GPT-2's alphabet: every byte has a printable character, so that a vocabulary of texts can hold any bytes.
enum ByteAlphabet {
    /// The character of each byte. Printable Latin-1 stands for itself; the 68 others follow from U+0100 on.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            switch byte {
            case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? " "
            }
        }
    }()

    private static let encoded: [[UInt8]] = scalars.map { UTF8Text.bytes(of: [$0]) }

    /// The byte of each character below U+0144; -1 for those that stand for none.
    private static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
        return table
    }()

    static func characters(for text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count * 2)
        for byte in text {
            if byte > 32, byte < 127 { result.append(byte) } else { result.append(contentsOf: encoded[Int(byte)]) }
        }
        return result
    }

    /// The bytes a token stands for; the token's own bytes where it holds a character outside the alphabet (an added token).
    static func bytes(of token: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        for scalar in UTF8Text.scalars(of: token[...]) {
            guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return token }
            result.append(UInt8(truncatingIfNeeded: bytes[Int(scalar.value)]))
        }
        return result
    }
}
