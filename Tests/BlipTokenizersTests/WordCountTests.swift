import Testing

@testable import BlipTokenizers

@Suite("Tokenizers of texts' own words") struct WordCountTests {
    private static let texts = [
        "The red circle is to the left of the medium-sized star.", "Is there a \"red circle\"? yes", "(a) STOP (b) 42 red, red",
    ]

    private static func words(_ texts: [String] = texts) -> [String] {
        var count = WordCount()
        for text in texts { count.add(text) }
        return count.words()
    }

    @Test("words are counted with what stands in front, capitals and digits are not")
    func counts() {
        let words = Self.words()
        #expect(words.first == "▁red")
        #expect(Set(words).isSuperset(of: ["▁The", "▁circle", "▁medium-sized", "red", "a", "▁a"]))
        #expect(words.allSatisfy { word in !["STOP", "42", "▁STOP", "b", ""].contains(word) })
        #expect(words == Self.words(Self.texts.reversed()))
    }

    @Test("each word is one token, and what is no word is spelled", arguments: SmallTokenizers.Kind.allCases)
    func tokens(_ kind: SmallTokenizers.Kind) throws {
        try Fixtures.withTemporaryFolder { folder in
            try SmallTokenizers.write(kind, to: folder, size: 600, words: Self.words())
            let tokenizer = try Tokenizer(folder: folder)
            for (text, count) in [(" red circle", 2), (" STOP", 4), (" 42", 2)] {
                let ids = tokenizer.encode(kind == .byteLevelBPE ? text : String(text.dropFirst()), addSpecialTokens: false)
                // Capitals behind a space may have a token for the space, or share one with it.
                let allowed = text == " red circle" ? count...count : count...(count + 1)
                // The Q-Former's reads capitals as small letters.
                #expect(allowed.contains(ids.count), "\(kind) \(text) \(ids.map { tokenizer.token(of: $0) ?? "" })")
                #expect(!ids.contains { tokenizer.token(of: $0)?.contains("unk") ?? true })
            }
        }
    }

    @Test("a vocabulary without room for the words is refused", arguments: SmallTokenizers.Kind.allCases)
    func room(_ kind: SmallTokenizers.Kind) throws {
        let letters = "abcdefghijklmnopqrstuvwxyz".map { String($0) }
        let many = letters.flatMap { one in letters.map { "▁\(one)\($0)x" } }
        try Fixtures.withTemporaryFolder { folder in
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(kind, to: folder, size: 500, words: many) }
            try SmallTokenizers.write(kind, to: folder, size: 2000, words: many)
        }
    }
}
