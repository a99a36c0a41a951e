import BlipJSON
import Testing

@testable import BlipMetrics

/// Words of captions as the official scorer's tokenizer, run by Scripts/fixtures/metrics.py, found them.
@Suite("Words of captions")
struct CaptionTokenizerTests {
    @Test("More than a thousand awkward captions have the words that the official tokenizer gives them")
    func reference() throws {
        var tokenizer = CaptionTokenizer()
        let captions = try #require(try MetricFixtures.json("tokens.json")["captions"]?.array)
        #expect(captions.count > 1_000)
        for caption in captions {
            let pair = try #require(caption.array).compactMap(\.string)
            #expect(tokenizer.words(of: pair[0]).joined(separator: " ").utf8.elementsEqual(pair[1].utf8), "\(pair[0])")
        }
    }

    @Test("A tokenizer that has met other captions gives the words that a new one gives")
    func memory() throws {
        var old = CaptionTokenizer()
        for caption in try #require(try MetricFixtures.json("tokens.json")["captions"]?.array).prefix(40) {
            let text = try #require(caption.array?.first?.string)
            let first = old.words(of: text)
            var new = CaptionTokenizer()
            #expect(first == new.words(of: text))
            #expect(first == old.words(of: text))
        }
    }

    @Test(
        "What has no characters that the tokenizer knows has no words",
        arguments: ["", " ", "\n", "\u{0}", "😀😀", "\u{FFFF}", "\u{200B}", "...", ". , ; : ! ? -- '' ``"])
    func nothing(_ text: String) {
        var tokenizer = CaptionTokenizer()
        #expect(tokenizer.words(of: text).isEmpty)
    }

    @Test("A line end in a caption parts words and reaches no other caption", arguments: ["\n", "\r", "\r\n", "\u{2028}", "\u{B}"])
    func lineEnds(_ end: String) {
        var tokenizer = CaptionTokenizer()
        #expect(tokenizer.words(of: "a dog\(end)runs.") == ["a", "dog", "runs"])
    }

    @Test("Long and hostile captions end")
    func hostile() {
        var tokenizer = CaptionTokenizer()
        for piece in ["a", "a.", "a-", "1,", "'", "<a b=\"", "@", "http://", "&amp;", "日", "\u{AD}", "(", "a@b."] {
            #expect(tokenizer.words(of: String(repeating: piece, count: 500)).count <= 2_000)
        }
    }

    @Test("A set of characters has what was put in and not what was taken out")
    func sets() {
        let set = (UnitSet([0x20...0x30, 0x28...0x40]) | UnitSet("az")).subtracting(UnitSet([0x2A...0x2C]))
        #expect(set.ranges == [0x20...0x29, 0x2D...0x40, 0x61...0x61, 0x7A...0x7A])
        #expect(set.inverted.inverted == set)
        #expect(set.contains(0x40) && !set.contains(0x41) && !set.contains(0x2B) && set.contains(0x7A))
        #expect(UnitSet([]).inverted.ranges == [0...UInt16.max] && UnitSet([0...UInt16.max]).inverted.ranges.isEmpty)
    }
}
