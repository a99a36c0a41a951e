/// Splits captions into words as the official caption scorer does: Penn Treebank tokens in lower case, without punctuation.
///
/// ```swift
/// var tokenizer = CaptionTokenizer()
/// tokenizer.words(of: "A man's grey dog (asleep), isn't it?")  // a man 's gray dog -lrb- asleep -rrb- is n't it
/// ```
/// The scorer runs Stanford's `PTBTokenizer` of CoreNLP 3.4.1 in Java with `-preserveLines -lowerCase` and drops a list of punctuation; this
/// gives the same words. What surprises in them is the scorer's doing: round brackets stay, because they are called "-lrb-" by then and the list
/// says "-LRB-"; some British spellings become American ones; emoji vanish.
///
/// Differs: a caption with a line end other than "\n" or "\r\n" keeps to itself. In the scorer it moves all captions after it to the next picture.
///
/// A tokenizer remembers what it has met, and is faster for it: use one for many captions.
public struct CaptionTokenizer: Sendable {
    private var automaton = TokenAutomaton(TokenRules.all)
    private let rules = TokenRules.all
    private var table = TokenTable()
    /// The words by their numbers.
    private(set) var texts: [String] = []
    private var numbers: [[UInt8]: Int32] = [:]
    /// Of a word with a space that does not break, the words that Python makes of it.
    private(set) var parts: [Int32: [Int32]] = [:]

    public init() {}

    /// The words, in order.
    public mutating func words(of caption: String) -> [String] { ids(of: caption).map { texts[Int($0)] } }

    /// The numbers of the words in ``texts``.
    mutating func ids(of caption: String) -> [Int32] {
        var units = caption.utf16.map { $0 == 0x0A ? 0x20 : $0 }
        // The official tokenizer reads all captions as one text: behind a caption there is more than its line end.
        units += [0x0A, 0x0A]
        return units.withUnsafeBufferPointer { units in
            var ids: [Int32] = []
            var place = 0
            while place < units.count {
                // Spaces begin no token.
                guard units[place] != 0x20, let match = automaton.match(units, from: place) else {
                    place += 1
                    continue
                }
                let rule = rules[match.rule]
                var end = end(of: match, rule, units)
                if case .split(let count) = rule.writing { end -= count }
                let token = UnsafeBufferPointer(rebasing: units[place..<end])
                let id = table.value(of: token, kind: match.rule) ?? remember(token, match.rule)
                if id >= 0 { ids.append(id) }
                if case .periodTwice = rule.writing { end -= 1 }
                place = end
            }
            return ids
        }
    }

    private func end(of match: TokenAutomaton.Match, _ rule: TokenRule, _ units: UnsafeBufferPointer<UInt16>) -> Int {
        switch rule.end {
        case .whole: match.end
        case .before(let count): match.end - count
        case .beforeNumber:
            match.end - (TokenShapes.spaces.contains(units[match.end - 2]) || TokenShapes.lineEnds.contains(units[match.end - 2]) ? 2 : 1)
        case .beforeSpace:
            // The token has no space, and what follows begins with one.
            (match.start..<match.end).first { TokenShapes.spaces.contains(units[$0]) || TokenShapes.lineEnds.contains(units[$0]) }
                ?? match.end
        }
    }

    /// Gives a token that was not met before its number; -1 if it is dropped.
    private mutating func remember(_ token: UnsafeBufferPointer<UInt16>, _ rule: Int) -> Int32 {
        let text = PythonText.lowercasedInJava(rules[rule].writing.text(of: token))
        let id: Int32 = text.isEmpty || Self.punctuation.contains(Array(text.utf8)) ? -1 : number(of: text)
        if id >= 0, text.unicodeScalars.contains(where: PythonText.isSpace) {
            parts[id] = PythonText.words(text.unicodeScalars).map { number(of: $0) }
        }
        table.set(token, kind: rule, to: id)
        return id
    }

    private mutating func number(of text: String) -> Int32 {
        let bytes = Array(text.utf8)
        if let known = numbers[bytes] { return known }
        let number = Int32(texts.count)
        numbers[bytes] = number
        texts.append(text)
        return number
    }

    /// Source: `pycocoevalcap/tokenizer/ptbtokenizer.py`; its names of brackets, in capitals, never occur in lower case.
    private static let punctuation: Set<[UInt8]> = Set(
        ["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"].map { Array($0.utf8) })
}

/// What was found out about tokens, by their units and the rule that matched them.
struct TokenTable: Sendable {
    private struct Entry {
        let start: Int
        let count: Int
        let kind: Int
        let hash: UInt64
        let value: Int32
    }

    private var units: [UInt16] = []
    private var entries: [Entry] = []
    /// Places in ``entries``, -1 where there is none; a power of two of them, at most half of it taken.
    private var slots = [Int32](repeating: -1, count: 1024)

    func value(of token: UnsafeBufferPointer<UInt16>, kind: Int) -> Int32? {
        let hash = Self.hash(token, kind)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let entry = entries[Int(slots[slot])]
            if entry.hash == hash, entry.kind == kind, entry.count == token.count,
                (0..<token.count).allSatisfy({ units[entry.start + $0] == token[$0] })
            {
                return entry.value
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// - Precondition: the token is not there yet.
    mutating func set(_ token: UnsafeBufferPointer<UInt16>, kind: Int, to value: Int32) {
        entries.append(Entry(start: units.count, count: token.count, kind: kind, hash: Self.hash(token, kind), value: value))
        units.append(contentsOf: token)
        if 2 * entries.count > slots.count {
            slots = [Int32](repeating: -1, count: 2 * slots.count)
            for place in entries.indices { insert(place) }
        } else {
            insert(entries.count - 1)
        }
    }

    private mutating func insert(_ place: Int) {
        var slot = Int(truncatingIfNeeded: entries[place].hash) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(place)
    }

    private static func hash(_ token: UnsafeBufferPointer<UInt16>, _ kind: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: kind) &+ 0xCBF2_9CE4_8422_2325
        for unit in token { hash = (hash ^ UInt64(unit)) &* 0x100_0000_01B3 }
        return hash ^ (hash >> 32)
    }
}
