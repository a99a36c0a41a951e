import BlipJSON
import Testing

@testable import BlipTokenizers

/// Against what Python's `tokenizers` and `transformers` make of the same files and texts.
@Suite struct ParityTests {
    @Test("Every text gets the ids that Python gives it", arguments: Fixtures.names + Fixtures.bareNames)
    func idsEqualPython(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let texts = try Fixtures.texts()
        let rows = try Fixtures.rows(name)
        #expect(texts.count == rows.count && texts.count >= 2000)
        var wrong: [String] = []
        for (text, row) in zip(texts, rows) {
            let ids = tokenizer.encode(text, specialTokens: .parsed)
            if ids != row { wrong.append("\(Self.escaped(text)): \(ids.prefix(40)) instead of \(row.prefix(40))") }
        }
        #expect(wrong.isEmpty, "\(wrong.count) differ, e.g. \(wrong.prefix(5).joined(separator: "\n"))")
    }

    @Test("Ids decode to the text that Python gives", arguments: Fixtures.names)
    func decodingEqualsPython(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let cases = try Fixtures.json("cases/\(name).json")
        for shown in try cases.required("shown").elements() {
            let ids = try shown.required("ids").integers()
            #expect(try tokenizer.decode(ids) == shown.required("text").string())
            #expect(try tokenizer.decode(ids, skippingSpecialTokens: false) == shown.required("whole").string())
        }
        for odd in try cases.required("random").elements() {
            let ids = try odd.required("ids").integers()
            #expect(try tokenizer.decode(ids) == odd.required("text").string(), "\(ids)")
            #expect(try tokenizer.decode(ids, skippingSpecialTokens: false) == odd.required("whole").string(), "\(ids)")
        }
        let digests = try cases.required("decoded").string()
        for (index, row) in try Fixtures.rows(name).enumerated() {
            let both = tokenizer.decode(row) + "\u{0}" + tokenizer.decode(row, skippingSpecialTokens: false)
            let expected = digests.dropFirst(8 * index).prefix(8)
            #expect(Fixtures.digest(both).prefix(8) == expected, "text \(index): \(Self.escaped(both))")
        }
    }

    @Test("Texts of ten thousand characters get Python's ids and come back", arguments: Fixtures.names)
    func longTexts(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let expected = try Fixtures.json("cases/\(name).json").required("long").elements()
        for (long, expected) in zip(try Fixtures.json("cases/texts.json").required("long").elements(), expected) {
            let text = String(repeating: try long.required("part").string(), count: try long.required("count").integer())
            let ids = tokenizer.encode(text, specialTokens: .parsed)
            #expect(try ids.count == expected.required("count").integer())
            #expect(try Fixtures.digest(ids.map(String.init).joined(separator: " ")) == expected.required("ids").string())
            #expect(try Fixtures.digest(tokenizer.decode(ids)) == expected.required("text").string())
        }
    }

    @Test("Special tokens in a text are read as if they did not exist", arguments: Fixtures.names)
    func specialTokensAsText(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let reference = try Fixtures.json("cases/\(name).json").required("asText")
        let texts = try reference.required("texts").elements().map { try $0.string() }
        let rows = try reference.required("ids").elements().map { try $0.integers() }
        #expect(texts.count == rows.count && texts.count > 20)
        for (text, row) in zip(texts, rows) {
            #expect(tokenizer.encode(text, addSpecialTokens: false) == row, "\(Self.escaped(text))")
        }
    }

    @Test("Truncation cuts the side that is asked for and keeps the template", arguments: Fixtures.names)
    func truncation(name: String) throws {
        var tokenizer = try Fixtures.tokenizer(name)
        let texts = try Fixtures.texts().suffix(1500).prefix(10)
        for reference in try Fixtures.json("cases/\(name).json").required("truncated").elements() {
            tokenizer.truncationSide = try Side(reference.required("side"))
            let length = try reference.required("length").integer()
            for (text, row) in zip(texts, try reference.required("rows").elements()) {
                #expect(try tokenizer.encode(text, specialTokens: .parsed, maximumLength: length) == row.integers())
            }
        }
    }

    @Test("Vocabulary sizes equal Python's", arguments: Fixtures.names)
    func sizes(name: String) throws {
        let size = try Fixtures.json("cases/\(name).json").required("size").integer()
        #expect(try Fixtures.tokenizer(name).vocabularySize == size)
    }

    @Test("Bare vocabulary files give the roles and sizes that transformers gives", arguments: Fixtures.bareNames)
    func bareFiles(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let reference = try Fixtures.json("cases/fallback.json").required(name)
        let special = tokenizer.special
        let roles = try reference.required("special").elements().map { $0.value.integer }
        #expect([special.bos, special.eos, special.pad, special.unknown, special.cls, special.sep] == roles)
        #expect(try tokenizer.vocabularySize == reference.required("size").integer())
    }

    @Test("Rarer components work as in Python")
    func components() throws {
        let file = try Fixtures.json("cases/components.json")
        let bounds = try file.required("subset").integers()
        let all = try Fixtures.texts()
        let late = all.suffix(bounds[1])
        let texts =
            Array(all.prefix(bounds[0]))
            + stride(from: late.startIndex, to: late.endIndex, by: bounds[2]).map { late[$0] }
        let described = try file.required("components")
        let vocabulary = try described.required("plain").required("tokenizer").required("model").required("vocab").value
        for (key, component) in try described.members() {
            let name = String(decoding: key, as: UTF8.self)
            let definition = try TokenizerJSON(
                root: component.required("tokenizer").settingVocabulary(vocabulary)
            ).definition()
            let tokenizer = Tokenizer(definition)
            let digests = try component.required("rows").elements().map { try $0.string() }
            #expect(digests.count == texts.count)
            var rows: [[Int]] = []
            for (text, digest) in zip(texts, digests) {
                rows.append(tokenizer.encode(text, specialTokens: .parsed))
                #expect(
                    Fixtures.digest(Fixtures.pack(rows[rows.count - 1])).prefix(4) == digest,
                    "\(name): \(Self.escaped(text)) \(rows[rows.count - 1].prefix(40))")
            }
            #expect(try Fixtures.digest(rows.map(Fixtures.pack).joined(separator: "\n")) == component.required("ids").string(), "\(name)")
            let text = rows.map { tokenizer.decode($0) }.joined(separator: "\u{0}")
            #expect(try Fixtures.digest(text) == component.required("text").string(), "\(name)")
        }
    }

    static func escaped(_ text: String) -> String {
        text.unicodeScalars.prefix(60).map { $0.value > 32 && $0.value < 127 ? String($0) : "\\u{\(String($0.value, radix: 16))}" }.joined()
    }
}

extension JSONReader {
    /// The same tokenizer with the given vocabulary where it has none of its own.
    func settingVocabulary(_ vocabulary: JSONValue) throws -> JSONReader {
        guard try required("model")["vocab"] == nil else { return self }
        let text = Self.write(value, vocabulary: Self.write(vocabulary, vocabulary: ""))
        return JSONReader(file: file, value: try JSONValue(parsing: Array(text.utf8)))
    }

    /// JSON text, with the member `vocab` replaced where it is null.
    private static func write(_ value: JSONValue, vocabulary: String) -> String {
        switch value {
        case .null: return "null"
        case .bool(let bool): return "\(bool)"
        case .integer(let integer): return "\(integer)"
        case .number(let number): return "\(number)"
        case .string(let string): return quoted(string.description)
        case .array(let elements): return "[" + elements.map { write($0, vocabulary: vocabulary) }.joined(separator: ",") + "]"
        case .object(let object):
            let members = object.members.map { member in
                let isMissing = member.key == "vocab" && member.value == .null
                return quoted(member.key.description) + ":" + (isMissing ? vocabulary : write(member.value, vocabulary: vocabulary))
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case ..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
