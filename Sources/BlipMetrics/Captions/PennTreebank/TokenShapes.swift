/// What the pieces of English text look like to the tokenizer of the official caption scorer.
///
/// The shapes are those that Stanford's `PTBTokenizer` of CoreNLP 3.4.1 knows, oddities included; they were checked by asking it about some hundred
/// thousand texts, among them every character (Scripts/fixtures/metrics.py keeps the hardest).
enum TokenShapes {
    // Characters

    static let latin = UnitSet([0x41...0x5A, 0x61...0x7A])
    static let capitals = UnitSet([0x41...0x5A])
    static let asciiDigits = UnitSet([0x30...0x39])
    /// Of Unicode as the tokenizer knows it, where three ranges were not what they are now.
    static let letters =
        UnitSet { $0.properties.generalCategory.isLetter }
        .subtracting(UnitSet([0x19B0...0x19C0, 0x19C8...0x19C9, 0x1CF2...0x1CF3])) | UnitSet([0x1885...0x1886])
    static let digits = UnitSet { $0.properties.generalCategory == .decimalNumber }
    static let softHyphen = UnitSet("\u{AD}")
    static let spaces = UnitSet([0x20...0x20, 0x09...0x09, 0xA0...0xA0, 0x2000...0x200A, 0x3000...0x3000])
    static let lineEnds = UnitSet([0x0A...0x0D, 0x85...0x85, 0x2028...0x2029])
    /// What a word is made of: letters, their accents and vowel signs.
    static let wordUnits = (letters | softHyphen | modifiers | marks).subtracting(strangers) | companions
    private static let modifiers = UnitSet([0x2C2...0x2C5, 0x2D2...0x2DF, 0x2E5...0x2FF])
    private static let marks = UnitSet { (0x300...0xECD).contains($0.value) && $0.properties.generalCategory.isMark }
    /// Marks and letters that the tokenizer does not know, because it is older than they are or lists others of their script.
    private static let strangers = UnitSet([
        0x488...0x489, 0x610...0x614, 0x65F...0x65F, 0x816...0x819, 0x81B...0x823, 0x825...0x827, 0x829...0x82D, 0x859...0x85B,
        0x8E4...0x8FE, 0x93A...0x93B, 0x94F...0x94F, 0x956...0x957, 0xA51...0xA51, 0xA70...0xA71, 0xA75...0xA75, 0xAE2...0xAE3,
        0xB01...0xB03, 0xB3C...0xB3C, 0xB3E...0xB44, 0xB47...0xB48, 0xB4B...0xB4D, 0xB56...0xB57, 0xB62...0xB63, 0xBD7...0xBD7,
        0xC62...0xC63, 0xC82...0xC83, 0xCBC...0xCBC, 0xCBE...0xCC4, 0xCC6...0xCC8, 0xCCA...0xCCD, 0xCD5...0xCD6, 0xCE2...0xCE3,
        0xD02...0xD03, 0xD4A...0xD4D, 0xD57...0xD57, 0xD62...0xD63, 0xD82...0xD83, 0xDCA...0xDCA, 0xDCF...0xDD4, 0xDD6...0xDD6,
        0xDD8...0xDDF, 0xDF2...0xDF3,
    ])
    /// Signs that it takes for parts of words.
    private static let companions = UnitSet([
        0x375...0x375, 0x378...0x379, 0x384...0x385, 0x3F6...0x3F6, 0x55A...0x55F, 0x6DD...0x6DE, 0x6E9...0x6E9, 0x6FD...0x6FE,
        0x70F...0x70F, 0x74B...0x74C, 0xA43...0xA46, 0xA49...0xA4A, 0xA4E...0xA4F, 0xAC6...0xAC6, 0xACA...0xACA, 0xACE...0xACF,
        0xC45...0xC45, 0xC49...0xC49, 0xC4E...0xC54, 0xEBA...0xEBA,
    ])

    static let letter: TokenPattern = .unit(letters)
    static let digit: TokenPattern = .unit(digits)
    static let latinLetter: TokenPattern = .unit(latin)
    static let latinOrDigit: TokenPattern = .unit(latin | asciiDigits)
    static let letterOrDigit: TokenPattern = .unit(letters | digits)
    static let space: TokenPattern = .unit(spaces)
    static let lineEnd: TokenPattern = .unit(lineEnds)
    static let spaceOrEnd: TokenPattern = .unit(spaces | lineEnds)

    // Words

    static let accented: TokenPattern = .text("&") + .one(of: "aeiouAEIOU") + .words("acute grave uml") + .text(";")
    static let wordUnit: TokenPattern = .unit(wordUnits) || accented
    static let word: TokenPattern =
        wordUnit + (wordUnit || digit).often + (.one(of: ".!?") + wordUnit + (wordUnit || digit).often).often
    static let hyphen: TokenPattern = .one(of: "-_\u{58A}\u{2010}\u{2011}")

    // Apostrophes

    static let apostropheUnit: TokenPattern = .one(of: "'\u{92}\u{2019}")
    static let apostropheEntity: TokenPattern = .text("&apos;")
    static let apostrophe: TokenPattern = apostropheUnit || apostropheEntity
    static let innerApostropheUnit: TokenPattern = .one(of: "'\u{92}\u{2019}`\u{91}\u{2018}\u{201B}")
    static let innerApostrophe: TokenPattern = innerApostropheUnit || apostropheEntity
    /// The letters of 's, 'm and 'd, and of 're, 've and 'll.
    static let shortEnding: TokenPattern = .one(of: "msdMSD")
    static let longEnding: TokenPattern = .words("re ve ll")
    static let ending: TokenPattern = apostrophe + (shortEnding || longEnding)
    /// What "n't" may follow: a word that does not itself end in n.
    static let wordBeforeNot: TokenPattern =
        .unit(latin | softHyphen).often + .unit(UnitSet([0x41...0x4D, 0x4F...0x5A, 0x61...0x6D, 0x6F...0x7A])) + .unit(softHyphen).often
    static let not: TokenPattern = .text("n") + innerApostrophe + .text("t")

    /// Words with an apostrophe that stay whole.
    static let wordsWithApostrophe: TokenPattern = .choice([
        apostrophe + .text("n") + apostrophe.optional, .one(of: "lLdDjJ") + apostrophe, .words("dunkin somethin ol") + apostrophe,
        apostrophe + .words("em till til cause"), apostrophe + .unit(UnitSet([0x32...0x39])) + .text("0s"),
        .unit(UnitSet([0x41...0x48, 0x4A...0x58, 0x5A...0x5A, 0x6E...0x6E])) + innerApostrophe + letter + letter.once,
        letter.once + .one(of: "aeiouyAEIOUY") + innerApostrophe + .unit(UnitSet("aeiou") | capitals) + letter.often,
        .words("cont'd cont'd. nor'easter c'mon e'er s'mores ev'ry li'l nat'l"), .text("o") + innerApostrophe + .text("o"),
    ])

    // Numbers

    /// Groups of digits may begin with a mark: ".5", ":30".
    static let number: TokenPattern =
        .one(of: "-+").optional + (digit.once || digit.often + (.one(of: ".:,\u{AD}\u{66B}\u{66C}") + digit.once).once)
    static let date: TokenPattern = digit.times(1...2) + .one(of: "-/") + digit.times(1...2) + .one(of: "-/") + digit.times(2...4)
    static let slash: TokenPattern = .text("\\").optional + .text("/")
    static let fraction: TokenPattern =
        (digit.times(1...4) + .one(of: "- \u{A0}")).optional + digit.times(1...4) + (slash || .one(of: "\u{2044}")) + digit.times(1...4)
    static let raisedOrLowered: TokenPattern =
        .one(of: "\u{207A}\u{207B}\u{208A}\u{208B}").optional
        + (TokenPattern.unit(UnitSet([0x2070...0x2070, 0xB9...0xB9, 0xB2...0xB3, 0x2074...0x2079])).once
            || TokenPattern.unit(UnitSet([0x2080...0x2089])).once)
    static let phone: TokenPattern = phoneWithSpaces || phoneWithPeriods
    private static let asciiDigit: TokenPattern = .unit(asciiDigits)
    private static let plus: TokenPattern = (.text("+") + TokenPattern.text("+").optional).optional
    private static let phoneBreak: TokenPattern = .one(of: "- \u{A0}")
    private static let phoneWithSpaces: TokenPattern =
        (.text("(") + asciiDigit.times(2...3) + .text(")") + TokenPattern.one(of: " \u{A0}").optional
            || plus + (asciiDigit.times(2...4) + phoneBreak).optional + asciiDigit.times(2...4) + phoneBreak)
        + asciiDigit.times(3...4) + phoneBreak.optional + asciiDigit.times(3...5)
    private static let phoneWithPeriods: TokenPattern =
        (plus + asciiDigit.times(2...4) + .text(".")).optional + asciiDigit.times(2...4) + .text(".") + asciiDigit.times(3...4)
        + .text(".") + asciiDigit.times(3...5)

    // Compounds

    /// Words with hyphens between them, as "d'Avignon-style" or "1980s-1990s".
    static let compound: TokenPattern = part + (hyphen + part).often
    private static let part: TokenPattern = (.one(of: "dDoOlL") + innerApostrophe + letterOrDigit).optional + letterOrDigit.once
    static let hyphenated: TokenPattern =
        latinOrDigit + .unit(latin | asciiDigits | UnitSet(".,\u{AD}")).often
        + (.text("-") + (TokenPattern.unit(latin | asciiDigits | softHyphen).once || acronym + .text("."))).once
    static let alternatives: TokenPattern = alternative + (slash + alternative).times(1...2)
    private static let alternative: TokenPattern = latinOrDigit.once + (.text("-") + latinLetter.once).times(0...2)
    /// AT&T
    static let company: TokenPattern =
        TokenPattern.unit(capitals).once + ((.one(of: "+&") || .text("&amp;")) + TokenPattern.unit(capitals).once).once

    // Abbreviations

    static let acronym: TokenPattern =
        latinLetter + (.text(".") + latinLetter).once || .words("canada sino korean eu japan non") + .text("-u.s")
        || .words("u.s.-u.k u.s.-u.s.s.r")
    /// Before a word in lower case, as a rule.
    static let abbreviationWithin: TokenPattern =
        (.words(
            """
            jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri ala ariz calif colo conn ct dak fla ga ind kan \
            kans ky md mich minn mo mont neb nev okla penn tenn va vt wis wisc wyo inc co cos corp ltd plc rt \
            bancorp bhd assn univ intl sys tel est ext sq jr sr bros ed.d ph.d blvd rd esq etc al seq bldg
            """)
            || .text("p") + TokenPattern.text("p").optional + .text("t") + .one(of: "ye") + TokenPattern.text("s").optional
            || .capitalized("Ark Az Del Ill La Mass Miss Ore Pa Tex Wash")) + .text(".")
    /// Before a capital, as a rule.
    static let abbreviationBeforeName: TokenPattern =
        latinLetter
        || .words(
            """
            mr mrs ms dr drs prof profs sen sens rep reps atty attys lt col gen messrs gov govs adm rev maj sgt cpl pvt mt ft capt st ste ave \
            pres lieut hon brig cmdr comdr pfc spc supt supts det adj adv asst assoc ens insp mlle mme msgr sfc vs alex wm jos cie a.k.a cf treas invt elec natl dept ph
            """)
        || .capitalized("Miss") || .text("m") + .one(of: "ft") + .text("g") || acronym
    static let abbreviationBeforeNumber: TokenPattern =
        .words("ca fig figs prop no nos art pp op") + .text(".")
    /// Words that begin a sentence behind an acronym.
    static let sentenceOpeners: TokenPattern = .capitalized(
        """
        About According Additionally After An A As At But Earlier He Her Here However If In It Last Many More Mr. Ms. Now Once One Other Our \
        She Since So Some Such That The Their Then There These They This We When While What Yet You
        """)

    // Addresses

    static let fullAddress: TokenPattern =
        .words("http https") + .text("://") + TokenPattern.none(of: " \t\n\u{C}\r\"<>|(){}").once
        + .none(of: " \t\n\u{C}\r\"<>|.!?(){},-")
    static let likelyAddress: TokenPattern =
        (.text("www.") + (TokenPattern.none(of: " \t\n\u{C}\r\"<>|.!?(){},").once + .text(".")).once + latinLetter.times(2...4)
            || (TokenPattern.unit((UnitSet(" \t\n\u{C}\r\"`'<>|.!?(){}$") | UnitSet([0x2C...0x5F])).inverted).once + .text(".")).once
                + .words("com net org edu"))
        + (.text("/") + TokenPattern.none(of: " \t\n\u{C}\r\"<>|()").once + .none(of: " \t\n\u{C}\r\"<>|.!?(){},-")).optional
    static let mail: TokenPattern =
        (.text("<") || .text("&lt;")).optional + latinOrDigit + TokenPattern.none(of: " \t\n\u{C}\r\"<>|(){}\u{A0}").often + .text("@")
        + (TokenPattern.none(of: " \t\n\u{C}\r\"<>|(){}.\u{A0}").once + .text(".")).often
        + TokenPattern.none(of: " \t\n\u{C}\r\"<>|(){}.\u{A0}").once + (.text(">") || .text("&gt;")).optional
    static let handle: TokenPattern =
        .text("@") + .unit(latin | UnitSet("_")) + TokenPattern.unit(latin | asciiDigits | UnitSet("_")).often
        || .text("#") + wordUnit.once
    /// A tag of SGML or HTML in one line, with attributes that are well formed.
    static let tag: TokenPattern =
        .text("<")
        + (.one(of: "!?") + .unit(latin | UnitSet("-")) + TokenPattern.none(of: ">\r\n").often
            || tagName + attributes + TokenPattern.text("/").optional
            || .text("/") + tagName) + TokenPattern.text(" ").often + .text(">")
    private static let tagName: TokenPattern = latinLetter + TokenPattern.unit(latin | asciiDigits | UnitSet("_:.-")).often
    private static let attributes: TokenPattern =
        (TokenPattern.text(" ").once
        + (attributeName
            || attributeName + TokenPattern.text(" ").often + .text("=") + TokenPattern.text(" ").often
                + (.text("'") + TokenPattern.none(of: "'\r\n").often + .text("'")
                    || .text("\"") + TokenPattern.none(of: "\"\r\n").often + .text("\""))))
        .often + TokenPattern.text(" ").often
    private static let attributeName: TokenPattern = latinLetter + TokenPattern.unit(latin | asciiDigits | UnitSet("_:.-")).often
    static let fileName: TokenPattern =
        (wordUnit || digit).once + (.text(".") + (wordUnit || digit).once).often + .text(".")
        + .words(
            """
            bat bmp c class cgi cpp dll doc docx exe gif gz h htm html jar java jpeg jpg mov mp3 pdf php pl png ppt ps py sql tar txt wav x \
            xml zip
            """)

    // Marks

    static let dash: TokenPattern = .words("&md; &mdash; &ndash;") || .one(of: "\u{96}\u{97}\u{2013}\u{2014}\u{2015}")
    static let doubleQuote: TokenPattern = .text("\"") || .text("&quot;")
    static let quotes: TokenPattern =
        apostrophe || .text("''")
        || TokenPattern.unit(UnitSet("`\u{2039}\u{203A}\u{AB}\u{BB}") | UnitSet([0x91...0x94, 0x2018...0x201F])).times(1...2)
    static let ellipsis: TokenPattern =
        TokenPattern.text(".").times(3...5) || (.text(".") + .one(of: " \u{A0}")).times(2...4) + .text(".") || .one(of: "\u{85}\u{2026}")
    static let insideSentence: TokenPattern = .one(of: ",;:\u{3001}")
    static let smiley: TokenPattern =
        TokenPattern.one(of: "<>").optional + .one(of: ":;=") + TokenPattern.one(of: "-o*'").optional + .one(of: "()DPdpO\\{@|[]")
    private static let eye: TokenPattern = .one(of: "-^x=~<>'")
    private static let plainEye: TokenPattern = .one(of: "^x=~<>")
    /// ^_^
    static let asianSmiley: TokenPattern =
        eye + .text("_") + eye
        || .text("(") + eye + TokenPattern.one(of: "_.").optional + eye + .text(")")
        || .text("(") + plainEye + .text("-") + .one(of: "^x=~<>'`") + .text(")")
    static let symbols =
        UnitSet("+%&~^|\\\u{A6}\u{A7}\u{A8}\u{A9}\u{AC}\u{AE}\u{AF}\u{D7}\u{F7}\u{387}\u{5BE}\u{5C0}\u{5C3}\u{5C6}\u{5F3}\u{5F4}")
        | UnitSet("\u{60C}\u{614}\u{61B}\u{61E}\u{66A}\u{66D}\u{964}\u{965}\u{E4F}\u{1FBD}\u{2016}\u{2017}\u{203B}\u{2044}\u{3012}\u{30FB}")
        | UnitSet([
            0xB0...0xBA, 0x600...0x603, 0x606...0x60A, 0x703...0x70D, 0x7F6...0x7F8, 0x2020...0x2023, 0x2030...0x2038, 0x203E...0x2042,
            0x207A...0x207F, 0x208A...0x208E, 0x2100...0x214F, 0x2190...0x21FF, 0x2200...0x2BFF, 0xFF01...0xFF0F, 0xFF1A...0xFF20,
            0xFF3B...0xFF40, 0xFF5B...0xFF65,
        ])
}

extension TokenPattern {
    /// The same behind something else.
    fileprivate func after(_ other: TokenPattern) -> TokenPattern { other + self }
}

extension Unicode.GeneralCategory {
    fileprivate var isLetter: Bool {
        switch self {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    fileprivate var isMark: Bool { self == .nonspacingMark || self == .spacingMark || self == .enclosingMark }
}
