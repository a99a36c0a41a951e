/// What is written on things, what is behind them, and charts.
extension CaptionParser {
    // MARK: What is written

    private static let characters: Set<String> = ["letter", "number", "word"]

    /// "that says STOP", "reads STOP", "with the letter A on it", "with STOP written on it", "has the number 7 on it".
    mutating func sign(of mention: Int) -> Bool {
        var offset = ["that", "which"].contains(key()) ? 1 : 0
        if ["says", "say", "reads", "read", "saying", "reading"].contains(key(offset)) {
            return write(on: mention, at: offset + 1, through: offset + 2)
        }
        guard ["with", "has", "have"].contains(key(offset)) else { return false }
        offset += 1
        if key(offset) == "the", Self.characters.contains(key(offset + 1)) {
            let end = offset + 3
            let tail = isNext(["on", "it"], from: end) ? 2 : isNext(["written", "on", "it"], from: end) ? 3 : 0
            return write(on: mention, at: offset + 2, through: end + tail)
        }
        guard isNext(["written", "on", "it"], from: offset + 1) else { return false }
        return write(on: mention, at: offset, through: offset + 4)
    }

    private mutating func write(on mention: Int, at offset: Int, through count: Int) -> Bool {
        guard words.indices.contains(place + offset), !".,".contains(key(offset)) else { return false }
        add(.text(words[place + offset].text.uppercased()), to: mention, count)
        return true
    }

    /// "the letter A on a red circle", "STOP is written on a sign".
    mutating func written() -> Bool {
        let start = place
        // Either way the thing comes behind four words.
        let offset: Int
        if isNext(["is", "written", "on"], from: 1) {
            offset = 0
        } else if key() == "the", Self.characters.contains(key(1)), key(3) == "on", key(4) != "it" {
            offset = 2
        } else {
            return false
        }
        let (text, said) = (words[place + offset].text.uppercased(), self.text(4))
        place += 4
        guard let mention = mention() else {
            place = start
            return false
        }
        claims.mentions[mention].attributes.append(.init(.text(text), said))
        begin(mention)
        return true
    }

    // MARK: What is behind

    /// "on a plain cream background", "in a room", "on a background that fades from rose to sky".
    mutating func background() -> Bool {
        guard ["on", "in", "at"].contains(key()), ["a", "the"].contains(key(1)) else { return false }
        if let ground = CaptionLexicon.grounds[key(2)] {
            let count = ground == .meadow && isNext(["under", "the", "sky"], from: 3) ? 6 : 3
            say(.background(ground), count)
            place += count
            return true
        }
        if isNext(["sheet", "of", "paper"], from: 2) {
            say(.background(.paper), 5)
            place += 5
            return true
        }
        let form: BackgroundForm? = key(2) == "plain" ? .plain : key(2) == "grainy" ? .grainy : nil
        var offset = form == nil ? 2 : 3
        let paper = CaptionLexicon.papers[key(offset)]
        if paper != nil { offset += 1 }
        guard key(offset) == "background" else { return false }
        offset += 1
        if form == nil, paper == nil, isNext(["that", "fades", "from"], from: offset), key(offset + 4) == "to",
            let from = CaptionLexicon.papers[key(offset + 3)], let to = CaptionLexicon.papers[key(offset + 5)]
        {
            say(.background(.fading), offset + 6)
            say(.tint(from, place: 0), offset + 6)
            say(.tint(to, place: 1), offset + 6)
            place += offset + 6
            return true
        }
        if let form { say(.background(form), offset) }
        if let paper { say(.tint(paper, place: 0), offset) }
        guard form != nil || paper != nil else { return false }
        place += offset
        return true
    }

    // MARK: Charts

    /// "a bar chart", "with four bars".
    mutating func chart() -> Bool {
        if ["a", "the"].contains(key()), key(2) == "chart", let form = Self.form(key(1)) {
            say(.chart(form), 3)
            place += 3
            return true
        }
        guard key() == "with", let number = CaptionLexicon.numbers[key(1)], let form = Self.form(key(2)) else { return false }
        say(.chartParts(number, form), 3)
        place += 3
        return true
    }

    /// "Bar A is red and 4 high", "Slice B is blue and has 7 of 20 parts".
    mutating func chartPart() -> Bool {
        guard ["bar", "slice"].contains(key()), let form = Self.form(key()), key(2) == "is", let color = CaptionLexicon.colors[key(3)]
        else {
            return false
        }
        let label = words[place + 1].text.uppercased()
        say(.part(label, form), 2)
        say(.partColor(label, color), 4)
        place += 4
        if key() == "and", key(2) == "high", let value = Int(key(1)) {
            say(.partValue(label, value), 3)
            place += 3
        } else if isNext(["and", "has"]), key(3) == "of", key(5) == "parts", let value = Int(key(2)), let total = Int(key(4)) {
            say(.partValue(label, value), 6)
            say(.partTotal(total), 6)
            place += 6
        }
        return true
    }

    private static func form(_ word: String) -> SceneChart.Form? {
        switch word {
        case "bar", "bars": .bars
        case "pie", "slice", "slices": .pie
        default: nil
        }
    }
}
