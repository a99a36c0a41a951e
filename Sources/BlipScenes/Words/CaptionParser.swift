/// Finds out what a caption of the world's words says.
///
/// It reads from left to right and takes at each place the longest thing that it knows. Words that are part of nothing are kept as they are.
struct CaptionParser {
    struct Word {
        let text: String
        /// In small letters.
        let key: String
    }

    /// Longer captions are not read to their end.
    static let maximumWords = 400

    var words: [Word] = []
    var place = 0
    var claims = CaptionClaims()
    /// The mention that was made last, and the one that a sentence goes on about behind "and".
    private var last: Int?
    private var subject: Int?
    private var unknown: [String] = []

    private init(_ caption: String) {
        for part in caption.split(whereSeparator: \.isWhitespace) {
            var text = String(part.filter { !"\"“”!?;:()".contains($0) })
            var marks: [String] = []
            while let mark = text.last, mark == "." || mark == "," { marks.append(String(text.removeLast())) }
            if !text.isEmpty { words.append(Word(text: text, key: text.lowercased())) }
            words += marks.reversed().map { Word(text: $0, key: $0) }
        }
    }

    static func claims(of caption: String) -> CaptionClaims {
        var parser = CaptionParser(caption)
        let rest = parser.words.dropFirst(maximumWords).map(\.text)
        parser.words = Array(parser.words.prefix(maximumWords))
        parser.read()
        if !rest.isEmpty { parser.claims.unparsed.append(rest.prefix(5).joined(separator: " ") + " ...") }
        return parser.claims
    }

    private mutating func read() {
        var isBehindSeparator = false
        while place < words.count {
            switch words[place].key {
            case ".":
                (last, subject) = (nil, nil)
                place += 1
            case ",", "and":
                isBehindSeparator = true
                place += 1
                continue
            default:
                if sentence() || opening() || chart() || chartPart() || background() || written() {
                    break
                }
                if let target = isBehindSeparator ? subject : last, modifier(of: target) { break }
                if general() { break }
                if let mention = mention() {
                    begin(mention)
                    break
                }
                unknown.append(words[place].text)
                place += 1
                isBehindSeparator = false
                continue
            }
            isBehindSeparator = false
            flush()
        }
        flush()
    }

    /// What comes next is said of this one.
    mutating func begin(_ mention: Int) { (last, subject) = (mention, mention) }

    private mutating func flush() {
        if !unknown.isEmpty { claims.unparsed.append(unknown.joined(separator: " ")) }
        unknown = []
    }

    // MARK: Looking ahead

    func key(_ offset: Int = 0) -> String { words.indices.contains(place + offset) ? words[place + offset].key : "" }

    func isNext(_ sequence: [String], from offset: Int = 0) -> Bool {
        sequence.indices.allSatisfy { key(offset + $0) == sequence[$0] }
    }

    func text(_ count: Int) -> String { words[place..<min(words.count, place + count)].map(\.text).joined(separator: " ") }

    mutating func say(_ statement: CaptionClaims.Statement, _ count: Int) {
        claims.statements.append(.init(statement, text(count)))
    }

    /// The longest entry of a table with keys of one word or two.
    func entry<Value>(_ table: [String: Value], at offset: Int) -> (value: Value, count: Int)? {
        if let value = table["\(key(offset)) \(key(offset + 1))"] { return (value, 2) }
        return table[key(offset)].map { ($0, 1) }
    }

    // MARK: The scene as a whole

    private mutating func sentence() -> Bool {
        guard let found = CaptionLexicon.sentences.first(where: { isNext($0.words) }) else { return false }
        say(found.statement, found.words.count)
        place += found.words.count
        return true
    }

    private mutating func opening() -> Bool {
        guard let found = CaptionLexicon.openings.first(where: { isNext($0.words) }) else { return false }
        if let drawing = found.drawing { say(.drawing(drawing), found.words.count) }
        place += found.words.count
        return true
    }

    /// "three objects", "two other things", "among four things", "alone".
    private mutating func general() -> Bool {
        if key() == "alone" {
            say(.total(1), 1)
            place += 1
            return true
        }
        let start = key() == "among" ? 1 : 0
        guard let number = CaptionLexicon.numbers[key(start)] else { return false }
        let others = key(start + 1) == "other" ? 1 : 0
        guard case .anything? = CaptionLexicon.nouns[key(start + 1 + others)]?.noun else { return false }
        let count = start + 2 + others
        say(others == 1 ? .others(number, mentioned: claims.newCount) : .total(number), count)
        place += count
        return true
    }

    // MARK: Things

    /// "a large red striped star", "two blue houses", "the sign".
    ///
    /// - Returns: its place among the mentions.
    mutating func mention() -> Int? {
        var (offset, count, isDefinite) = (0, CaptionClaims.Count.one, false)
        switch key() {
        case "a", "an", "another": offset = 1
        case "the":
            offset = 1
            isDefinite = true
        default:
            if let number = CaptionLexicon.numbers[key()] { (offset, count) = (1, .exactly(number)) }
        }
        var attributes: [CaptionClaims.Said<CaptionClaims.Attribute>] = []
        while let attribute = adjective(offset) {
            attributes.append(.init(attribute, words[place + offset].text))
            offset += 1
        }
        guard let (name, length) = entry(CaptionLexicon.nouns, at: offset) else { return nil }
        if name.isPlural, count == .one { count = .several }
        offset += length
        claims.mentions.append(.init(noun: name.noun, count: count, isDefinite: isDefinite, attributes: attributes, words: text(offset)))
        place += offset
        return claims.mentions.count - 1
    }

    private func adjective(_ offset: Int) -> CaptionClaims.Attribute? {
        let word = key(offset)
        if let color = CaptionLexicon.colors[word] { return .color(color) }
        if let size = CaptionLexicon.sizes[word] { return .size(size) }
        return CaptionLexicon.textures[word].map { .texture($0) }
    }

    mutating func add(_ attribute: CaptionClaims.Attribute, to mention: Int, _ count: Int) {
        claims.mentions[mention].attributes.append(.init(attribute, text(count)))
        place += count
    }

    // MARK: What is said of a thing that was mentioned

    private mutating func modifier(of mention: Int) -> Bool {
        let start = key() == "is" || key() == "are" ? 1 : 0
        if direction(of: mention, start) || sign(of: mention) || position(of: mention, start) { return true }
        if let side = side(start) { return relate(mention, side) }
        // "The star is red"
        if start == 1, let attribute = adjective(1), CaptionLexicon.nouns[key(2)] == nil {
            place += 1
            add(attribute, to: mention, 1)
            return true
        }
        return false
    }

    /// "pointing left".
    private mutating func direction(of mention: Int, _ start: Int) -> Bool {
        guard key(start) == "pointing", let direction = CaptionLexicon.directions[key(start + 1)] else { return false }
        add(.direction(direction), to: mention, start + 2)
        return true
    }

    /// "in the top left", "at the bottom of the picture".
    private mutating func position(of mention: Int, _ start: Int) -> Bool {
        guard ["in", "at", "on"].contains(key(start)), key(start + 1) == "the",
            let (found, length) = entry(CaptionLexicon.places, at: start + 2)
        else { return false }
        var count = start + 2 + length
        if ["corner", "side", "part"].contains(key(count)) { count += 1 }
        if isNext(["of", "the"], from: count) {
            // "on the left of the house" is said of two things.
            guard ["picture", "image", "scene"].contains(key(count + 2)) else { return false }
            count += 3
        }
        add(.place(found), to: mention, count)
        return true
    }

    /// One relation at a place.
    private func side(_ offset: Int) -> (relation: Relation, count: Int)? {
        guard let found = CaptionLexicon.relations.first(where: { isNext($0.words, from: offset) }) else { return nil }
        return (found.relation, offset + found.words.count)
    }

    /// "to the left of, above and in front of the house".
    private mutating func relate(_ mention: Int, _ first: (relation: Relation, count: Int)) -> Bool {
        let start = place
        var relations = [CaptionClaims.Said(first.relation, text(first.count))]
        place += first.count
        while true {
            let skipped = isNext([",", "and"]) ? 2 : key() == "," || key() == "and" ? 1 : 0
            guard skipped > 0, let next = side(skipped) else { break }
            place += skipped
            relations.append(.init(next.relation, text(next.count - skipped)))
            place += next.count - skipped
        }
        guard let other = self.mention() else {
            place = start
            return false
        }
        let names = (claims.mentions[mention].words, claims.mentions[other].words)
        for said in relations {
            claims.sides.append(.init(.init(relation: said.content, one: mention, other: other), "\(names.0) \(said.words) \(names.1)"))
        }
        (last, subject) = (other, mention)
        return true
    }
}
