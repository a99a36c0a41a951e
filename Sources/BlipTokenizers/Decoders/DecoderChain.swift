/// A decoder at work: takes tokens one by one and gives text as soon as it is certain.
///
/// Decoding everything at once runs through here too, so that streamed text and whole text are equal by construction.
struct DecoderChain: Sendable {
    /// nil where the tokenizer has no decoder: tokens are joined by spaces.
    private var stages: [DecoderStage]?
    private var tokenCount = 0

    init(_ steps: [DecoderStep]?) {
        guard let steps else { return }
        var isFused = false
        stages = steps.map { step in
            let stage = DecoderStage(step, isFused: isFused)
            switch step {
            case .fuse, .byteLevel: isFused = true
            default: break
            }
            return stage
        }
    }

    /// The text that follows from one more token; often empty.
    mutating func append(_ token: [UInt8]) -> [UInt8] {
        tokenCount += 1
        guard let count = stages?.count else { return tokenCount > 1 ? [0x20] + token : token }
        return pass([token], through: 0..<count)
    }

    /// The rest of the text.
    mutating func finish() -> [UInt8] {
        guard let count = stages?.count else { return [] }
        var rest: [UInt8] = []
        for index in 0..<count {
            let left = stages?[index].finish() ?? []
            rest += pass(left, through: index + 1..<count)
        }
        return rest
    }

    private mutating func pass(_ tokens: [[UInt8]], through range: Range<Int>) -> [UInt8] {
        var tokens = tokens
        for index in range {
            var next: [[UInt8]] = []
            for token in tokens { next += stages?[index].push(token) ?? [] }
            tokens = next
        }
        return Array(tokens.joined())
    }
}

/// A decoder step with what it remembers between tokens.
///
/// After a step that joins all tokens into one, the stages behind it see that one token in fragments.
private enum DecoderStage: Sendable {
    case perToken(DecoderStep, place: Int)
    /// Byte tokens in a row. They are held back until the row ends: one broken byte turns every byte of the row into U+FFFD.
    case byteRow([UInt8])
    /// Bytes whose last character is not complete.
    case bytes([UInt8])
    case joined
    /// Takes up to `left` of the scalar away from the beginning of the joined token.
    case stripStart(Unicode.Scalar, left: Int)
    /// A step that must see the joined token as a whole.
    case whole(DecoderStep, held: [UInt8])

    init(_ step: DecoderStep, isFused: Bool) {
        switch step {
        case .fuse: self = .joined
        case .byteLevel: self = isFused ? .whole(step, held: []) : .bytes([])
        case .byteFallback: self = isFused ? .whole(step, held: []) : .byteRow([])
        case .strip(let scalar, let start, 0) where isFused: self = .stripStart(scalar, left: start)
        default: self = isFused ? .whole(step, held: []) : .perToken(step, place: 0)
        }
    }

    mutating func push(_ token: [UInt8]) -> [[UInt8]] {
        switch self {
        case .perToken(let step, let place):
            self = .perToken(step, place: place + 1)
            return [step.decoded(token, at: place)]
        case .byteRow(var row):
            self = .byteRow([])
            if let byte = ByteToken.byte(of: token) {
                row.append(byte)
                self = .byteRow(row)
                return []
            }
            return row.isEmpty ? [token] : Self.characters(ofRow: row) + [token]
        case .bytes(let held):
            let bytes = held + ByteAlphabet.bytes(of: token)
            let unfinished = UTF8Text.unfinishedCount(atEndOf: bytes)
            self = .bytes(Array(bytes.suffix(unfinished)))
            return [Self.repaired(bytes.dropLast(unfinished))]
        case .joined: return [token]
        case .stripStart(let scalar, let left):
            if left == 0 || token.isEmpty { return [token] }
            let scalars = UTF8Text.scalars(of: token[...])
            let count = scalars.prefix(left).prefix { $0 == scalar }.count
            self = .stripStart(scalar, left: count == scalars.count ? left - count : 0)
            return [UTF8Text.bytes(of: scalars.dropFirst(count))]
        case .whole(let step, var held):
            self = .whole(step, held: [])
            held += token
            self = .whole(step, held: held)
            return []
        }
    }

    mutating func finish() -> [[UInt8]] {
        switch self {
        case .perToken, .joined, .stripStart: return []
        case .byteRow(let row): return Self.characters(ofRow: row)
        case .bytes(let held): return [Self.repaired(held[...])]
        case .whole(.byteFallback, let held): return ByteToken.byte(of: held).map { Self.characters(ofRow: [$0]) } ?? [held]
        case .whole(.byteLevel, let held): return [Self.repaired(ByteAlphabet.bytes(of: held)[...])]
        case .whole(let step, let held): return [step.decoded(held, at: 0)]
        }
    }

    private static func characters(ofRow row: [UInt8]) -> [[UInt8]] {
        if row.isEmpty || String(validating: row, as: UTF8.self) != nil { return [row] }
        return [[UInt8]](repeating: Array("\u{FFFD}".utf8), count: row.count)
    }

    private static func repaired(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }
}
