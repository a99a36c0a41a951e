import Testing

@testable import BlipTokenizers

/// The tokenizers written for random checkpoints.
@Suite struct SmallTokenizersTests {
    static let texts = ["a photo of two dogs", "What is in the image? 42!", "  naïve 犬 🐶\n\u{0}", "", "</s><image>"]

    @Test("At published sizes the added tokens have the published ids")
    func publishedIDs() throws {
        let expected: [(SmallTokenizers.Kind, [String: Int])] = [
            (.wordPiece, ["[PAD]": 0, "[DEC]": 30522]),
            (.unigram, ["<pad>": 0, "</s>": 1, "<unk>": 2, "<extra_id_0>": 32099, "<extra_id_99>": 32000, "<image>": 32100]),
            (.byteFallbackBPE, ["<unk>": 0, "<s>": 1, "</s>": 2, "<0x00>": 3, "<0xFF>": 258, "[PAD]": 32000, "<image>": 32001]),
            (.byteLevelBPE, ["<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<image>": 50265]),
        ]
        for (kind, ids) in expected {
            try Fixtures.withTemporaryFolder { folder in
                try SmallTokenizers.write(kind, to: folder)
                let tokenizer = try Tokenizer(folder: folder)
                for (token, id) in ids {
                    #expect(tokenizer.id(of: token) == id, "\(kind) \(token)")
                    #expect(tokenizer.token(of: id) == token)
                }
                #expect(tokenizer.vocabularySize == kind.publishedSize + (kind == .byteFallbackBPE ? 2 : 1))
            }
        }
    }

    @Test("Any text can be encoded, and byte-complete kinds give it back", arguments: SmallTokenizers.Kind.allCases)
    func roundTrip(kind: SmallTokenizers.Kind) throws {
        try Fixtures.withTemporaryFolder { folder in
            try SmallTokenizers.write(kind, to: folder, size: 800)
            let tokenizer = try Tokenizer(folder: folder)
            #expect(tokenizer.algorithm.rawValue == kind.rawValue)
            for text in Self.texts {
                let ids = tokenizer.encode(text)
                #expect(ids.allSatisfy { tokenizer.token(of: $0) != nil })
                if kind == .byteFallbackBPE || kind == .byteLevelBPE { #expect(tokenizer.decode(ids) == text) }
            }
            #expect(tokenizer.decode(tokenizer.encode("what is in the image?")) == "what is in the image?")
            let words = kind == .byteLevelBPE ? " the dog" : "the dog"
            #expect(tokenizer.encode(words, addSpecialTokens: false).count == 2)
        }
    }

    @Test(
        "The image token stands where a config wants it",
        arguments: [(SmallTokenizers.Kind.unigram, 700), (.byteFallbackBPE, 700), (.byteLevelBPE, 700)])
    func imageTokenPlace(kind: SmallTokenizers.Kind, size: Int) throws {
        for image in [size - 300, size - 1, size, size + 1, size + 2, size + 50] {
            try Fixtures.withTemporaryFolder { folder in
                try SmallTokenizers.write(kind, to: folder, size: size, imageTokenID: image)
                let tokenizer = try Tokenizer(folder: folder)
                #expect(tokenizer.id(of: "<image>") == image)
                #expect(tokenizer.encode("a <image>", specialTokens: .parsed).contains(image))
                #expect(!tokenizer.encode("a <image>").contains(image))
                #expect(tokenizer.special.pad != nil && tokenizer.special.pad != image)
            }
        }
    }

    @Test("Sizes without room and ids that are taken are refused")
    func refusals() throws {
        try Fixtures.withTemporaryFolder { folder in
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(.byteFallbackBPE, to: folder, size: 258) }
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(.byteLevelBPE, to: folder, imageTokenID: 2) }
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(.wordPiece, to: folder, imageTokenID: 2000) }
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(.unigram, to: folder, size: -1) }
            #expect(throws: TokenizerError.self) { try SmallTokenizers.write(.unigram, to: folder, imageTokenID: -5) }
        }
    }
}
