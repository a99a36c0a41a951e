/// SentencePiece's unigram model: of all ways to cut a text into tokens, the one with the highest sum of log-probabilities.
struct Unigram: Sendable {
    let vocabulary: Vocabulary
    let unknown: Int
    private let scores: [Double]
    private let unknownScore: Double
    private let fallsBackToBytes: Bool
    private let trie: ByteTrie
    /// How much worse than the least likely token an unknown character is.
    private static let unknownPenalty = 10.0

    /// - Parameter pieces: texts and scores; the place is the id. Of equal texts the last one counts.
    init(pieces: [(text: [UInt8], score: Double)], unknown: Int, fallsBackToBytes: Bool) {
        var vocabulary = Vocabulary(capacity: pieces.count)
        var trie = ByteTrie()
        for (id, piece) in pieces.enumerated() {
            vocabulary.insert(piece.text, id: id)
            if !piece.text.isEmpty { trie.insert(piece.text, value: id) }
        }
        self.vocabulary = vocabulary
        self.trie = trie
        self.unknown = unknown
        self.fallsBackToBytes = fallsBackToBytes
        scores = pieces.map(\.score)
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    }

    /// The best way to reach a place in the text.
    private struct Step {
        var score = 0.0
        var start: Int32 = -1
        var id: Int32 = 0
    }

    func encode(_ text: ArraySlice<UInt8>, withholding withheld: Set<Int>, into ids: inout [Int]) {
        let steps = bestSteps(text, withheld)

        // Backwards from the end; unknown characters in a row are one unknown token.
        var pieces: [(range: Range<Int>, id: Int)] = []
        var end = text.count
        while end > 0 {
            let start = Int(steps[end].start)
            let id = Int(steps[end].id)
            if id == unknown, let last = pieces.last, last.id == unknown, last.range.lowerBound == end {
                pieces[pieces.count - 1].range = start..<last.range.upperBound
            } else {
                pieces.append((start..<end, id))
            }
            end = start
        }
        for piece in pieces.reversed() {
            guard piece.id == unknown else {
                ids.append(piece.id)
                continue
            }
            let range = text.startIndex + piece.range.lowerBound..<text.startIndex + piece.range.upperBound
            appendUnknown(text[range], withheld, to: &ids)
        }
    }

    private func bestSteps(_ text: ArraySlice<UInt8>, _ withheld: Set<Int>) -> [Step] {
        var steps = [Step](repeating: Step(), count: text.count + 1)
        var start = 0
        while start < text.count {
            let score = steps[start].score
            let length = min(UTF8Text.length(ofScalarStartingWith: text[text.startIndex + start]), text.count - start)
            var hasSingle = false
            var node = ByteTrie.root
            var end = start
            while end < text.count, let next = trie.child(of: node, text[text.startIndex + end]) {
                node = next
                end += 1
                guard let id = trie.value(at: node), withheld.isEmpty || !withheld.contains(id) else { continue }
                let candidate = score + scores[id]
                if steps[end].start < 0 || candidate > steps[end].score {
                    steps[end] = Step(score: candidate, start: Int32(start), id: Int32(id))
                }
                if end - start == length { hasSingle = true }
            }
            if !hasSingle {
                let candidate = score + unknownScore
                if steps[start + length].start < 0 || candidate > steps[start + length].score {
                    steps[start + length] = Step(score: candidate, start: Int32(start), id: Int32(unknown))
                }
            }
            start += length
        }
        return steps
    }

    private func appendUnknown(_ text: ArraySlice<UInt8>, _ withheld: Set<Int>, to ids: inout [Int]) {
        if let id = vocabulary.id(of: text), !withheld.contains(id) {
            ids.append(id)
            return
        }
        if fallsBackToBytes {
            let bytes = text.compactMap { vocabulary.id(of: ByteToken.text(of: $0)) }
            if bytes.count == text.count {
                ids.append(contentsOf: bytes)
                return
            }
        }
        ids.append(unknown)
    }
}

/// The tokens `<0x00>` to `<0xFF>` that stand for single bytes.
enum ByteToken {
    static func text(of byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
    }

    /// The byte a token stands for; nil for other tokens. Accepts what Rust's hexadecimal reader accepts (either case, a plus sign).
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">") else { return nil }
        if token[3] == UInt8(ascii: "+") { return digit(token[4]) }
        guard let high = digit(token[3]), let low = digit(token[4]) else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
