import Testing

@testable import BlipTokenizers

/// Text that comes token by token.
@Suite struct StreamingTests {
    @Test("Streamed pieces make the text of all ids together", arguments: Fixtures.names)
    func piecesMakeTheWhole(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        var rows = try Fixtures.rows(name).prefix(900).map(\.self)
        rows += try Fixtures.json("cases/\(name).json").required("random").elements().map { try $0.required("ids").integers() }
        for row in rows {
            for skipping in [true, false] {
                var stream = tokenizer.makeStreamDecoder(skippingSpecialTokens: skipping)
                var text = ""
                for id in row { text += stream.append(id) }
                text += stream.finish()
                #expect(Array(text.utf8) == Array(tokenizer.decode(row, skippingSpecialTokens: skipping).utf8), "\(row)")
            }
        }
    }

    @Test("Half a character is held back until it is whole")
    func holdsBackHalves() throws {
        let tokenizer = try Fixtures.tokenizer("opt")
        let ids = tokenizer.encode("🫠", addSpecialTokens: false)
        #expect(ids.count > 1)
        var stream = tokenizer.makeStreamDecoder()
        let pieces = ids.map { stream.append($0) }
        #expect(pieces.dropLast().joined() == "")
        #expect(pieces.last == "🫠")
        #expect(stream.finish().isEmpty)
    }

    @Test("A character that never becomes whole ends as U+FFFD")
    func brokenEnd() throws {
        let tokenizer = try Fixtures.tokenizer("opt")
        let ids = tokenizer.encode("🫠", addSpecialTokens: false)
        var stream = tokenizer.makeStreamDecoder()
        #expect(ids.dropLast().map { stream.append($0) }.joined().isEmpty)
        #expect(stream.finish() == "\u{FFFD}")
    }

    @Test("Words are streamed as soon as they are there")
    func streamsAtOnce() throws {
        let tokenizer = try Fixtures.tokenizer("llama-first")
        var stream = tokenizer.makeStreamDecoder()
        let pieces = tokenizer.encode("the dog", addSpecialTokens: false).map { stream.append($0) }
        #expect(pieces.joined() == "the dog")
        #expect(pieces.allSatisfy { !$0.isEmpty })
    }

    @Test("A row of broken byte tokens becomes one U+FFFD per byte, as in Python")
    func brokenByteRow() throws {
        let tokenizer = try Fixtures.tokenizer("llama-first")
        let ids = ["<0xC3>", "<0xA9>", "<0xFF>"].compactMap { tokenizer.id(of: $0) }
        #expect(ids.count == 3)
        #expect(tokenizer.decode(ids) == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(tokenizer.decode(Array(ids.prefix(2))) == "é")
    }

    @Test("A finished stream decoder can be used again")
    func reuse() throws {
        let tokenizer = try Fixtures.tokenizer("t5")
        let ids = tokenizer.encode("the dog")
        var stream = tokenizer.makeStreamDecoder()
        for _ in 0..<2 {
            let text = ids.map { stream.append($0) }.joined() + stream.finish()
            #expect(text == "the dog")
        }
    }
}
