/// The kinds of tokens, the first one counting where several match as much.
enum TokenRules {
    static let all: [TokenRule] = words + addresses + numbers + abbreviations + marks + compounds + rest

    private typealias S = TokenShapes

    private static let words: [TokenRule] =
        [
            TokenRule(.words("c++ c# f#")),
            TokenRule(.words("cannot 'twas"), .split(3)),
            TokenRule(.words("gonna gotta lemme gimme wanna") || .text("'tis"), .split(2)),
            TokenRule(S.tag, .spaced),
            TokenRule(S.dash, .text("--")),
            TokenRule(.text("&amp;"), .ampersand),
            TokenRule(
                .words("&ht; &tl; &ur; &lr; &qc; &ql; &qr; &odq; &cdq;") || .text("&#") + TokenPattern.unit(S.asciiDigits).once + .text(";")
            ),
        ] + wordsBeforeEndings + [
            TokenRule(S.wordBeforeNot, before: .text("n") + S.innerApostropheUnit + .text("t"), end: .before(3), .softened),
            TokenRule(S.wordBeforeNot, before: .text("n") + S.apostropheEntity + .text("t"), end: .before(8), .softened),
            TokenRule(S.word, .softened),
            TokenRule(S.wordsWithApostrophe),
            TokenRule(.text("y") + S.apostropheUnit, before: S.letter),
            TokenRule(.text("y") + S.apostropheEntity, before: S.letter),
        ]

    /// The word before 's, 're and the like, by the length of what follows.
    private static let wordsBeforeEndings: [TokenRule] = [
        TokenRule(S.word, before: S.apostropheUnit + S.shortEnding, end: .before(2), .softened),
        TokenRule(S.word, before: S.apostropheUnit + S.longEnding, end: .before(3), .softened),
        TokenRule(S.word, before: S.apostropheEntity + S.shortEnding, end: .before(7), .softened),
        TokenRule(S.word, before: S.apostropheEntity + S.longEnding, end: .before(8), .softened),
    ]

    private static let addresses: [TokenRule] = [
        TokenRule(S.fullAddress),
        TokenRule(S.likelyAddress),
        TokenRule(S.mail),
        TokenRule(S.handle),
        TokenRule(S.ending, before: .unit(S.latin.inverted), .quote(isOpening: false)),
        TokenRule(S.not, .quote(isOpening: false)),
    ]

    private static let numbers: [TokenRule] = [
        TokenRule(S.date),
        TokenRule(S.number, .softened),
        TokenRule(S.raisedOrLowered),
        TokenRule(S.fraction, .spaced),
        TokenRule(.unit(UnitSet([0xBC...0xBE, 0x2153...0x215E])), .vulgarFraction),
        TokenRule(
            .words("-rrb- -lrb- -rcb- -lcb- -rsb- -lsb- c.d.s pro- anti- s&p-500 s&amp;p-500 s&ls s&amp;ls")
                || .text("cap") + S.apostrophe + .text("n") || .text("c") + S.apostrophe + .text("est"), .ampersand),
        TokenRule(S.alternatives),
        TokenRule(TokenPattern.unit(S.capitals).often + .text("$") || .text("#")),
        TokenRule(
            .one(of: "\u{A2}\u{A3}\u{A4}\u{A5}\u{80}\u{20A0}\u{20AC}\u{60B}\u{E3F}\u{20A4}\u{FFE0}\u{FFE1}\u{FFE5}\u{FFE6}"), .currency),
    ]

    private static let abbreviations: [TokenRule] = [
        TokenRule(
            S.latinLetter + .text("."), before: S.space.once + (S.sentenceOpeners || S.tag) + S.spaceOrEnd, end: .beforeSpace, .split(1)),
        TokenRule(
            S.acronym + .text("."), before: S.space.once + (S.sentenceOpeners || S.tag) + S.spaceOrEnd, end: .beforeSpace, .periodTwice),
        TokenRule(
            S.abbreviationWithin, before: S.spaceOrEnd + (S.spaceOrEnd || .unit(S.capitals) || S.tag), end: .beforeSpace, .periodTwice),
        TokenRule(S.abbreviationBeforeNumber, before: S.spaceOrEnd.optional + S.digit, end: .beforeNumber),
        TokenRule(S.abbreviationWithin, before: TokenPattern.unit(UnitSet([0...UInt16.max])).times(2), end: .before(2)),
        TokenRule(S.abbreviationWithin, .periodTwice),
        TokenRule(S.abbreviationBeforeName + .text(".")),
        TokenRule(S.abbreviationBeforeName, before: S.space),
        TokenRule(S.acronym, before: S.spaceOrEnd),
        TokenRule(S.apostropheUnit + TokenPattern.unit(S.asciiDigits).times(2), before: S.spaceOrEnd),
        TokenRule(S.fileName, before: S.spaceOrEnd || .one(of: ".?!,")),
        TokenRule(S.word + .text("."), before: S.insideSentence, .softened),
        TokenRule(S.phone, .bracketed),
    ]

    private static let marks: [TokenRule] = [
        TokenRule(S.doubleQuote, before: .unit(S.latin | S.asciiDigits | UnitSet("$")), .quote(isOpening: true)),
        TokenRule(S.doubleQuote, .quote(isOpening: false)),
        TokenRule(.one(of: "\u{7F}"), .nothing),
        TokenRule(.text("<<") || .text(">>")),
        TokenRule(.text("<") || .text("&lt;"), .text("<")),
        TokenRule(.text(">") || .text("&gt;"), .text(">")),
        TokenRule(S.smiley, before: .unit((S.latin | S.asciiDigits).inverted), .bracketed),
        TokenRule(.text("["), .text("-LSB-")),
        TokenRule(.text("]"), .text("-RSB-")),
        TokenRule(S.asianSmiley, .bracketed),
        TokenRule(.text("{"), .text("-LCB-")),
        TokenRule(.text("}"), .text("-RCB-")),
        TokenRule(.text("("), .text("-LRB-")),
        TokenRule(.text(")"), .text("-RRB-")),
        TokenRule(TokenPattern.text("-").once, .hyphens),
        TokenRule(S.ellipsis, .text("...")),
        TokenRule(TokenPattern.text("@").once || TokenPattern.text("#").once || TokenPattern.text("_").once),
        TokenRule(TokenPattern.text("*").once || TokenPattern.text("\\*").times(1...3)),
        TokenRule(S.insideSentence),
        TokenRule(TokenPattern.one(of: "?!").once),
        TokenRule(.one(of: ".\u{A1}\u{BF}\u{37E}\u{589}\u{61F}\u{6D4}\u{700}\u{701}\u{702}\u{7FA}\u{3002}")),
        TokenRule(.text("=")),
        TokenRule(.text("/")),
    ]

    private static let compounds: [TokenRule] = [
        TokenRule(S.hyphenated + .text("."), before: S.insideSentence, .softened),
        TokenRule(S.hyphenated, .softened),
        TokenRule(S.compound + .text("."), before: S.insideSentence),
        TokenRule(S.compound),
        TokenRule(S.company + .text("."), before: S.insideSentence, .ampersand),
        TokenRule(S.company, .ampersand),
    ]

    private static let rest: [TokenRule] = [
        TokenRule(.text("'"), before: S.latinLetter + .none(of: " \t\n\r\u{A0}"), end: .before(2), .quote(isOpening: true)),
        TokenRule(S.ending, .quote(isOpening: false)),
        TokenRule(S.quotes, .quote(isOpening: false)),
        TokenRule(.unit(S.symbols)),
        TokenRule(.text("&nbsp;"), .nothing),
    ]
}
