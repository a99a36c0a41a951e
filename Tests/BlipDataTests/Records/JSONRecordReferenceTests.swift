import BlipJSON
import Foundation
import Testing

@testable import BlipData

/// Documents and places of their records as Python wrote them (Scripts/fixtures/records.py).
@Suite("JSON records against Python")
struct JSONRecordReferenceTests {
    static let chunkSizes = Array(1...64) + [ByteSource.usualChunkSize]

    @Test("Every record stands where Python put it and says what Python meant, for chunks of any size")
    func places() throws {
        for document in try RecordFixtures.entries("json.json") {
            let text = try #require(document["text"]?.bytes)
            let keys = try #require(document["keys"]?.array).compactMap(\.string)
            let form: RecordForm = document["isArray"]?.bool == true ? .jsonArray(at: keys) : .jsonMembers(at: keys)
            let expected = try #require(document["records"]?.array)
            let values = try expected.map { try JSONValue(parsing: try #require($0["json"]?.bytes)) }
            try withFile(text) { url throws in
                for chunkSize in Self.chunkSizes {
                    let file = try RecordFile(url, form, chunkSize: chunkSize)
                    var scanner = try RecordScanner(url, form, chunkSize: chunkSize)
                    guard file.count == expected.count else {
                        Issue.record("\(file.count) instead of \(expected.count) records in chunks of \(chunkSize)")
                        continue
                    }
                    for index in 0..<file.count {
                        let scanned = try scanner.next()
                        #expect(file.byteRange(index).lowerBound == expected[index]["offset"]?.integer)
                        #expect(scanned?.offset == expected[index]["offset"]?.integer)
                        #expect(scanned?.index == index)
                        // Reading does not depend on the chunks, and debug builds are slow.
                        guard chunkSize % 16 == 0 else { continue }
                        let range = try #require(expected[index]["value"]?.array).compactMap(\.integer)
                        #expect(try file.bytes(index) == Array(text[range[0]..<range[1]]))
                        #expect(try file.json(index) == values[index])
                        #expect(try file.key(index) == expected[index]["key"]?.string)
                        #expect(scanned?.bytes == Array(text[range[0]..<range[1]]))
                        #expect(scanned?.key == expected[index]["key"]?.string)
                    }
                    #expect(try scanner.next() == nil)
                }
            }
        }
    }

    @Test("Skipping strings eight bytes at a time misses no quote and no escape")
    func strings() throws {
        var generator = RecordGenerator(state: 5)
        let pieces = ["\\\"", "\\\\", "a", "bcdefghi", "]", "}", ",", "\u{80}", "\u{A2}", "é", "\\u0022", "!", "#", "["]
        var text = "["
        var expected: [JSONValue] = []
        for index in 0..<400 {
            let content = (0..<Int.random(in: 0..<30, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            text += (index == 0 ? "" : ",") + "\"\(content)\""
            expected.append(try JSONValue(parsing: Array("\"\(content)\"".utf8)))
        }
        text += "]"
        try withFile(text) { url throws in
            for chunkSize in [1, 2, 3, 7, 8, 9, 15, 16, 17, 1 << 20] {
                let file = try RecordFile(url, .jsonArray(), chunkSize: chunkSize)
                #expect(file.count == expected.count)
                for index in 0..<min(file.count, expected.count) { #expect(try file.json(index) == expected[index]) }
            }
        }
    }

    /// Mutated documents: a top-level array can be opened and all its elements read exactly where the whole document is JSON.
    @Test("Documents with a changed or missing byte are read as the parser of whole documents reads them, or refused")
    func mutations() throws {
        let document = Array(#" [{"a": [1, "x\"y"]}, "é\u00e9", -1.5e3 ,null,[[]], {} ]"#.utf8)
        let replacements: [UInt8] = Array("\"\\[]{},: 1x\n".utf8) + [0, 0xC3, 0xFF]
        try withTemporaryFolder { folder in
            let scratch = ScratchFile(url: folder.appending(path: "m.json"))
            for place in document.indices {
                for replacement in replacements {
                    var mutated = document
                    mutated[place] = replacement
                    try Self.compare(mutated, scratch)
                }
                try Self.compare(Array(document[..<place]), scratch)
                try Self.compare(Array(document[..<place] + document[(place + 1)...]), scratch)
            }
        }
    }

    private static func compare(_ bytes: [UInt8], _ scratch: ScratchFile) throws {
        let url = try scratch.write(bytes)
        let whole: [JSONValue]?
        do { whole = try JSONValue(parsing: bytes).array } catch { whole = nil }
        let records: [JSONValue]?
        do {
            let file = try RecordFile(url, .jsonArray(), chunkSize: 5)
            records = try (0..<file.count).map { try file.json($0) }
        } catch let error as RecordError {
            #expect(!error.description.isEmpty)
            records = nil
        }
        #expect(records == whole, "\(String(decoding: bytes, as: UTF8.self))")
    }

    @Test("Documents around the records may break anywhere: a typed error or the records, never a crash")
    func outerMutations() throws {
        let document = Array(#"{"i": {"v": [1]}, "d": {"q": ["a", "b"], "r": {"x": 1, "y\"": [2]}}, "z": 0}"#.utf8)
        let replacements: [UInt8] = Array("\"\\[]{},: ".utf8) + [0xFF]
        let forms: [RecordForm] = [.jsonArray(at: ["d", "q"]), .jsonMembers(at: ["d", "r"]), .jsonMembers(), .lines, .rows(.comma)]
        try withTemporaryFolder { folder in
            let scratch = ScratchFile(url: folder.appending(path: "m.json"))
            for place in document.indices {
                for replacement in replacements {
                    var mutated = document
                    mutated[place] = replacement
                    try Self.touch(scratch.write(mutated), forms)
                }
                try Self.touch(scratch.write(Array(document[..<place])), forms)
            }
        }
    }

    /// Reads all there is; the only errors are the typed ones, and a file and a scanner agree.
    private static func touch(_ url: URL, _ forms: [RecordForm]) throws {
        for form in forms {
            var scanned: [[UInt8]] = []
            var isBroken = false
            do {
                var scanner = try RecordScanner(url, form, chunkSize: 4)
                while let record = try scanner.next() { scanned.append(record.bytes) }
            } catch {
                isBroken = true
            }
            do {
                let file = try RecordFile(url, form, chunkSize: 9)
                let all = try (0..<file.count).map { try file.bytes($0) }
                #expect(!isBroken && all == scanned)
            } catch {
                #expect(isBroken)
            }
        }
        do {
            _ = try RecordFile.jsonValue(url, at: ["d", "q"])
            _ = try RecordFile.jsonMemberNames(url)
        } catch {}
    }
}
