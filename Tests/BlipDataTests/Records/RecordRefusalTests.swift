import BlipJSON
import Foundation
import Testing

@testable import BlipData

@Suite("What cannot be read as records")
struct RecordRefusalTests {
    @Test("A missing file, a folder, a device and another machine are named")
    func notFiles() throws {
        try withTemporaryFolder { folder in
            let missing = folder.appending(path: "none.json")
            let error = #expect(throws: RecordError.self) { try RecordFile.lines(missing) }
            #expect(error == .system(operation: "open", path: missing.path, code: ENOENT))
            #expect(error?.description == "Cannot open \(missing.path): No such file or directory; check the path")
            #expect(throws: RecordError.notAFile(path: folder.path, found: "a folder")) { try RecordFile.lines(folder) }
            #expect(throws: RecordError.notAFile(path: "/dev/null", found: "a device or pipe")) {
                try TarReader(URL(filePath: "/dev/null"))
            }
            let remote = try #require(URL(string: "https://example.org/a.json"))
            #expect(throws: RecordError.notAFile(path: "https://example.org/a.json", found: "not on this machine")) {
                try TableFile(remote)
            }
        }
    }

    @Test("Compressed files and other forms are refused with the remedy")
    func foreignForms() throws {
        let forms: [(bytes: [UInt8], remedy: String)] = [
            ([0x1F, 0x8B, 0x08, 0, 0], "gunzip"), (Array("PK\u{3}\u{4}rest".utf8), "unzip"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "unxz"),
            ([0x28, 0xB5, 0x2F, 0xFD, 1], "unzstd"), (Array("BZh91AY&SY".utf8), "bunzip2"),
            ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "unpack"),
            (Array("PAR1".utf8) + [0x15, 0x04], "JSON lines"), ([0xFF, 0xFE, 0x7B, 0], "UTF-8"), ([0xFE, 0xFF, 0, 0x7B], "UTF-8"),
        ]
        for (bytes, remedy) in forms {
            try withFile(bytes) { url throws in
                let error = #expect(throws: RecordError.self) { try RecordFile.jsonArray(url) }
                #expect(error?.description.contains(remedy) == true, "\(String(describing: error))")
                #expect(throws: RecordError.self) { try TarIndex(url) }
            }
        }
        try withFile("PAR1,b\nBZh1\n") { url throws in #expect(try RecordFile.lines(url).count == 2) }
    }

    @Test(
        "Structure errors tell byte, expectation and finding",
        arguments: [
            ("", 0, "more of the JSON document", "the end of the file"),
            ("  ", 2, "more of the JSON document", "the end of the file"),
            ("[", 1, "more of the JSON document", "the end of the file"),
            ("[1", 2, "the rest of a value", "the end of the file"),
            ("[\"a]", 4, "the rest of a value", "the end of the file"),
            ("[\"a\\\"]", 6, "the rest of a value", "the end of the file"),
            ("[{]", 2, "'}'", "']'"),
            ("[[}", 2, "']'", "'}'"),
            ("[1}", 2, "',' or ']'", "'}'"),
            ("[1,]", 3, "a value", "']'"),
            ("[,1]", 1, "a value", "','"),
            ("[1,,2]", 3, "a value", "','"),
            ("[1] x", 4, "the end of the file", "'x'"),
            ("[1][2]", 3, "the end of the file", "'['"),
            ("[1]\u{0}", 3, "the end of the file", "byte 0x0"),
            ("?", 0, "an array", "'?'"),
        ])
    func arrayStructure(text: String, offset: Int, expected: String, found: String) throws {
        try withFile(text) { url throws in
            #expect(throws: RecordError.structure(path: url.path, offset: offset, expected: expected, found: found)) {
                try RecordFile.jsonArray(url)
            }
            var scanner = try RecordScanner(url, .jsonArray())
            #expect(throws: RecordError.self) { while try scanner.next() != nil {} }
            #expect(try scanner.next() == nil)
        }
    }

    @Test(
        "Errors around the records are errors too",
        arguments: [
            (#"{"a": [1]"#, 9, "more of the JSON document", "the end of the file"),
            (#"{"a": [1], }"#, 11, "a name in quotes", "'}'"),
            (#"{"a": [1] "b": 2}"#, 10, "',' or '}'", "'\"'"),
            (#"{"a": [1], "b"}"#, 14, "':'", "'}'"),
            (#"{"a": [1], "b": }"#, 16, "a value", "'}'"),
            (#"{"a": [1], "b": 2]"#, 17, "',' or '}'", "']'"),
            (#"{"a": [1]]"#, 9, "',' or '}'", "']'"),
            (#"{"b": 1, , "a": [1]}"#, 9, "a name in quotes", "','"),
            (#"{"b": 1 2: 3, "a"#, 14, "the rest of a name", "the end of the file"),
            (#"{a: [1]}"#, 1, "a name in quotes", "'a'"),
        ])
    func outerStructure(text: String, offset: Int, expected: String, found: String) throws {
        try withFile(text) { url throws in
            let error = #expect(throws: RecordError.self) { try RecordFile.jsonArray(url, at: ["a"]) }
            let place = text.hasSuffix("\"a") ? text.utf8.count : offset
            #expect(error == .structure(path: url.path, offset: place, expected: expected, found: found))
        }
    }

    @Test("What is missing or of another kind is told with what is there")
    func wrongPlaces() throws {
        try withFile(#"{"info": {}, "images": [], "question": {"x": 1}}"#) { url throws in
            let error = #expect(throws: RecordError.self) { try RecordFile.jsonArray(url, at: ["questions"]) }
            #expect(error == .missingMember(path: url.path, member: "\"questions\"", members: ["info", "images", "question"]))
            #expect(
                error?.description == "\(url.path) has no member \"questions\"; expected it beside \"info\", \"images\", \"question\"")
            #expect(throws: RecordError.missingMember(path: url.path, member: "\"question.y\"", members: ["x"])) {
                try RecordFile.jsonArray(url, at: ["question", "y"])
            }
            let top = #expect(throws: RecordError.self) { try RecordFile.jsonArray(url) }
            #expect(
                top
                    == .wrongKind(
                        path: url.path, member: "the whole document", expected: "an array", found: "an object",
                        members: ["info", "images", "question"]))
            let kinds = [("images", "an array"), ("question.x", "a number")]
            for (member, found) in kinds {
                let keys = member.split(separator: ".").map(String.init)
                #expect(
                    throws: RecordError.wrongKind(
                        path: url.path, member: "\"\(member)\"", expected: "an object", found: found, members: [])
                ) {
                    try RecordFile.jsonMembers(url, at: keys)
                }
            }
        }
        try withFile(#"{"a": [1], "b": 2, "\u0061": [2]}"#) { url throws in
            #expect(throws: RecordError.duplicateMember(path: url.path, member: "\"a\"", offset: 19)) {
                try RecordFile.jsonArray(url, at: ["a"])
            }
        }
    }

    @Test("Depth is bounded, inside and beside the records")
    func depth() throws {
        let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        try withFile("[\(deepest)]") { url throws in
            #expect(try RecordFile.jsonArray(url).count == 1)
            #expect(try RecordFile.jsonArray(url).json(0).array?.count == 1)
        }
        let deeper = "[" + deepest + "]"
        try withFile("[0, \(deeper)]") { url throws in
            #expect(throws: RecordError.tooDeep(path: url.path, offset: 132, limit: 128)) { try RecordFile.jsonArray(url) }
        }
        try withFile("{\"x\": \(deeper), \"a\": []}") { url throws in
            #expect(throws: RecordError.tooDeep(path: url.path, offset: 134, limit: 128)) { try RecordFile.jsonArray(url, at: ["a"]) }
        }
        // Both kinds of bracket at every depth keep their order.
        let mixed = String(repeating: "{\"a\":[", count: 60) + "1" + String(repeating: "]}", count: 60)
        try withFile("[\(mixed)]") { url throws in #expect(try RecordFile.jsonArray(url).bytes(0) == Array(mixed.utf8)) }
    }

    @Test("A record longer than the limit is named", arguments: [1, 7, 1 << 20])
    func lengthLimit(chunkSize: Int) throws {
        let forms: [(String, RecordForm)] = [
            ("[1, \"123456789\"]", .jsonArray()), ("{\"a\": 1, \"12345\": 0}", .jsonMembers()), ("12345678\n1234567890", .lines),
            ("12345678\n\"12345678\n\"\n", .rows(.comma)),
        ]
        for (text, form) in forms {
            try withFile(text) { url throws in
                let error = #expect(throws: RecordError.self) { try RecordFile(url, form, recordLimit: 9, chunkSize: chunkSize) }
                guard case .tooLong(let place, 9)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(place.hasPrefix("\(url.path), record 2 (byte "))
                let longer = try RecordFile(url, form, recordLimit: 11, chunkSize: chunkSize)
                #expect(longer.count == 2)
            }
        }
    }

    @Test("A file that becomes shorter while it is open gives an error, not a crash")
    func shortenedFile() throws {
        try withFile("[1, 2, 300]") { url throws in
            let file = try RecordFile.jsonArray(url)
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 8)
            try handle.close()
            #expect(try file.json(0).integer == 1)
            #expect(throws: RecordError.changed(path: url.path, offset: 8)) { try file.json(2) }
        }
    }

    @Test("A file that may not be read says so")
    func permissions() throws {
        // The superuser may read everything.
        guard getuid() != 0 else { return }
        try withFile("[]") { url throws in
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: url.path)
            #expect(throws: RecordError.system(operation: "open", path: url.path, code: EACCES)) { try RecordFile.jsonArray(url) }
        }
    }
}
