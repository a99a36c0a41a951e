import BlipJSON
import Testing

@Suite("JSON names, short and long, few and many")
struct JSONNameTests {
    private static func name(_ index: Int, length: Int) -> String {
        let number = String(index)
        return String(repeating: "n", count: max(0, length - number.utf8.count)) + number
    }

    @Test("Every member is found in objects of every size, and a name that is not there is not", arguments: [3, 8, 15, 16, 17, 40])
    func lookups(length: Int) throws {
        for count in 0..<40 {
            let names = (0..<count).map { Self.name($0, length: length) }
            let text = "{" + names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
            let object = try #require(try JSONValue(parsing: Array(text.utf8)).object)
            #expect(object.members.count == count)
            #expect(object.members.map(\.key.description) == names)
            for (index, name) in names.enumerated() { #expect(object[JSONString(stringLiteral: name)] == .integer(index)) }
            #expect(object[JSONString(stringLiteral: Self.name(count, length: length))] == nil)
            #expect(object[JSONString(stringLiteral: Self.name(0, length: length + 1))] == nil)
            #expect(object == JSONObject(object.members.map { $0 }))
        }
    }

    @Test("A name that stands twice is refused wherever the two stand", arguments: [3, 16])
    func duplicates(length: Int) throws {
        for count in 1..<32 {
            for repeated in 0..<count {
                let names = (0..<count).map { Self.name($0, length: length) }
                let head = "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + ","
                let text = head + "\"\(names[repeated])\":{}}"
                #expect(throws: JSONError.duplicateKey(offset: head.utf8.count, key: names[repeated])) {
                    try JSONValue(parsing: Array(text.utf8))
                }
            }
        }
    }

    @Test("Equal long names in a document stay what they are, beside others of the same length, beginning and end")
    func repeatedNames() throws {
        let names = (0..<64).map { "answer_confidence_\($0 % 8)_\($0 / 8)_z" } + ["answer_confidence", "multiple_choice_answer"]
        let objects = (0..<200).map { row in (0..<9).map { names[(row * 5 + $0 * 7) % names.count] } }
        let text = "[" + objects.map { "{" + $0.map { "\"\($0)\": \"\($0)\"" }.joined(separator: ", ") + "}" }.joined(separator: ",") + "]"
        let array = try #require(try JSONValue(parsing: Array(text.utf8)).array)
        #expect(array.map { $0.object?.members.map(\.key.description) ?? [] } == objects)
        #expect(array.allSatisfy { $0.object?.members.allSatisfy { $0.value == .string($0.key) } == true })
    }

    @Test("Strings of every length keep their bytes, and differ if one byte does")
    func equality() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            let string = JSONString(bytes: bytes)
            #expect(string.bytes == bytes && string.count == count)
            #expect(string.withUnsafeBytes { Array($0) } == bytes)
            #expect(string == JSONString(bytes: bytes) && string.hashValue == JSONString(bytes: bytes).hashValue)
            #expect(string.description == String(decoding: bytes, as: UTF8.self))
            #expect(string != JSONString(bytes: bytes + [0]))
            for place in 0..<count {
                var other = bytes
                other[place] ^= 1
                #expect(string != JSONString(bytes: other))
            }
        }
        #expect(Set((0..<40).map { JSONString(bytes: [UInt8](repeating: 0, count: $0)) }).count == 40)
        for text in ["", "é", "question", "question_id", "123456789012345", "1234567890123456", "multiple_choice_answer"] {
            #expect(JSONString(stringLiteral: text) == JSONString(bytes: Array(text.utf8)))
        }
    }

    @Test("Members are a collection, and of two with one name the last counts")
    func members() {
        let object = JSONObject([("a", .integer(1)), ("b", .null), ("a", .integer(2))])
        #expect(object.members.map(\.key) == ["a", "b"])
        #expect(object["a"] == .integer(2))
        #expect(object.setting("c", to: .bool(true)).members.last?.key == "c")
        #expect(object.setting("b", to: .bool(true))["b"] == .bool(true))
        let none: JSONObject? = nil
        for (key, _) in none?.members ?? [] { Issue.record("\(key)") }
    }
}
