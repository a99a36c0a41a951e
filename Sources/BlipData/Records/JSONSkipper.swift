/// Finds where a JSON value ends, without looking at what it says: it counts brackets and steps over strings.
///
/// A value ends before the comma or the closing bracket that belongs to what surrounds it. What stands before may still be no JSON.
struct JSONSkipper {
    static let maximumDepth = 128

    enum Outcome {
        /// The chunk is used up and the value goes on.
        case more
        /// At the comma or bracket after the value.
        case end
        /// At a bracket that closes another kind of bracket.
        case mismatch(expected: String)
        case tooDeep
    }

    private var depth = 0
    /// One bit for each open bracket, the innermost lowest: 1 for a curly one.
    private var kinds: UInt128 = 0
    private var isInString = false
    private var isEscaped = false

    /// Goes on from `position`, which then stands where the outcome says.
    mutating func advance(_ bytes: UnsafeBufferPointer<UInt8>, position: inout Int, limit: Int) -> Outcome {
        guard let base = bytes.baseAddress else { return .more }
        var place = position
        defer { position = place }
        while place < limit {
            if isInString {
                skipString(base, &place, limit)
                continue
            }
            switch base[place] {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == Self.maximumDepth { return .tooDeep }
                depth += 1
                kinds = kinds &<< 1 | (base[place] == UInt8(ascii: "{") ? 1 : 0)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return .end }
                let isCurly = kinds & 1 == 1
                if isCurly != (base[place] == UInt8(ascii: "}")) { return .mismatch(expected: isCurly ? "'}'" : "']'") }
                depth -= 1
                kinds = kinds &>> 1
            case UInt8(ascii: ",") where depth == 0: return .end
            default: break
            }
            place += 1
        }
        return .more
    }

    /// Steps past the closing quote, eight bytes at a time: most of a file is text.
    private mutating func skipString(_ base: UnsafePointer<UInt8>, _ place: inout Int, _ limit: Int) {
        if isEscaped {
            isEscaped = false
            place += 1
        }
        while place < limit {
            while place + 8 <= limit {
                let word = UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self)
                if Self.holds(UInt8(ascii: "\""), word) || Self.holds(UInt8(ascii: "\\"), word) { break }
                place += 8
            }
            let end = min(place + 8, limit)
            while place < end {
                let byte = base[place]
                place += 1
                if byte == UInt8(ascii: "\"") {
                    isInString = false
                    return
                }
                if byte == UInt8(ascii: "\\") {
                    if place == limit {
                        isEscaped = true
                        return
                    }
                    place += 1
                }
            }
        }
    }

    /// Whether one of eight bytes is this one: subtracting 1 borrows into the high bit only of a byte that is 0.
    @inline(__always)
    private static func holds(_ byte: UInt8, _ word: UInt64) -> Bool {
        let difference = word ^ (0x0101_0101_0101_0101 &* UInt64(byte))
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080 != 0
    }
}
