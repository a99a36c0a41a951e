import Foundation
import Testing

@testable import BlipTokenizers

/// Rules of the tokenizer itself.
@Suite struct TokenizerTests {
    @Test(
        "Roles, sides and limits come from the files",
        arguments: [
            ("bert", Algorithm.wordPiece, Side.left, Side.right, 512), ("t5", .unigram, .left, .right, 512),
            ("llama-prepend", .byteFallbackBPE, .left, .left, 2048), ("opt", .byteLevelBPE, .right, .right, nil),
        ] as [(String, Algorithm, Side, Side, Int?)])
    func configuration(name: String, algorithm: Algorithm, truncation: Side, padding: Side, limit: Int?) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        #expect(tokenizer.algorithm == algorithm)
        #expect(tokenizer.truncationSide == truncation)
        #expect(tokenizer.paddingSide == padding)
        #expect(tokenizer.modelMaximumLength == limit)
    }

    @Test("A Vicuna prompt begins with </s>, which is also its end and unknown token")
    func vicunaRoles() throws {
        let tokenizer = try Fixtures.tokenizer("llama-first")
        #expect(tokenizer.special.bos == 2 && tokenizer.special.eos == 2 && tokenizer.special.unknown == 2)
        #expect(tokenizer.special.pad == tokenizer.id(of: "[PAD]"))
        #expect(tokenizer.encode("the").first == 2)
    }

    @Test("What a user types cannot become a special token", arguments: Fixtures.names + Fixtures.bareNames)
    func typedSpecialTokens(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        for text in ["</s>", "<image>", "a</s> <image>b", "[SEP]", "<extra_id_7>", "<pad>", "[DEC]", "<unk>", "<s>"] {
            let ids = tokenizer.encode(text, addSpecialTokens: false)
            #expect(
                ids.allSatisfy { !tokenizer.isSpecial($0) || $0 == tokenizer.special.unknown || tokenizer.token(of: $0) == "<unk>" },
                "\(text) \(ids)")
        }
        for text in ["</s>", "<image>", "[SEP]", "<extra_id_7>"] {
            guard let id = tokenizer.id(of: text), tokenizer.isSpecial(id) else { continue }
            #expect(tokenizer.encode(text, addSpecialTokens: false, specialTokens: .parsed) == [id])
        }
    }

    @Test("Padding goes to the side of the tokenizer or the one asked for, with a mask")
    func padding() throws {
        let tokenizer = try Fixtures.tokenizer("llama-first")
        let pad = try #require(tokenizer.special.pad)
        let left = try tokenizer.pad([[5, 6, 7], [8], []])
        #expect(left.ids == [[5, 6, 7], [pad, pad, 8], [pad, pad, pad]])
        #expect(left.mask == [[1, 1, 1], [0, 0, 1], [0, 0, 0]])
        let right = try tokenizer.pad([[5], [8, 9]], side: .right, to: 3)
        #expect(right.ids == [[5, pad, pad], [8, 9, pad]])
        #expect(right.mask == [[1, 0, 0], [1, 1, 0]])
        #expect(try tokenizer.pad([]).ids.isEmpty)
    }

    @Test("Padding refuses rows that are too long and tokenizers without a padding token")
    func paddingErrors() throws {
        var tokenizer = try Fixtures.tokenizer("opt")
        #expect(throws: TokenizerError.rowTooLong(row: 1, count: 3, length: 2)) { try tokenizer.pad([[1], [1, 2, 3]], to: 2) }
        tokenizer.special.pad = nil
        #expect(throws: TokenizerError.noPaddingToken) { try tokenizer.pad([[1], [1, 2]]) }
        #expect(try tokenizer.pad([[1, 2], [3, 4]]).ids == [[1, 2], [3, 4]])
    }

    @Test("A row is never longer than the maximum, even where the template alone is", arguments: Fixtures.names)
    func maximumLength(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        for length in [-1, 0, 1, 2, 3] {
            #expect(tokenizer.encode("a photo of a dog", maximumLength: length).count <= max(0, length))
        }
    }

    @Test("Tokens are found by bytes, not by canonical equivalence")
    func bytesDecide() throws {
        let tokenizer = try Fixtures.tokenizer("llama-first")
        let composed = try #require(tokenizer.id(of: "é"))
        #expect(tokenizer.id(of: "e\u{301}") != composed)
        #expect(tokenizer.token(of: composed) == "é")
        #expect(tokenizer.token(of: -1) == nil && tokenizer.token(of: 1 << 40) == nil)
        #expect(tokenizer.decode([-1, composed, .max, .min]) == "é")
    }

    @Test("Side files in the older layout give the roles too")
    func specialTokensMap() throws {
        try Fixtures.withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                at: Fixtures.folder.appending(path: "opt/tokenizer.json"), to: folder.appending(path: "tokenizer.json"))
            let bare = try Tokenizer(folder: folder)
            #expect(bare.special.bos == 2 && bare.special.eos == 2 && bare.special.pad == 1)
            try Data(#"{"pad_token":{"content":"<unk>","lstrip":false},"bos_token":"<s>","eos_token":null,"unk_token":"<new>"}"#.utf8)
                .write(to: folder.appending(path: "special_tokens_map.json"))
            let mapped = try Tokenizer(folder: folder)
            #expect(mapped.special.pad == 3 && mapped.special.bos == 0 && mapped.special.eos == nil)
            #expect(mapped.special.unknown == mapped.vocabularySize - 1)
            #expect(mapped.encode("a<new>", addSpecialTokens: false, specialTokens: .parsed).last == mapped.special.unknown)
        }
    }

    @Test("added_tokens.json has no flags: what looks like a mark is special, and a word is not")
    func addedWithoutFlags() throws {
        try Fixtures.withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                at: Fixtures.folder.appending(path: "opt/tokenizer.json"), to: folder.appending(path: "tokenizer.json"))
            let size = try Tokenizer(folder: folder).vocabularySize
            try Data("{\"<picture>\": \(size), \"[PLACE]\": \(size + 1), \"zebra\": \(size + 2)}".utf8)
                .write(to: folder.appending(path: "added_tokens.json"))
            let tokenizer = try Tokenizer(folder: folder)
            #expect((0..<3).map { tokenizer.isSpecial(size + $0) } == [true, true, false])
            #expect(!tokenizer.encode("<picture>[PLACE]", addSpecialTokens: false).contains { $0 >= size })
        }
    }

    @Test("The configuration's sides win over those in tokenizer.json, which win over the defaults")
    func sides() throws {
        try Fixtures.withTemporaryFolder { folder in
            let text = String(decoding: try Fixtures.bytes("opt/tokenizer.json"), as: UTF8.self)
            let changed = text.replacingOccurrences(
                of: #""truncation":null,"padding":null"#,
                with: #""truncation":{"direction":"Left","max_length":4},"padding":{"direction":"Left"}"#)
            #expect(changed != text)
            try Data(changed.utf8).write(to: folder.appending(path: "tokenizer.json"))
            let inner = try Tokenizer(folder: folder)
            #expect(inner.truncationSide == .left && inner.paddingSide == .left)
            try Data(#"{"truncation_side":"right","padding_side":"right","tokenizer_class":"LlamaTokenizer"}"#.utf8)
                .write(to: folder.appending(path: "tokenizer_config.json"))
            let outer = try Tokenizer(folder: folder)
            #expect(outer.truncationSide == .right && outer.paddingSide == .right)
        }
    }

    @Test("A SentencePiece model without the prefix option honours legacy and add_prefix_space")
    func prefixRules() throws {
        try Fixtures.withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                at: Fixtures.folder.appending(path: "llama-model/tokenizer.model"), to: folder.appending(path: "tokenizer.model"))
            func tokens(_ configuration: String, _ text: String) throws -> [String?] {
                try Data(configuration.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
                let tokenizer = try Tokenizer(folder: folder)
                return tokenizer.encode(text, addSpecialTokens: false, specialTokens: .parsed).map { tokenizer.token(of: $0) }
            }
            #expect(try !tokens("{}", "</s>the").contains { $0?.hasPrefix("▁") ?? true })
            #expect(try tokens(#"{"legacy":true}"#, "</s>the") == ["</s>", "▁the"])
            #expect(try tokens(#"{"add_prefix_space":false}"#, "the") != ["▁the"])
            #expect(try tokens("{}", "the") == ["▁the"])
        }
    }

    @Test("Encoding a hundred thousand characters takes a moment", .timeLimit(.minutes(2)), arguments: Fixtures.names)
    func speed(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        for text in [String(repeating: "a", count: 100_000), String(repeating: "a photo of 2 dogs; ", count: 5_000)] {
            let clock = ContinuousClock()
            var ids: [Int] = []
            let time = clock.measure { ids = tokenizer.encode(text) }
            #expect(!ids.isEmpty)
            #expect(time < .seconds(20))
        }
    }
}
