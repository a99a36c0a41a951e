extension JSONParser {
    /// The string whose opening quote is the next byte.
    ///
    /// - Parameter isName: whether it may share its bytes with an equal name that was read before.
    mutating func string(isName: Bool) throws(JSONError) -> JSONString {
        place += 1
        let start = place
        let isASCII = skipPlain()
        guard place < count, bytes[place] == UInt8(ascii: "\"") else { return try escapedString(from: start, isASCII: isASCII) }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<place])
        guard isASCII || UTF8Check.isValid(text) else { throw .invalidUTF8(offset: start) }
        place += 1
        return isName && text.count > JSONString.shortLimit ? names.shared(text) : JSONString(copying: text)
    }

    /// Goes to the next quote, backslash or control character, or to the end; true if there were only ASCII bytes before it.
    ///
    /// Takes eight bytes at a time. Each subtraction borrows into the high bit of a byte that is less than what is subtracted, and at
    /// most into higher bytes than that one, so the lowest bit that is set is always right.
    private mutating func skipPlain() -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var beyondASCII: UInt64 = 0
        var place = self.place
        defer { self.place = place }
        while count - place >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let special =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word)) & highs
            guard special == 0 else {
                let lowest = special & (0 &- special)
                place += special.trailingZeroBitCount / 8
                return (beyondASCII | word & (lowest &- 1)) & highs == 0
            }
            beyondASCII |= word
            place += 8
        }
        while place < count {
            let byte = bytes[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            beyondASCII |= UInt64(byte)
            place += 1
        }
        return beyondASCII & highs == 0
    }

    /// A string that goes on from its first escape, or is broken there.
    private mutating func escapedString(from start: Int, isASCII: Bool) throws(JSONError) -> JSONString {
        var isASCII = isASCII
        var text = Array(bytes[start..<place])
        while place < count {
            let byte = bytes[place]
            if byte < 0x20 { throw unexpected("a control character written as an escape") }
            place += 1
            if byte == UInt8(ascii: "\"") {
                guard isASCII || text.withUnsafeBytes(UTF8Check.isValid) else { throw .invalidUTF8(offset: start) }
                return JSONString(bytes: text)
            }
            try escape(into: &text)
            let runStart = place
            if !skipPlain() { isASCII = false }
            text.append(contentsOf: bytes[runStart..<place])
        }
        throw unexpected("a closing quote")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard place < count else { throw unexpected("an escape") }
        let kind = bytes[place]
        place += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = UInt32(try hexadecimal())
            if (0xD800..<0xDC00).contains(scalar), count - place > 1, bytes[place] == UInt8(ascii: "\\"),
                bytes[place + 1] == UInt8(ascii: "u")
            {
                let back = place
                place += 2
                let low = UInt32(try hexadecimal())
                if (0xDC00..<0xE000).contains(low) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    place = back
                }
            }
            text.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter)
        default:
            place -= 1
            throw unexpected("one of \" \\ / b f n r t u after a backslash")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard place < count, let digit = Self.hexadecimalDigit(bytes[place]) else { throw unexpected("four hexadecimal digits") }
            value = value << 4 | UInt16(digit)
            place += 1
        }
        return value
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
