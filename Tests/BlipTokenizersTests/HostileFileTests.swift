import Foundation
import Testing

@testable import BlipTokenizers

/// Files that are broken, by accident or on purpose: an error or a working tokenizer, never a crash.
@Suite struct HostileFileTests {
    static let text = "a photo of 棕色 e\u{301} 👍🏽 <image> </s>  x"

    /// Opens a folder with one file and, where it opens, uses the tokenizer.
    @discardableResult
    static func open(_ files: [(String, [UInt8])]) throws -> Tokenizer {
        try Fixtures.withTemporaryFolder { folder in
            for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
            let tokenizer = try Tokenizer(folder: folder)
            let ids = tokenizer.encode(text, specialTokens: .parsed) + tokenizer.encode(text)
            _ = tokenizer.decode(ids)
            _ = tokenizer.decode(Array(0..<20), skippingSpecialTokens: false)
            return tokenizer
        }
    }

    static func open(json: String) throws -> Tokenizer { try open([("tokenizer.json", Array(json.utf8))]) }

    static func model(_ extra: String = "", vocabulary: String = #""a":0,"b":1,"ab":2"#, merges: String = #""a b""#) -> String {
        #"{"model":{"type":"BPE","vocab":{\#(vocabulary)},"merges":[\#(merges)]}\#(extra)}"#
    }

    @Test("An empty folder names the files that were looked for")
    func emptyFolder() throws {
        let error = #expect(throws: TokenizerError.self) { try Self.open([]) }
        #expect(error?.description.contains("tokenizer.json") == true)
    }

    @Test(
        "Unknown kinds are refused by name",
        arguments: [
            (#","normalizer":{"type":"Yoda"}"#, "Yoda"), (#","pre_tokenizer":{"type":"UnicodeScripts"}"#, "UnicodeScripts"),
            (#","decoder":{"type":"CTC"}"#, "CTC"), (#","post_processor":{"type":"Odd"}"#, "Odd"),
            (#","normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Inner"}]}"#, "Inner"),
            (#","pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"sometimes"}"#, "sometimes"),
            (#","pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?<=a)b"},"behavior":"Isolated"}"#, "(?<"),
            (#","pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Doubled"}"#, "Doubled"),
        ])
    func unknownKinds(extra: String, name: String) throws {
        let error = #expect(throws: TokenizerError.self) { try Self.open(json: Self.model(extra)) }
        #expect(error?.description.contains(name) == true, "\(String(describing: error))")
    }

    @Test("An unknown model is refused by name")
    func unknownModel() throws {
        let error = #expect(throws: TokenizerError.self) { try Self.open(json: #"{"model":{"type":"WordLevel","vocab":{}}}"#) }
        #expect(error?.description.contains("WordLevel") == true)
    }

    @Test(
        "Models that contradict themselves are refused",
        arguments: [
            "", "{", "[]", "null", #"{"model":3}"#, #"{"model":{"type":"BPE"}}"#, model(merges: #""a c""#), model(merges: #""a b c""#),
            model(merges: #"["a"]"#), model(merges: "7"), model(vocabulary: #""a":-1"#), model(vocabulary: #""a":99999999999999"#),
            model(vocabulary: #""a":0.5"#), model(vocabulary: #""a":0,"a":1"#), model(#","added_tokens":[{"content":7}]"#),
            #"{"model":{"type":"BPE","unk_token":"x","vocab":{"a":0},"merges":[]}}"#,
            #"{"model":{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}}"#,
            #"{"model":{"type":"WordPiece","unk_token":"x","vocab":{"a":0}}}"#,
            #"{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}"#, #"{"model":{"type":"Unigram","vocab":[["a",0]]}}"#,
            #"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",1e999]]}}"#, #"{"model":{"type":"Unigram","unk_id":0,"vocab":[["a"]]}}"#,
            #"{"model":{"type":"Unigram","unk_id":0,"vocab":[]}}"#,
            model(#","post_processor":{"type":"TemplateProcessing","single":[],"special_tokens":{}}"#),
            model(#","post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}"#),
            model(#","post_processor":{"type":"BertProcessing","sep":["a"],"cls":["b",1]}"#),
            model(#","normalizer":{"type":"Precompiled","precompiled_charsmap":"!!!!"}"#),
            model(#","normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#),
            model(#","decoder":{"type":"Strip","content":"ab","start":1,"stop":0}"#),
            model(#","decoder":{"type":"Strip","content":" ","start":-1,"stop":0}"#),
        ])
    func contradictions(json: String) throws {
        #expect(throws: TokenizerError.self) { try Self.open(json: json) }
    }

    @Test("Two texts with one id are accepted, and the first is the id's text")
    func sharedID() throws {
        let tokenizer = try Self.open(json: Self.model(vocabulary: #""a":0,"b":0,"ab":2"#))
        #expect(tokenizer.token(of: 0) == "a" && tokenizer.id(of: "b") == 0)
    }

    @Test("Replacements that would blow a text up are refused")
    func growth() throws {
        let content = String(repeating: "a", count: 100)
        let replace = #"{"type":"Replace","pattern":{"String":"a"},"content":"\#(content)"}"#
        let many = [String](repeating: replace, count: 5).joined(separator: ",")
        #expect(throws: TokenizerError.self) {
            try Self.open(json: Self.model(#","normalizer":{"type":"Sequence","normalizers":[\#(many)]}"#))
        }
        #expect(throws: TokenizerError.self) { try Self.open(json: Self.model(#","decoder":{"type":"Sequence","decoders":[\#(many)]}"#)) }
    }

    @Test(
        "Expressions made to run for ever end", .timeLimit(.minutes(1)),
        arguments: ["(a*)*b", "(a|a)*b", "(a+)+$", "(?:a?){20}a{20}", "a*a*a*a*a*a*b", "(a*)*", "(?!a)", "^$"])
    func slowExpressions(source: String) throws {
        let expression = try RegularExpression(source)
        _ = expression.matches(in: Array(String(repeating: "a", count: 2000).utf8)[...])
    }

    @Test(
        "Broken expressions are refused",
        arguments: [
            "(", ")", "[", "[]", "a{2", "a{3,2}", "a{99999}", "*", "a**", "\\", "\\q", "\\p{Xyz}", "(?<n>a)", "(?i)a", "[a-", "[z-a]",
            "[[a]]", "a*?", "(ab){1000}{1000}", "((ab){999}){999}", "\\x{110000}",
        ])
    func brokenExpressions(source: String) {
        #expect(throws: RegularExpressionError.self) { try RegularExpression(source) }
    }

    @Test(
        "Every prefix of a SentencePiece model is an error or a tokenizer",
        arguments: [("t5-spiece", "spiece.model"), ("llama-model", "tokenizer.model")])
    func truncatedProtobuf(folder: String, file: String) throws {
        let bytes = try Fixtures.bytes("\(folder)/\(file)")
        var opened = 0
        for count in [0, 1, 2, 5, 17, 100, 1000] + (1...12).map({ bytes.count * $0 / 13 }) + [bytes.count - 1] {
            do {
                try Self.open([(file, Array(bytes.prefix(count)))])
                opened += 1
            } catch is TokenizerError {}
        }
        #expect(opened < 19)
    }

    @Test("Character maps with any offsets are read within their bounds")
    func randomCharsmaps() {
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            let units = Int(random.next() % 64) + 1
            var bytes = Self.littleEndian(UInt32(units * 4))
            for _ in 0..<units { bytes += Self.littleEndian(UInt32(truncatingIfNeeded: random.next())) }
            bytes += Array("abc\u{0}é\u{0}".utf8)
            if let map = Charsmap(bytes) { _ = map.normalize(Array(Self.text.utf8)) }
        }
        // Units that lead to themselves and to the end.
        for unit in [0, 0x0000_0100, 0x8000_0000, 0xFFFF_FFFF, 0x0000_0361, 0x7FFF_FF61] as [UInt32] {
            let bytes = Self.littleEndian(1024) + (0..<256).flatMap { _ in Self.littleEndian(unit) } + [0x61, 0]
            if let map = Charsmap(bytes) { _ = map.normalize(Array(repeating: 0x61, count: 100)) }
        }
        #expect(Charsmap([]) == nil && Charsmap([1, 0, 0, 0, 0]) == nil && Charsmap([255, 255, 255, 255, 0]) == nil)
    }

    @Test(
        "Mutated files give an error or a tokenizer that works",
        arguments: [
            ("bert", "tokenizer.json"), ("t5", "tokenizer.json"), ("llama-prepend", "tokenizer.json"), ("opt", "tokenizer.json"),
            ("t5-spiece", "spiece.model"), ("llama-model", "tokenizer.model"), ("bert-vocab", "vocab.txt"),
            ("opt", "tokenizer_config.json"),
        ])
    func mutations(folder: String, file: String) throws {
        let original = try Fixtures.bytes("\(folder)/\(file)")
        let others = file == "tokenizer_config.json" ? [("tokenizer.json", try Fixtures.bytes("\(folder)/tokenizer.json"))] : []
        var random = SplitMix(seed: 11)
        for round in 0..<60 {
            var bytes = original
            for _ in 0...Int(random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch (Int(random.next() % 4) + round) % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] ^= 1 << UInt8(random.next() % 8)
                case 2: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + 9, bytes.count)], at: place)
                }
            }
            do {
                try Self.open([(file, bytes)] + others)
            } catch is TokenizerError {}
        }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
}

/// A small generator with a seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
