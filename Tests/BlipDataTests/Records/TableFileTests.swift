import BlipJSON
import Foundation
import Testing

@testable import BlipData

@Suite("Tables")
struct TableFileTests {
    @Test("Rows are what Python's csv reads, for chunks of any size")
    func references() throws {
        for (number, table) in try RecordFixtures.entries("tables.json").enumerated() {
            let text = try #require(table["text"]?.bytes)
            let separator = try #require(table["separator"]?.bytes?.first.flatMap(FieldSeparator.init(rawValue:)))
            let rows = table["rows"]?.array?.map { ($0.array ?? []).compactMap(\.string) }
            let names = (0..<40).map { "column \($0)" }
            try withFile(text) { url throws in
                for chunkSize in [1, 2, 3, 5, 8, 64, 1 << 20] {
                    guard let rows else {
                        #expect(throws: RecordError.self) { try TableFile(url, separator: separator, columns: names, chunkSize: chunkSize) }
                        continue
                    }
                    let file = try TableFile(url, separator: separator, columns: names, chunkSize: chunkSize)
                    let found = try (0..<file.count).map { index in
                        let row = try file.row(index)
                        for column in 0..<row.count {
                            let cell = try #require(row.cell(names[column]))
                            #expect(try file.text(of: cell) == row[column])
                        }
                        return (0..<row.count).map { row[$0] }
                    }
                    #expect(found == rows, "table \(number)")
                }
            }
        }
    }

    @Test("Columns are found by name, in any order")
    func columns() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "val.TSV")
            try Data("\u{FEFF}index\timage\t\"que\"\"stion\"\n7\tQUJD\t\"a\tb\"\n8\tREVG\n".utf8).write(to: url)
            let table = try TableFile(url)
            #expect(table.separator == .tab)
            #expect(table.columns == ["index", "image", "que\"stion"])
            #expect(table.count == 2)
            let row = try table.row(0)
            #expect(row["image"] == "QUJD")
            #expect(row["que\"stion"] == "a\tb")
            #expect(row["none"] == nil)
            #expect(row.place == "val.TSV, row 1 (byte 28)")
            // The second row ends early.
            #expect(try table.row(1)["que\"stion"] == nil)
            #expect(try table.row(1).cell("que\"stion") == nil)
            let cell = try #require(row.cell("image"))
            #expect(cell == TableCell(range: 30..<34, isQuoted: false))
            #expect(try table.text(of: cell) == "QUJD")
            try table.require("image", "index")
            #expect(throws: RecordError.missingColumn(path: url.path, column: "answer", columns: table.columns)) {
                try table.require("index", "answer")
            }
        }
    }

    @Test("A field may be many megabytes")
    func largeField() throws {
        let picture = String(repeating: "QUJD", count: 1_000_000)
        try withFile("id,image\n1,\(picture)\n2,\"\(picture)\"\n3,x\n") { url throws in
            let table = try TableFile(url)
            #expect(table.count == 3)
            #expect(try table.row(2)["image"] == "x")
            let row = try table.row(1)
            #expect(row["image"]?.utf8.count == 4_000_000)
            let cell = try #require(row.cell("image"))
            #expect(cell.isQuoted && cell.range.count == 4_000_002)
            #expect(try table.text(of: cell) == picture)
        }
    }

    @Test("Broken tables say what is wrong")
    func refusals() throws {
        try withFile("") { url throws in
            #expect(throws: RecordError.self) { try TableFile(url) }
            #expect(try TableFile(url, columns: ["a"]).count == 0)
        }
        try withFile("a,b,a\n") { url throws in
            #expect(throws: RecordError.duplicateColumn(path: url.path, column: "a")) { try TableFile(url) }
        }
        // Two unnamed columns are common: an index that was saved twice.
        try withFile(",,a\n1,2,3\n") { url throws in #expect(try TableFile(url).row(0)["a"] == "3") }
        try withFile("a,b\n1,2,3\n4,5\n") { url throws in
            let table = try TableFile(url)
            #expect(throws: RecordError.wrongFieldCount(place: "file, row 1 (byte 4)", expected: 2, found: 3)) { try table.row(0) }
            #expect(try table.row(1)["b"] == "5")
        }
        try withFile("a,b\n1,\"2\n3,4\n") { url throws in
            #expect(
                throws: RecordError.structure(
                    path: url.path, offset: 13, expected: "the quote that closes a field of the row at byte 4", found: "the end of the file"
                )
            ) {
                try TableFile(url)
            }
        }
        try withFile(Array("a\n".utf8) + [0xC3, 0x0A, 0x62]) { url throws in
            let table = try TableFile(url)
            #expect(throws: RecordError.notText(place: "file, row 1 (byte 2)")) { try table.row(0) }
            #expect(try table.row(1)["a"] == "b")
        }
    }

    @Test("Rows know their line, also after line breaks in quotes")
    func lines() throws {
        try withFile("a,b\r\n1,\"x\ny\n\"\r\n\n2,3") { url throws in
            var scanner = try RecordScanner(url, .rows(.comma), chunkSize: 3)
            var lines: [Int?] = []
            while let record = try scanner.next() { lines.append(record.line) }
            #expect(lines == [1, 2, 6])
        }
    }

    @Test("Tables with a changed or missing byte are read or refused, never a crash")
    func mutations() throws {
        let document = Array("id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,é\n".utf8)
        try withTemporaryFolder { folder in
            let scratch = ScratchFile(url: folder.appending(path: "m.csv"))
            for place in document.indices {
                for replacement in Array("\",\r\nx".utf8) + [0, 0xFF] {
                    var mutated = document
                    mutated[place] = replacement
                    try Self.touch(scratch.write(mutated))
                }
                try Self.touch(scratch.write(Array(document[..<place])))
            }
        }
    }

    private static func touch(_ url: URL) throws {
        do {
            let table = try TableFile(url, chunkSize: 3)
            for index in 0..<table.count {
                do {
                    let row = try table.row(index)
                    #expect(row.count <= table.columns.count)
                    for column in table.columns {
                        guard let cell = row.cell(column) else { continue }
                        #expect(try table.text(of: cell) == row[column])
                    }
                } catch {}
            }
        } catch {}
    }
}
