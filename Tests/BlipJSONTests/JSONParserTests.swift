import BlipJSON
import Foundation
import Testing

private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

private func failure(_ bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONValue(parsing: bytes)
        return nil
    } catch {
        return error
    }
}

private func failure(_ text: String) -> JSONError? { failure(Array(text.utf8)) }

@Suite("Reading JSON")
struct JSONParserTests {
    @Test("The examples of RFC 8259 are read")
    func examples() throws {
        let image = try parse(
            """
            {"Image": {"Width": 800, "Height": 600, "Title": "View from 15th Floor",
             "Thumbnail": {"Url": "http://www.example.com/image/481989943", "Height": 125, "Width": 100},
             "Animated" : false, "IDs": [116, 943, 234, 38793]}}
            """)
        #expect(image["Image"]?["Width"] == .integer(800))
        #expect(image["Image"]?["Thumbnail"]?["Url"]?.string == "http://www.example.com/image/481989943")
        #expect(image["Image"]?["Animated"]?.bool == false)
        #expect(image["Image"]?["IDs"]?.array?.compactMap(\.integer) == [116, 943, 234, 38793])
        let cities = try parse(#"[{"precision": "zip", "Latitude": 37.7668, "Longitude": -122.3959, "Address": ""}]"#)
        #expect(cities.array?.first?["Longitude"]?.double == -122.3959)
        #expect(try [#""Hello world!""#, "42", "true"].map(parse) == [.string("Hello world!"), .integer(42), .bool(true)])
    }

    @Test("White space may stand around everything, but only the four kinds of RFC 8259")
    func whiteSpace() throws {
        let value = try parse(" \t\r\n{ \"a\" \n:\t[ 1 , 2 ] , \"b\" : { } , \"c\" : [ ] } \r\n")
        #expect(value["a"] == .array([.integer(1), .integer(2)]))
        #expect(value["b"]?.object?.members.isEmpty == true)
        for space in ["\u{0B}", "\u{0C}", "\u{A0}", "\u{2028}", "\u{FEFF}", "\0"] {
            #expect(failure("\(space)1") != nil && failure("1\(space)") != nil)
        }
    }

    @Test(
        "What is not JSON is refused",
        arguments: [
            "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[1 2]", "[1", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}",
            "{1:1}",
            "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1", "{null:1}", "nul", "nulll", "Null", "True", "tru", "falsey", "NaN", "Infinity",
            "-Infinity",
            "1 2", "[]]", "{}{}", "// c\n1", "/* c */1", "undefined", "\"", "\"a", "\"\\\"", "'a'", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"",
            "\"\u{1F}\"",
        ])
    func refused(_ text: String) { #expect(failure(text) != nil) }

    @Test("An error says where, what was expected and what was found")
    func messages() {
        #expect(failure("[1, x]")?.description == "JSON is broken at byte 4: expected a value, found 'x'")
        #expect(failure("[1")?.description == "JSON is broken at byte 2: expected ',' or ']', found the end of the text")
        #expect(failure("{\"a\":\u{1}}")?.description == "JSON is broken at byte 5: expected a value, found byte 0x1")
        #expect(failure(#"{"a":1,"a":2}"#) == .duplicateKey(offset: 7, key: "a"))
        #expect(failure([0x22, 0xFF, 0x22]) == .invalidUTF8(offset: 1))
    }

    @Test("Depth is bounded, however deep the text is")
    func depth() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ count: Int) -> String { String(repeating: open, count: count) + "1" + String(repeating: close, count: count) }
            #expect(failure(nested(128)) == nil)
            #expect(failure(nested(129)) == .tooDeep(offset: 129 * open.utf8.count, limit: 128))
            #expect(failure(nested(100_000)) == .tooDeep(offset: 129 * open.utf8.count, limit: 128))
            #expect(failure(String(repeating: open, count: 1_000_000)) == .tooDeep(offset: 129 * open.utf8.count, limit: 128))
        }
        #expect(throws: JSONError.tooDeep(offset: 1, limit: 0)) { try JSONValue(parsing: Array("[1]".utf8), maximumDepth: 0) }
        #expect(try JSONValue(parsing: Array("1".utf8), maximumDepth: 0) == .integer(1))
    }

    @Test("The deepest text allowed needs no more stack than a thread of macOS has")
    func stack() async {
        let isRead = await withCheckedContinuation { continuation in
            let thread = Thread {
                let text = String(repeating: "{\"a\":[", count: 64) + "1" + String(repeating: "]}", count: 64)
                continuation.resume(returning: failure(text) == nil)
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(isRead)
    }
}

@Suite("JSON strings and names")
struct JSONStringTests {
    private func string(_ text: String) throws -> String? { try parse(text).string }

    @Test("Every escape is read")
    func escapes() throws {
        #expect(try string(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u00E9\u0000""#) == "\"\\/\u{08}\u{0C}\n\r\tA\u{E9}\u{E9}\0")
        for text in [#""\a""#, #""\x41""#, #""\u""#, #""\u12""#, #""\u12G4""#, #""\u 123""#, #""\u+123""#, #""\U0041""#, #""\"#, #""\u00"#]
        {
            #expect(failure(text) != nil, "\(text)")
        }
        #expect(failure([0x22, 0x5C, 0x75, 0xB9, 0xB2, 0xB3, 0x31, 0x22]) != nil, "superscript digits of Latin-1 are not hexadecimal")
    }

    @Test("Surrogate pairs make one scalar; a lone half is replaced")
    func surrogates() throws {
        #expect(try string(#""\ud83d\ude00\uD834\uDD1E\udbff\udfff\ud800\udc00""#) == "\u{1F600}\u{1D11E}\u{10FFFF}\u{10000}")
        #expect(try string(#""\ud83d""#) == "\u{FFFD}")
        #expect(try string(#""\ude00x""#) == "\u{FFFD}x")
        #expect(try string(#""\ud83d\n""#) == "\u{FFFD}\n")
        #expect(try string(#""\ud83d\u0041""#) == "\u{FFFD}A")
        #expect(try string(#""\ud83d\ud83d\ude00""#) == "\u{FFFD}\u{1F600}")
        #expect(try string(#""\ude00\ud83d""#) == "\u{FFFD}\u{FFFD}")
        for text in [#""\ud83d\"#, #""\ud83d\""#, #""\ud83d\u"#, #""\ud83d\u12""#] { #expect(failure(text) != nil, "\(text)") }
    }

    @Test("Text as it stands is kept byte for byte")
    func raw() throws {
        for text in ["", "é", "e\u{301}", "\u{FEFF}", "\u{7F}", "\u{2028}\u{2029}", "日本", "\u{1F600}", "\u{FFFF}", "\u{10FFFF}"] {
            #expect(try parse("\"\(text)\"").bytes == Array(text.utf8))
        }
    }

    @Test(
        "Bytes that are not UTF-8 are refused, in values and in names",
        arguments: [
            [0x80], [0xFF], [0xC3], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        let string = [0x22] + bytes + [0x22]
        #expect(failure(string) == .invalidUTF8(offset: 1))
        #expect(failure(Array("{".utf8) + string + Array(":1}".utf8)) == .invalidUTF8(offset: 2))
        #expect(failure(Array("[1,".utf8) + bytes + Array("]".utf8)) != nil)
    }

    @Test("A name that stands twice is refused, however it is written")
    func duplicates() {
        #expect(failure(#"{"a":1,"b":2,"\u0061":3}"#) == .duplicateKey(offset: 13, key: "a"))
        #expect(failure(#"{"":1,"":1}"#) == .duplicateKey(offset: 6, key: ""))
        #expect(failure(#"[{"a":{"x":1,"y":{"z":1,"z":2}}}]"#) == .duplicateKey(offset: 24, key: "z"))
        #expect(failure(#"[{"a":1},{"a":1},{"A":1,"a":{"a":1}}]"#) == nil)
    }

    @Test("Names that are canonically equivalent stay distinct, in the order of the file")
    func canonicalEquivalents() throws {
        let object = try #require(try parse("{\"e\u{301}\":1,\"\u{E9}\":2,\"\u{212B}\":3,\"\u{C5}\":4}").object)
        #expect(object.members.map(\.value) == [.integer(1), .integer(2), .integer(3), .integer(4)])
        #expect(object["\u{E9}"] == .integer(2))
        #expect(object["e\u{301}"] == .integer(1))
        #expect(try parse("\"e\u{301}\"") != parse("\"\u{E9}\""))
    }

    @Test("Members keep their order, and the order tells objects apart")
    func order() throws {
        let object = try #require(try parse(#"{"b":1,"a":2,"c":null}"#).object)
        #expect(object.members.map(\.key) == ["b", "a", "c"])
        #expect(object["c"] == .null)
        #expect(object["d"] == nil)
        #expect(try parse(#"{"a":1,"b":2}"#) != parse(#"{"b":2,"a":1}"#))
        #expect(try parse(#"{"c":null}"#)["c"] == nil)
    }
}

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test("Integers are exact up to the limits of 64 bits, and become fractions beyond")
    func limits() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("9223372036854775808") == .number(0x1p63))
        #expect(try parse("-9223372036854775809") == .number(-0x1p63))
        #expect(try parse("18446744073709551617") == .number(0x1p64))
        #expect(try parse("9007199254740993") == .integer(9_007_199_254_740_993))
        #expect(try ["0", "-0", "-1", "10"].map(parse) == [.integer(0), .integer(0), .integer(-1), .integer(10)])
    }

    @Test("A fraction or an exponent makes a number, even where its value is whole")
    func fractions() throws {
        #expect(try parse("1.0") == .number(1))
        #expect(try ["1e2", "1E2", "1e+2", "100e0", "1000E-1"].map { try parse($0) } == Array(repeating: .number(100), count: 5))
        #expect(try parse("-0.0").double?.sign == .minus)
        #expect(try parse("0.1") == .number(0.1))
        #expect(try parse("1e-400") == .number(0))
        #expect(try parse("5e-324") == .number(.leastNonzeroMagnitude))
        #expect(try parse("1.7976931348623157e308") == .number(.greatestFiniteMagnitude))
        #expect(try parse("3")["a"] == nil)
        #expect(try parse("3").double == 3)
        #expect(try parse("1.0").integer == nil)
    }

    @Test("A number too large for any Double is infinite, as Python reads it; callers that need finite values look")
    func overflow() throws {
        #expect(try parse("1e400") == .number(.infinity))
        #expect(try parse("-1e400") == .number(-.infinity))
    }

    @Test("Very long numbers are read")
    func long() throws {
        #expect(try parse("0." + String(repeating: "3", count: 100_000)).double == 1.0 / 3)
        #expect(try parse("1" + String(repeating: "0", count: 300)).double == 1e300)
        #expect(try parse("1" + String(repeating: "0", count: 100_000) + "e-100000").double == 1)
    }

    @Test(
        "What only looks like a number is refused",
        arguments: [
            "01", "-01", "00", "+1", ".5", "-.5", "1.", "1.e1", "-", "--1", "1e", "1e+", "1e1.5", "0x10", "1_000", "1,000", "1a", "١",
            "- 1", "1..2",
            "0e", "1ee1", "1-", "1+1", "∞",
        ])
    func refused(_ text: String) { #expect(failure(text) != nil) }
}
