import BlipData
import BlipJSON
import Foundation
import Testing

@Suite("Record files")
struct RecordFileTests {
    @Test("An array inside an object gives its elements, whatever they are")
    func array() throws {
        try withFile(#"{"info": {"x": [1]}, "annotations": [{"id": 1}, "two", 3 , null ], "licenses": []}"#) { url throws in
            let file = try RecordFile.jsonArray(url, at: ["annotations"])
            #expect(file.count == 4)
            #expect(try file.json(0)["id"]?.integer == 1)
            #expect(try file.json(1).string == "two")
            #expect(try file.bytes(2) == Array("3".utf8))
            #expect(try file.json(3) == .null)
            #expect(file.place(1) == "file, record 2 (byte 48)")
            #expect(try file.key(1) == nil)
            #expect(try file.record(1).text() == "\"two\"")
            #expect(try file.record(0).json()["id"]?.integer == 1)
            #expect(try RecordFile.jsonArray(url, at: ["licenses"]).count == 0)
        }
    }

    @Test("An object gives its members with their names")
    func members() throws {
        try withFile(#"{"q1": {"a": 1}, "q\u00e9" : 2, "":[]}"#) { url throws in
            let file = try RecordFile.jsonMembers(url)
            #expect(try (0..<file.count).map { try file.key($0) } == ["q1", "qé", ""])
            #expect(try file.json(1).integer == 2)
            #expect(try file.record(1).key == "qé")
            #expect(try file.bytes(0) == Array(#"{"a": 1}"#.utf8))
        }
    }

    @Test("Small members of a large document are read alone")
    func smallMembers() throws {
        try withFile(#"{"version": "1.0", "data": {"split": "val", "dialogs": [1, 2]}, "later": }"#) { url throws in
            let version = try RecordFile.jsonValue(url, at: ["version"])
            #expect(version?.string == "1.0")
            #expect(try RecordFile.jsonValue(url, at: ["data", "split"])?.string == "val")
            #expect(try RecordFile.jsonValue(url, at: ["data", "dialogs"])?.array?.count == 2)
            #expect(try RecordFile.jsonMemberNames(url, at: ["data"]) == ["split", "dialogs"])
            #expect(throws: RecordError.self) { try RecordFile.jsonValue(url, at: []) }
            #expect(throws: RecordError.self) { try RecordFile.jsonValue(url, at: ["version", "x"]) }
        }
        try withFile(#" {"a": [1, {"b": null}]} "#) { url throws in
            #expect(try RecordFile.jsonValue(url, at: [])?["a"]?.array?.count == 2)
            #expect(try RecordFile.jsonValue(url, at: ["b"]) == nil)
        }
        try withFile("[1, 2]") { url throws in #expect(try RecordFile.jsonMemberNames(url) == []) }
    }

    @Test("Lines are records, blank ones are none, and their ends are left out")
    func lines() throws {
        try withFile("\u{FEFF}first\r\n\n \t\r\n second \n\r\nlast") { url throws in
            let file = try RecordFile.lines(url)
            #expect(try (0..<file.count).map { try file.text($0) } == ["first", " second ", "last"])
            #expect(file.place(1) == "file, record 2 (byte 15)")
            var scanner = try RecordScanner(url, .lines)
            var lines: [Int?] = []
            while let record = try scanner.next() { lines.append(record.line) }
            #expect(lines == [1, 4, 6])
        }
        try withFile("a\nb\n") { url throws in
            #expect(try RecordFile.lines(url).count == 2)
            #expect(try RecordFile.lines(url).place(1) == "file, line 2")
            #expect(try RecordFile.lines(url).record(1).line == 2)
        }
        for empty in ["", "\n\n", " \r\n\t"] { try withFile(empty) { url throws in #expect(try RecordFile.lines(url).count == 0) } }
    }

    @Test("A record that is broken inside fails alone, naming its place")
    func brokenRecords() throws {
        try withFile(#"[{"a": 1}, {"b": "\q"}, {"c" 2}, 1 2, {"d": 3}]"#) { url throws in
            let file = try RecordFile.jsonArray(url)
            #expect(file.count == 5)
            #expect(try file.json(0)["a"]?.integer == 1)
            #expect(try file.json(4)["d"]?.integer == 3)
            for index in 1...3 {
                let error = #expect(throws: RecordError.self) { try file.json(index) }
                #expect(error?.description.contains(file.place(index)) == true)
            }
        }
        try withFile("{\"a\": 1}\n{\"a\": \n[1]\n") { url throws in
            let file = try RecordFile.lines(url)
            #expect(try file.json(2).array?.count == 1)
            let error = #expect(throws: RecordError.self) { try file.json(1) }
            #expect(
                error?.description
                    == "file, line 2 is not JSON, counting bytes from there: JSON is broken at byte 6: expected a value, found the end of the text"
            )
        }
        try withFile(#"{"a": 1, "\q": 2, "b" 3, "c": 4}"#) { url throws in
            let file = try RecordFile.jsonMembers(url)
            #expect(try file.key(3) == "c")
            for index in 1...2 { #expect(throws: RecordError.self) { try file.key(index) } }
            var scanner = try RecordScanner(url, .jsonMembers())
            var keys: [String] = []
            var failures = 0
            while true {
                do {
                    guard let record = try scanner.next() else { break }
                    keys.append(record.key ?? "")
                } catch {
                    failures += 1
                }
            }
            #expect(keys == ["a", "c"])
            #expect(failures == 2)
        }
        try withFile([0x61, 0x0A, 0xFF, 0x0A, 0x62]) { url throws in
            let file = try RecordFile.lines(url)
            #expect(throws: RecordError.notText(place: "file, line 2")) { try file.text(1) }
            #expect(try file.text(2) == "b")
        }
    }

    @Test("Progress ends with the whole file")
    func progress() throws {
        try withFile(String(repeating: "line\n", count: 500_000)) { url throws in
            var reports: [Int] = []
            let file = try RecordFile.lines(url) { done, size in
                reports.append(done)
                #expect(size == 2_500_000)
            }
            #expect(file.count == 500_000)
            #expect(reports.count == 3)
            #expect(reports.last == 2_500_000)
            #expect(try file.text(499_999) == "line")
            #expect(file.byteRange(123_456).lowerBound == 123_456 * 5)
        }
    }

    @Test("Many tasks may read one file")
    func concurrentReading() async throws {
        let text = (0..<2000).map { "{\"id\": \($0)}\n" }.joined()
        let folder = FileManager.default.temporaryDirectory.appending(path: "BlipData-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let url = folder.appending(path: "file.jsonl")
        try Data(text.utf8).write(to: url)
        let file = try RecordFile.lines(url)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for part in 0..<4 {
                group.addTask {
                    for index in stride(from: part, to: file.count, by: 4) where try file.json(index)["id"]?.integer != index {
                        return false
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
