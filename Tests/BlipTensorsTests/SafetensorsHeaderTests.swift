import BlipJSON
import Foundation
import Testing

@testable import BlipTensors

/// A header that breaks one rule.
struct BrokenHeader: Sendable, CustomTestStringConvertible {
    let rule: String
    let header: String
    let dataCount: Int
    /// What the message must hold.
    let message: String

    init(_ rule: String, _ header: String, data dataCount: Int = 0, _ message: String) {
        (self.rule, self.header, self.dataCount, self.message) = (rule, header, dataCount, message)
    }

    var testDescription: String { rule }

    /// One tensor "w" with this text for its members.
    static func tensor(_ rule: String, dtype: String = #""F32""#, shape: String, offsets: String, data: Int = 4, _ message: String) -> Self
    {
        Self(rule, #"{"w":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}}"#, data: data, message)
    }

    static let all = [
        Self("an empty header", "", "begins with '{', found an empty header"),
        Self("white space before the object", " {}", "begins with '{', found byte 0x20"),
        Self("an array", "[]", "begins with '{', found byte 0x5b"),
        Self("broken JSON", "{", "expected a name in quotes, found the end of the text"),
        Self("text after the object", "{}x", "expected the end, found 'x'"),
        Self("bytes without a tensor", "{}", data: 3, "after the last tensor, found 3 bytes more"),
        Self("a name twice", #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1}"#, #"names "a" twice"#),
        Self("metadata that is no object", #"{"__metadata__":[]}"#, "__metadata__ to be an object of strings, found an array"),
        Self("metadata that is no string", #"{"__metadata__":{"k":1}}"#, #"a string as __metadata__ "k", found a number"#),
        Self(
            "an entry that is no object", #"{"w":[]}"#,
            #"tensor "w": expected an object with dtype, shape and data_offsets, found an array"#),
        Self("no dtype", #"{"w":{"shape":[],"data_offsets":[0,4]}}"#, data: 4, #"tensor "w": expected a dtype, found none"#),
        Self("no shape", #"{"w":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4, #"tensor "w": expected shape, found none"#),
        Self("no offsets", #"{"w":{"dtype":"F32","shape":[]}}"#, data: 4, #"tensor "w": expected data_offsets, found none"#),
        tensor("a dtype that is no string", dtype: "32", shape: "[]", offsets: "[0,4]", "a string as dtype, found a number"),
        tensor("an unknown dtype", dtype: #""F4""#, shape: "[]", offsets: "[0,4]", #"a dtype among U64, I64"#),
        tensor("a dtype in small letters", dtype: #""f32""#, shape: "[]", offsets: "[0,4]", #"found "f32""#),
        tensor("a shape that is no array", shape: "1", offsets: "[0,4]", "an array as shape, found a number"),
        tensor("a negative dimension", shape: "[-1]", offsets: "[0,4]", "whole numbers from 0 to 9223372036854775807 in shape, found -1"),
        tensor("a dimension with a fraction", shape: "[1.0]", offsets: "[0,4]", "in shape, found 1.0"),
        tensor("a dimension that is text", shape: #"["1"]"#, offsets: "[0,4]", "in shape, found a string"),
        tensor("a dimension of 2^63", shape: "[9223372036854775808]", offsets: "[0,4]", "in shape, found 9.223372036854776e+18"),
        tensor("a dimension of 2^64 + 1", shape: "[18446744073709551617]", offsets: "[0,4]", "in shape, found 1.8446744073709552e+19"),
        tensor("a product of 2^64", shape: "[4294967296,4294967296]", offsets: "[0,4]", "can be counted in 64 bits"),
        tensor("a product of 2^64 + 4", shape: "[9223372036854775807,2,2]", offsets: "[0,4]", "can be counted in 64 bits"),
        tensor("bytes beyond 64 bits", shape: "[4611686018427387904]", offsets: "[0,4]", "can be counted in 64 bits"),
        tensor("overflow beside a zero", shape: "[0,4611686018427387904,4]", offsets: "[0,0]", data: 0, "can be counted in 64 bits"),
        tensor("one offset", shape: "[]", offsets: "[0]", "two data_offsets, begin and end, found 1"),
        tensor("three offsets", shape: "[]", offsets: "[0,4,4]", "two data_offsets, begin and end, found 3"),
        tensor("a negative offset", shape: "[]", offsets: "[-4,0]", "in data_offsets, found -4"),
        tensor("an offset with an exponent", shape: "[]", offsets: "[0,4e0]", "in data_offsets, found 4.0"),
        tensor("begin after end", shape: "[]", offsets: "[4,0]", "begin <= end, found [4, 0]"),
        tensor("an end outside the file", shape: "[2]", offsets: "[0,8]", "inside the 4 data bytes of the file, found data_offsets [0, 8]"),
        tensor("an end of 2^63 - 1", shape: "[1]", offsets: "[0,9223372036854775807]", "inside the 4 data bytes of the file"),
        tensor("too few bytes for the shape", shape: "[2]", offsets: "[0,4]", "expected 8 bytes for F32 [2], found 4 bytes"),
        tensor(
            "too many bytes for the shape", dtype: #""F16""#, shape: "[]", offsets: "[0,4]", "expected 2 bytes for F16 [], found 4 bytes"),
        tensor("bytes for an empty tensor", shape: "[0]", offsets: "[0,4]", "expected 0 bytes for F32 [0], found 4 bytes"),
        tensor(
            "bytes before the first tensor", shape: "[]", offsets: "[4,8]", data: 8,
            "at offset 0, where the data before it end, found offset 4 (a hole)"),
        tensor("bytes after the last tensor", shape: "[]", offsets: "[0,4]", data: 5, "after the last tensor, found 1 bytes more"),
        two(
            "a hole", "[0,2]", "[3,5]", data: 5,
            #"tensor "b": expected its data at offset 2, where the data before it end, found offset 3 (a hole)"#),
        two(
            "an overlap", "[0,2]", "[1,3]", data: 3,
            #"tensor "b": expected its data at offset 2, where the data before it end, found offset 1 (tensors overlap)"#),
        two("two tensors over the same bytes", "[0,2]", "[0,2]", data: 2, "(tensors overlap)"),
    ]

    private static func two(_ rule: String, _ first: String, _ second: String, data: Int, _ message: String) -> Self {
        let entries = [("a", first), ("b", second)].map { #""\#($0)":{"dtype":"U8","shape":[2],"data_offsets":\#($1)}"# }
        return Self(rule, "{\(entries.joined(separator: ","))}", data: data, message)
    }
}

@Suite("The header of a safetensors file")
struct SafetensorsHeaderTests {
    @Test("A file that breaks a rule is refused with path, tensor, expected and found", arguments: BrokenHeader.all)
    func rules(_ broken: BrokenHeader) {
        let bytes = SafetensorsFixture.file(broken.header, data: Array(repeating: 0, count: broken.dataCount))
        let text = safetensorsError { _ = try SafetensorsHeader(bytes) }
        #expect(text.contains(broken.message))
        #expect(text.hasPrefix("test.safetensors"))
    }

    @Test("The length of the header must be there, be sane and fit the file")
    func lengths() {
        func message(_ length: UInt64, rest: Int) -> String {
            let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(repeating: UInt8(ascii: " "), count: rest)
            return safetensorsError { _ = try SafetensorsHeader(bytes) }
        }
        #expect(safetensorsError { _ = try SafetensorsHeader([1, 2, 3]) }.contains("at least 8 bytes"))
        #expect(message(3, rest: 2).contains("a header of 3 bytes, found the end of the file at byte 10"))
        #expect(message(100_000_000, rest: 2).contains("a header of 100000000 bytes, found the end"))
        #expect(message(100_000_001, rest: 2).contains("at most 100000000 bytes, found a length of 100000001"))
        #expect(message(UInt64(Int64.max) - 7, rest: 2).contains("found a length of 9223372036854775800"))
        #expect(message(.max, rest: 2).contains("found a length of 18446744073709551615"))
    }

    @Test("A header that is not UTF-8 is refused")
    func notUTF8() {
        let header = Array(#"{"n"#.utf8) + [0xC3, 0x28] + Array(#"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#.utf8)
        #expect(safetensorsError { _ = try SafetensorsHeader(SafetensorsFixture.file(header)) }.contains("not UTF-8"))
    }

    @Test("Scalars, empty tensors anywhere, unknown members, null metadata and trailing white space are accepted")
    func tolerance() throws {
        let header = """
            {"__metadata__":null,"s":{"dtype":"F64","shape":[],"data_offsets":[1,9],"more":[{}]},
            "e1":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"BOOL","shape":[1,1],"data_offsets":[0,1]},
            "e2":{"dtype":"F32","shape":[3,0,4611686018427387],"data_offsets":[1,1]},"e3":{"dtype":"I8","shape":[0],"data_offsets":[9,9]}} \n
            """
        let parsed = try SafetensorsHeader(SafetensorsFixture.file(header, data: Array(repeating: 1, count: 9)))
        #expect(parsed.tensors.map(\.name) == ["e1", "b", "e2", "s", "e3"])
        #expect(parsed.tensors.map(\.byteCount) == [0, 1, 0, 8, 0])
        #expect(parsed.metadata.isEmpty)
        #expect(try SafetensorsHeader(SafetensorsFixture.file("{}")).tensors.isEmpty)
    }

    @Test("A hostile name is shortened and escaped in messages")
    func hostileNames() {
        let name = String(repeating: "\\u001b[2J", count: 10_000)
        let text = safetensorsError { _ = try SafetensorsHeader(SafetensorsFixture.file(#"{"\#(name)":1}"#)) }
        #expect(text.utf8.count < 2_000)
        #expect(text.utf8.allSatisfy { $0 >= 0x20 })
    }

    /// The deliberate differences; see ``SafetensorsHeader``.
    private static let stricter = [
        "names \"", "begins with '{'", "a dtype among", "found an array", "can be counted in 64 bits", "whole numbers from 0 to",
    ]

    @Test("The reference implementation gives the same verdict on mutated files")
    func corpus() throws {
        var agreed = 0
        for (place, entry) in try #require(try SafetensorsFixture.json("corpus.json").array).enumerated() {
            let bytes = try #require(entry["file"]?.string.flatMap { Data(base64Encoded: $0) })
            let refused = entry["refused"]?.string
            do {
                _ = try SafetensorsHeader([UInt8](bytes))
                #expect(refused == nil, "file \(place)")
                agreed += 1
            } catch let error as SafetensorsError {
                if refused == nil { #expect(Self.stricter.contains { error.description.contains($0) }, "file \(place): \(error)") }
            }
        }
        #expect(agreed > 20)
    }
}
