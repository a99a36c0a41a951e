/// The part of regular expressions that tokenizers are published with, over scalars.
///
/// Literals, classes, groups, alternation, greedy and possessive repetition, look-ahead and anchors; anything else is refused by
/// name when the file is read. A match tries alternatives in order, as Oniguruma does, with an explicit stack and a bounded number
/// of steps, so that a hostile expression costs time in proportion to the text and no more.
struct RegularExpression: Sendable {
    enum Instruction: Sendable {
        case set(ScalarSet)
        /// Between `least` and `most` characters of a set, as many as possible.
        case run(ScalarSet, least: Int, most: Int, givesBack: Bool)
        /// Try `first`; if that fails later, `second`.
        case fork(first: Int, second: Int)
        case jump(Int)
        case lookAhead([Instruction], isNegative: Bool)
        case start, end
        case accept
    }

    let program: [Instruction]

    init(_ source: String) throws(RegularExpressionError) {
        var parser = RegularExpressionParser(source: source)
        program = try parser.program()
    }

    func matches(in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
        let scalars = UTF8Text.scalars(of: bytes)
        var offsets: [Int] = []
        offsets.reserveCapacity(scalars.count + 1)
        var offset = bytes.startIndex
        while offset < bytes.endIndex {
            offsets.append(offset)
            offset += UTF8Text.scalar(in: bytes, at: offset).length
        }
        offsets.append(bytes.endIndex)

        var matches: [Range<Int>] = []
        var steps = 10_000 + 64 * scalars.count
        var place = 0
        while place < scalars.count {
            guard let end = Self.match(program, scalars, at: place, steps: &steps), end > place else {
                if steps <= 0 { break }
                place += 1
                continue
            }
            matches.append(offsets[place]..<offsets[end])
            place = end
        }
        return matches
    }

    /// What to try when the present attempt fails: an instruction at any place from `low` to `high`, the highest first.
    private struct Alternative {
        var instruction: Int
        var low: Int
        var high: Int
    }

    private static func match(_ program: [Instruction], _ text: [Unicode.Scalar], at start: Int, steps: inout Int) -> Int? {
        var alternatives: [Alternative] = []
        var instruction = 0
        var place = start
        while true {
            steps -= 1
            if steps <= 0 { return nil }
            var succeeded = true
            switch program[instruction] {
            case .accept: return place
            case .set(let set):
                succeeded = place < text.count && set.contains(text[place])
                if succeeded { place += 1 }
                instruction += 1
            case .run(let set, let least, let most, let givesBack):
                var end = place
                while end < text.count, end - place < most, set.contains(text[end]) { end += 1 }
                steps -= (end - place) / 8
                succeeded = end - place >= least
                instruction += 1
                if succeeded {
                    if givesBack, end > place + least {
                        alternatives.append(Alternative(instruction: instruction, low: place + least, high: end - 1))
                    }
                    place = end
                }
            case .fork(let first, let second):
                alternatives.append(Alternative(instruction: second, low: place, high: place))
                instruction = first
            case .jump(let target): instruction = target
            case .lookAhead(let inner, let isNegative):
                succeeded = (match(inner, text, at: place, steps: &steps) != nil) != isNegative
                instruction += 1
            case .start:
                succeeded = place == 0
                instruction += 1
            case .end:
                succeeded = place == text.count
                instruction += 1
            }
            if succeeded { continue }
            guard var next = alternatives.popLast() else { return nil }
            instruction = next.instruction
            place = next.high
            if next.high > next.low {
                next.high -= 1
                alternatives.append(next)
            }
        }
    }
}

/// Why an expression was refused.
struct RegularExpressionError: Error, Equatable {
    let reason: String
}
