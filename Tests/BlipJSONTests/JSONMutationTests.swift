import BlipJSON
import Foundation
import Testing

@Suite("Damaged JSON")
struct JSONMutationTests {
    private static let text =
        Array(
            #"{"model": {"type": "BPE", "vocab": {"é": 0, "e\u0301": 1, "\ud83d\ude00": 2, "": 3}, "merges": [["a", "b"], []]},"#.utf8)
        + Array(#" "scores": [-1.5e-3, 0, 12345678901234567890, true, false, null], "text": "\"\\\/\b\f\n\r\t 日本"}"#.utf8)

    @Test("Thousands of mutated texts are refused or read, and never crash; Foundation reads what we read", arguments: 0..<4)
    func mutations(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        var accepted = 0
        for _ in 0..<2_500 {
            var bytes = Self.text
            for _ in 0...Int.random(in: 0..<3, using: &generator) { Self.mutate(&bytes, &generator) }
            do throws(JSONError) {
                _ = try JSONValue(parsing: bytes)
            } catch {
                #expect(!error.description.isEmpty)
                continue
            }
            accepted += 1
            // Foundation refuses lone surrogates and infinite numbers, which this parser replaces and reads.
            let text = String(decoding: bytes, as: UTF8.self).lowercased()
            guard !text.contains("\\ud"), !text.contains("e"), !bytes.contains(0) else { continue }
            #expect(throws: Never.self, "\(text)") { try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) }
        }
        #expect((100..<2_400).contains(accepted), "\(accepted) accepted: the mutations miss their aim")
    }

    @Test("Every prefix of a text is refused")
    func prefixes() {
        for count in 0..<Self.text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(Self.text.prefix(count))) }
        }
    }

    @Test("Random bytes are refused or read, and never crash")
    func noise() {
        var generator = SeededGenerator(state: 7)
        let alphabet = Array(#"{}[]",:0123456789-+.eEtrufalsn\ u"#.utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                Int.random(in: 0..<12, using: &generator) == 0
                    ? UInt8.random(in: 0...255, using: &generator) : alphabet.randomElement(using: &generator) ?? 0
            }
            _ = Result { try JSONValue(parsing: bytes) }
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = Array(#"{}[]",:0123456789-.eE\utfn"#.utf8).randomElement(using: &generator) ?? 0
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0x20..<0x7F, using: &generator), at: place)
        default:
            let end = min(bytes.count, place + Int.random(in: 0..<16, using: &generator))
            let from = Int.random(in: 0..<bytes.count, using: &generator)
            bytes.replaceSubrange(place..<end, with: Array(bytes[from..<min(bytes.count, from + 8)]))
        }
    }
}
