import BlipJSON
import Foundation
import Testing

private func failure(_ bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONValue(parsing: bytes)
        return nil
    } catch {
        return error
    }
}

/// What is read eight bytes at a time must not depend on where the eight bytes begin.
@Suite("JSON strings at every place of a block")
struct JSONStringBlockTests {
    /// What stands in a file, and the bytes it means.
    private static let pieces: [(raw: [UInt8], meant: [UInt8])] = [
        (Array(#"\""#.utf8), [0x22]), (Array(#"\\"#.utf8), [0x5C]), (Array(#"\/"#.utf8), [0x2F]), (Array(#"\n"#.utf8), [0x0A]),
        (Array(#"\u0000"#.utf8), [0]), (Array(#"\u00e9"#.utf8), [0xC3, 0xA9]), (Array(#"\ud83d\ude00"#.utf8), [0xF0, 0x9F, 0x98, 0x80]),
        (Array(#"\ud83d"#.utf8), [0xEF, 0xBF, 0xBD]),
        ([0xC3, 0xA9], [0xC3, 0xA9]), ([0xE6, 0x97, 0xA5], [0xE6, 0x97, 0xA5]), ([0xF0, 0x9F, 0x98, 0x80], [0xF0, 0x9F, 0x98, 0x80]),
        ([0x7F], [0x7F]), ([0x20], [0x20]), ([0x21], [0x21]), ([0x23], [0x23]), ([0x5B], [0x5B]), ([0x5D], [0x5D]), ([], []),
    ]

    private static func letters(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) } }

    @Test("Escapes and multi-byte characters keep their bytes, as values and as names")
    func pieces() throws {
        for (raw, meant) in Self.pieces {
            for shift in 0..<8 {
                for before in 0..<18 {
                    let after = Self.letters((before * 7 + shift) % 19)
                    let spaces = [UInt8](repeating: 0x20, count: shift)
                    let quoted = [0x22] + Self.letters(before) + raw + after + [0x22]
                    let expected = Self.letters(before) + meant + after
                    #expect(try JSONValue(parsing: spaces + quoted).bytes == expected)
                    let object = try JSONValue(parsing: spaces + Array("{".utf8) + quoted + Array(":1}".utf8)).object
                    #expect(object?.members.first?.key.bytes == expected)
                    #expect(object?[JSONString(bytes: expected)] == .integer(1))
                }
            }
        }
    }

    @Test("Many pieces in one string", arguments: 0..<4)
    func mixtures(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        for _ in 0..<1_000 {
            var (raw, meant): ([UInt8], [UInt8]) = ([], [])
            for _ in 0..<Int.random(in: 0..<8, using: &generator) {
                // A lone surrogate before another escape may become a pair.
                let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
                let letters = Self.letters(Int.random(in: 1..<12, using: &generator))
                raw += piece.raw + letters
                meant += piece.meant + letters
            }
            let found = try JSONValue(parsing: [0x22] + raw + [0x22]).bytes
            #expect(found == meant)
        }
    }

    @Test("A broken byte is found wherever it stands, and the error says where")
    func broken() {
        for shift in 0..<8 {
            for before in 0..<18 {
                let start = shift + 1
                let head = [UInt8](repeating: 0x20, count: shift) + [0x22] + Self.letters(before)
                for control in [0x00, 0x09, 0x0A, 0x1F] as [UInt8] {
                    let error = failure(head + [control] + Self.letters(9) + [0x22])
                    let found = "byte 0x\(String(control, radix: 16))"
                    let expected = "a control character written as an escape"
                    #expect(error == .unexpected(offset: start + before, found: found, expected: expected))
                }
                for bytes in [[0x80], [0xC3], [0xE6, 0x97], [0xF0, 0x9F, 0x98], [0xFF], [0xED, 0xA0, 0x80]] as [[UInt8]] {
                    #expect(failure(head + bytes + Self.letters(9) + [0x22]) == .invalidUTF8(offset: start))
                    #expect(failure(head + bytes + [0x22]) == .invalidUTF8(offset: start))
                    #expect(failure(head + bytes + Array(#"\n"#.utf8) + [0x22]) == .invalidUTF8(offset: start))
                    #expect(failure(head + Array(#"\n"#.utf8) + bytes + [0x22]) == .invalidUTF8(offset: start))
                }
                let end = JSONError.unexpected(offset: start + before, found: "the end of the text", expected: "a closing quote")
                #expect(failure(head) == end)
            }
        }
    }

    @Test("What is UTF-8 is what the standard library says it is")
    func validity() {
        let borders: [UInt8] = [
            0x23, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3,
            0xF4, 0xF5, 0xFF,
        ]
        var disagreements: [[UInt8]] = []
        func compare(_ bytes: [UInt8]) {
            let isText = String(validating: bytes, as: UTF8.self) != nil
            if (failure([0x22] + bytes + [0x22]) == nil) != isText { disagreements.append(bytes) }
        }
        for first in 0x80...0xFF as ClosedRange<UInt8> {
            compare([first])
            for second in 0x23...0xFF as ClosedRange<UInt8> where second != 0x5C { compare([first, second]) }
            guard borders.contains(first) else { continue }
            for second in borders {
                for third in borders {
                    compare([first, second, third])
                    guard first >= 0xF0 else { continue }
                    for fourth in [0x7F, 0x80, 0xBF, 0xC0] as [UInt8] { compare([first, second, third, fourth]) }
                }
            }
        }
        #expect(disagreements.isEmpty, "\(disagreements.prefix(8))")
    }
}

@Suite("JSON numbers, short and long")
struct JSONNumberPathTests {
    @Test("Integers are those of the standard library, at every length", arguments: 0..<2)
    func integers(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        var texts = ["9223372036854775806", "9223372036854775807", "9223372036854775808", "9223372036854775809", "9999999999999999999"]
        texts += [
            "10000000000000000000", "18446744073709551615", "18446744073709551616", "99999999999999999999", "0", "1", "999999999999999999",
        ]
        for _ in 0..<3_000 { texts.append(Self.digits(Int.random(in: 1...22, using: &generator), &generator)) }
        for text in texts.flatMap({ [$0, "-" + $0] }) {
            let expected = Int(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number)
            #expect(try JSONValue(parsing: Array(text.utf8)) == expected, "\(text)")
        }
    }

    @Test("Fractions and exponents give the nearest Double, to the last bit", arguments: 0..<4)
    func fractions(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        for _ in 0..<4_000 {
            var text = Bool.random(using: &generator) ? "-" : ""
            text += Int.random(in: 0..<4, using: &generator) == 0 ? "0" : Self.digits(Int.random(in: 1...20, using: &generator), &generator)
            if Int.random(in: 0..<4, using: &generator) > 0 {
                let zeros = String(repeating: "0", count: Int.random(in: 0..<3, using: &generator) * 4)
                text += "." + zeros + Self.digits(Int.random(in: 1...20, using: &generator), &generator)
            }
            if Bool.random(using: &generator) {
                let range = Bool.random(using: &generator) ? 30 : 340
                let power = Int.random(in: -range...range, using: &generator)
                text +=
                    (Bool.random(using: &generator) ? "e" : "E") + (power >= 0 && Bool.random(using: &generator) ? "+" : "") + "\(power)"
            }
            guard text.contains(where: { ".eE".contains($0) }), let expected = Double(text) else { continue }
            let found = try JSONValue(parsing: Array(text.utf8))
            #expect(found.integer == nil)
            #expect(found.double?.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test(
        "Signs, zeros and exponents beyond every range",
        arguments: [
            ("-0", .integer(0)), ("-0.0", .number(-0.0)), ("-0e0", .number(-0.0)), ("-0e-5", .number(-0.0)), ("0e99", .number(0)),
            ("0e99999999999999999999", .number(0)), ("1e-99999999999999999999", .number(0)), ("1e99999999999999999999", .number(.infinity)),
            ("-1e400", .number(-.infinity)), ("1e308", .number(1e308)), ("1e309", .number(.infinity)), ("1e000000000000022", .number(1e22)),
            ("1e22", .number(1e22)), ("1e23", .number(1e23)), ("9007199254740992e22", .number(9_007_199_254_740_992e22)),
            ("9007199254740993e1", .number(90_071_992_547_409_936)), ("9007199254740993.0", .number(9_007_199_254_740_992)),
            ("2.2250738585072011e-308", .number(Double.leastNormalMagnitude.nextDown)), ("4.9e-324", .number(.leastNonzeroMagnitude)),
            ("2.4703282292062327e-324", .number(0)), ("123456789012345678901234567890e-20", .number(1234567890.1234567)),
        ] as [(String, JSONValue)])
    func edges(_ text: String, _ expected: JSONValue) throws {
        let found = try JSONValue(parsing: Array(text.utf8))
        #expect(found == expected)
        #expect(found.double?.sign == expected.double?.sign)
    }

    @Test("A number ends where its text ends, at every length")
    func ends() throws {
        for count in 1..<24 {
            let text = String(repeating: "7", count: count)
            for suffix in ["", ".5", "e1", "e-1"] {
                #expect(try JSONValue(parsing: Array((text + suffix).utf8)).double == Double(text + suffix))
                #expect(try JSONValue(parsing: Array("[\(text)\(suffix),\(text)]".utf8)).array?.count == 2)
            }
            for (broken, offset) in [(".", 1), ("e", 1), ("e+", 2), ("E-", 2), (".e", 1)] {
                guard case .unexpected(let place, _, "a digit") = failure(Array((text + broken).utf8)) else {
                    Issue.record("\(text + broken) is read")
                    continue
                }
                #expect(place == count + offset)
            }
        }
    }

    private static func digits(_ count: Int, _ generator: inout SeededGenerator) -> String {
        String(Int.random(in: 1...9, using: &generator))
            + (1..<count).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
    }
}
