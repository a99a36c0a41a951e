/// Whether bytes are UTF-8 (Unicode 16.0, table 3-7), without making a `String` of them.
enum UTF8Check {
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        while place < bytes.count {
            if bytes.count - place >= 8, bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
                place += 8
                continue
            }
            guard let length = lengthOfScalar(bytes, at: place) else { return false }
            place += length
        }
        return true
    }

    /// The number of bytes of the scalar at a place; nil if none is there.
    private static func lengthOfScalar(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Int? {
        let length: Int
        // What may follow the first byte: nothing overlong, no surrogates, nothing beyond U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[place] {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard bytes.count - place >= length, second.contains(bytes[place + 1]) else { return nil }
        if length > 2, bytes[place + 2] & 0xC0 != 0x80 { return nil }
        if length > 3, bytes[place + 3] & 0xC0 != 0x80 { return nil }
        return length
    }
}
