/// One step on the way from tokens to text. A decoder is a list of them.
enum DecoderStep: Sendable {
    case replace(Pattern, content: [UInt8])
    case byteFallback
    case fuse
    case strip(Unicode.Scalar, start: Int, stop: Int)
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    case metaspace(Unicode.Scalar, dropsFirst: Bool)
    case byteLevel

    static let kinds = ["Sequence", "Replace", "ByteFallback", "Fuse", "Strip", "WordPiece", "Metaspace", "ByteLevel"]
}

extension DecoderStep {
    /// What a step that looks at one token at a time makes of the token at the given place among all tokens.
    func decoded(_ token: [UInt8], at place: Int) -> [UInt8] {
        switch self {
        case .replace(let pattern, let content): return pattern.replacingMatches(in: token, with: content)
        case .strip(let scalar, let start, let stop): return Self.stripped(token, scalar, start: start, stop: stop)
        case .metaspace(let scalar, let dropsFirst):
            return Normalizer.mapped(token) { $0 == scalar ? (place == 0 && dropsFirst ? nil : " ") : $0 }
        case .wordPiece(let prefix, let cleansUp):
            var text = token
            if place > 0 { text = text.starts(with: prefix) ? Array(text.dropFirst(prefix.count)) : [0x20] + text }
            return cleansUp ? Self.cleanedUp(text) : text
        case .byteFallback, .fuse, .byteLevel: return token
        }
    }

    private static func stripped(_ token: [UInt8], _ scalar: Unicode.Scalar, start: Int, stop: Int) -> [UInt8] {
        let scalars = UTF8Text.scalars(of: token[...])
        var first = 0
        while first < min(start, scalars.count), scalars[first] == scalar { first += 1 }
        var last = scalars.count
        while last > first, scalars.count - last < stop, scalars[last - 1] == scalar { last -= 1 }
        return UTF8Text.bytes(of: scalars[first..<last])
    }

    /// Undoes the spaces that splitting English text leaves behind.
    private static func cleanedUp(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x20) else { return text }
        return cleanUps.reduce(text) { $1.pattern.replacingMatches(in: $0, with: $1.content) }
    }

    private static let cleanUps: [(pattern: Pattern, content: [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (.text(Array($0.utf8)), Array($1.utf8)) }
}
