/// A part of the text on its way to the model.
struct Piece: Sendable {
    var text: ArraySlice<UInt8>
    /// Whether the part begins where the whole text begins; Metaspace's scheme "first" asks.
    var isFirst: Bool

    /// Parts of this piece, by the places where they stand in it; empty ones are dropped.
    func parts(_ ranges: some Sequence<Range<Int>>) -> [Piece] {
        ranges.compactMap { range in
            range.isEmpty ? nil : Piece(text: text[range], isFirst: isFirst && range.lowerBound == text.startIndex)
        }
    }
}

/// How the text is cut into the pieces that the model sees one by one.
indirect enum PreTokenizer: Sendable {
    case sequence([PreTokenizer])
    case bert
    /// Words (`\w+`) and runs of anything else that is not a space.
    case whitespace
    case whitespaceSplit
    case metaspace(Metaspace)
    case byteLevel(addsPrefixSpace: Bool, splits: Bool)
    case split(Pattern, SplitBehaviour, isInverted: Bool)
    case punctuation(SplitBehaviour)
    case digits(individually: Bool)

    static let kinds = [
        "Sequence", "BertPreTokenizer", "Whitespace", "WhitespaceSplit", "Metaspace", "ByteLevel", "Split", "Punctuation", "Digits",
    ]

    func callAsFunction(_ pieces: [Piece]) -> [Piece] {
        switch self {
        case .sequence(let parts): return parts.reduce(pieces) { $1($0) }
        case .bert:
            return pieces.flatMap { piece in
                piece.parts(SplitBehaviour.removed.ranges(in: piece.text, where: UnicodeRules.isSpace)).flatMap { word in
                    word.parts(SplitBehaviour.isolated.ranges(in: word.text, where: UnicodeRules.isPunctuation))
                }
            }
        case .whitespace: return pieces.flatMap(Self.words)
        case .whitespaceSplit:
            return pieces.flatMap { $0.parts(SplitBehaviour.removed.ranges(in: $0.text, where: UnicodeRules.isSpace)) }
        case .metaspace(let metaspace): return pieces.flatMap(metaspace.callAsFunction)
        case .byteLevel(let addsPrefixSpace, let splits):
            return pieces.flatMap { Self.byteLevel($0, addsPrefixSpace: addsPrefixSpace, splits: splits) }
        case .split(let pattern, let behaviour, let isInverted):
            return pieces.flatMap { piece in
                piece.parts(behaviour.ranges(in: piece.text, matches: pattern.matches(in: piece.text), isInverted: isInverted))
            }
        case .punctuation(let behaviour):
            return pieces.flatMap { $0.parts(behaviour.ranges(in: $0.text, where: UnicodeRules.isPunctuation)) }
        case .digits(let individually):
            let behaviour = individually ? SplitBehaviour.isolated : .contiguous
            return pieces.flatMap { $0.parts(behaviour.ranges(in: $0.text, where: UnicodeRules.isNumeric)) }
        }
    }

    private static func words(_ piece: Piece) -> [Piece] {
        enum Kind { case space, word, other }
        var ranges: [Range<Int>] = []
        var start = piece.text.startIndex
        var current = Kind.space
        var index = start
        while index < piece.text.endIndex {
            let (scalar, length) = UTF8Text.scalar(in: piece.text, at: index)
            let kind: Kind = UnicodeRules.isWord(scalar) ? .word : UnicodeRules.isSpace(scalar) ? .space : .other
            if kind != current {
                if current != .space { ranges.append(start..<index) }
                start = index
                current = kind
            }
            index += length
        }
        if current != .space { ranges.append(start..<index) }
        return piece.parts(ranges)
    }

    private static func byteLevel(_ piece: Piece, addsPrefixSpace: Bool, splits: Bool) -> [Piece] {
        var piece = piece
        if addsPrefixSpace, piece.text.first != 0x20 { piece.text = [0x20] + piece.text }
        let parts = splits ? piece.parts(WordSplitter.ranges(in: piece.text)) : [piece]
        return parts.map { Piece(text: ByteAlphabet.characters(for: $0.text)[...], isFirst: $0.isFirst) }
    }
}

/// SentencePiece's visible space: spaces become ▁, and words may get one in front.
struct Metaspace: Sendable {
    enum Scheme: String, Sendable, CaseIterable { case always, first, never }

    var replacement: [UInt8]
    var scheme: Scheme
    var splits: Bool

    func callAsFunction(_ piece: Piece) -> [Piece] {
        var text: [UInt8] = []
        text.reserveCapacity(piece.text.count + replacement.count)
        for byte in piece.text {
            if byte == 0x20 { text.append(contentsOf: replacement) } else { text.append(byte) }
        }
        let isWanted = scheme == .always || (scheme == .first && piece.isFirst)
        if isWanted, !text.starts(with: replacement) { text = replacement + text }
        let whole = Piece(text: text[...], isFirst: piece.isFirst)
        guard splits else { return [whole] }
        let matches = Pattern.text(replacement).matches(in: whole.text)
        return whole.parts(SplitBehaviour.mergedWithNext.ranges(in: whole.text, matches: matches, isInverted: false))
    }
}
