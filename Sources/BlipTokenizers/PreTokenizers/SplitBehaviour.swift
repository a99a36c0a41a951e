/// What becomes of the delimiters when a text is split.
enum SplitBehaviour: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// Splits at single characters.
    func ranges(in text: ArraySlice<UInt8>, where isDelimiter: (Unicode.Scalar) -> Bool) -> [Range<Int>] {
        var matches: [Range<Int>] = []
        var index = text.startIndex
        while index < text.endIndex {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            if isDelimiter(scalar) { matches.append(index..<index + length) }
            index += length
        }
        return ranges(in: text, matches: matches, isInverted: false)
    }

    /// Splits at the given places; where inverted, what lies between them are the delimiters.
    func ranges(in text: ArraySlice<UInt8>, matches: [Range<Int>], isInverted: Bool) -> [Range<Int>] {
        var parts: [(range: Range<Int>, isDelimiter: Bool)] = []
        parts.reserveCapacity(2 * matches.count + 1)
        var place = text.startIndex
        for match in matches {
            if place < match.lowerBound { parts.append((place..<match.lowerBound, isInverted)) }
            parts.append((match, !isInverted))
            place = match.upperBound
        }
        if place < text.endIndex { parts.append((place..<text.endIndex, isInverted)) }

        switch self {
        case .removed: return parts.compactMap { $0.isDelimiter ? nil : $0.range }
        case .isolated: return parts.map(\.range)
        case .contiguous: return Self.joined(parts) { $0 == $1 }
        case .mergedWithPrevious: return Self.joined(parts) { previous, this in this && !previous }
        case .mergedWithNext: return Self.joinedBackwards(parts)
        }
    }

    /// Joins each part to the one before where the rule says so, given whether each is a delimiter. Nothing counts as a non-delimiter.
    private static func joined(_ parts: [(range: Range<Int>, isDelimiter: Bool)], _ joins: (Bool, Bool) -> Bool) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var previous = false
        for part in parts {
            if let last = result.last, joins(previous, part.isDelimiter) {
                result[result.count - 1] = last.lowerBound..<part.range.upperBound
            } else {
                result.append(part.range)
            }
            previous = part.isDelimiter
        }
        return result
    }

    private static func joinedBackwards(_ parts: [(range: Range<Int>, isDelimiter: Bool)]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var next = false
        for part in parts.reversed() {
            if let last = result.last, part.isDelimiter, !next {
                result[result.count - 1] = part.range.lowerBound..<last.upperBound
            } else {
                result.append(part.range)
            }
            next = part.isDelimiter
        }
        return result.reversed()
    }
}
