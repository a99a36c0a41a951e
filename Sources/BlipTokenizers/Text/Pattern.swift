/// What the components Split and Replace look for: a fixed text or a regular expression.
enum Pattern: Sendable {
    case text([UInt8])
    case expression(RegularExpression)

    /// The places of the matches, leftmost first, without overlap.
    func matches(in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        switch self {
        case .text(let needle): Self.matches(of: needle, in: bytes)
        case .expression(let expression): expression.matches(in: bytes)
        }
    }

    func replacingMatches(in bytes: [UInt8], with content: [UInt8]) -> [UInt8] {
        let matches = matches(in: bytes[...])
        if matches.isEmpty { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        for match in matches {
            result.append(contentsOf: bytes[place..<match.lowerBound])
            result.append(contentsOf: content)
            place = match.upperBound
        }
        result.append(contentsOf: bytes[place...])
        return result
    }

    private static func matches(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        guard let first = needle.first else { return [] }
        var matches: [Range<Int>] = []
        var index = bytes.startIndex
        let last = bytes.endIndex - needle.count
        while index <= last {
            if bytes[index] == first, bytes[index..<index + needle.count].elementsEqual(needle) {
                matches.append(index..<index + needle.count)
                index += needle.count
            } else {
                index += 1
            }
        }
        return matches
    }
}
