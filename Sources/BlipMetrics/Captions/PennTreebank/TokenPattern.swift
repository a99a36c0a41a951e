/// A shape of text: what a kind of token looks like.
indirect enum TokenPattern: Sendable {
    case unit(UnitSet)
    case sequence([TokenPattern])
    case choice([TokenPattern])
    /// At least so often, at most so often; nil is without end.
    case repeated(TokenPattern, Int, Int?)

    /// Letters in either case.
    static func text(_ text: String) -> TokenPattern {
        .sequence(text.utf16.map { .unit(UnitSet([$0...$0]).withBothCases) })
    }

    /// One of several texts that stand in one line, parted by spaces; letters in either case.
    static func words(_ list: String) -> TokenPattern { .choice(list.split(separator: " ").map { text(String($0)) }) }

    /// One of several words, each with exactly this first letter and the others in either case.
    static func capitalized(_ list: String) -> TokenPattern {
        .choice(list.split(separator: " ").map { .sequence([.unit(UnitSet(String($0.prefix(1)))), text(String($0.dropFirst()))]) })
    }

    /// One of these characters, in just this case.
    static func one(of characters: String) -> TokenPattern { .unit(UnitSet(characters)) }

    /// One character that is none of these.
    static func none(of characters: String) -> TokenPattern { .unit(UnitSet(characters).inverted) }

    static func + (left: TokenPattern, right: TokenPattern) -> TokenPattern { .sequence([left, right]) }
    /// One or the other; binds less tightly than `+`.
    static func || (left: TokenPattern, right: TokenPattern) -> TokenPattern { .choice([left, right]) }

    var optional: TokenPattern { .repeated(self, 0, 1) }
    /// Any number of times.
    var often: TokenPattern { .repeated(self, 0, nil) }
    /// Once or more.
    var once: TokenPattern { .repeated(self, 1, nil) }
    func times(_ range: ClosedRange<Int>) -> TokenPattern { .repeated(self, range.lowerBound, range.upperBound) }
    func times(_ count: Int) -> TokenPattern { .repeated(self, count, count) }
}

extension UnitSet {
    /// ASCII letters of the set in both cases.
    fileprivate var withBothCases: UnitSet {
        var both = ranges
        for range in ranges where range.count == 1 {
            switch range.lowerBound {
            case 0x41...0x5A: both.append((range.lowerBound + 32)...(range.lowerBound + 32))
            case 0x61...0x7A: both.append((range.lowerBound - 32)...(range.lowerBound - 32))
            default: break
            }
        }
        return UnitSet(both)
    }
}
