import BlipData
import BlipJSON
import Foundation
import Testing

@Suite struct RecordFileTests {
    @Test func `An array inside an object gives its elements`() throws {
        try withFile(#"{"info": {"x": [1]}, "annotations": [{"id": 1}, "two", 3 , null ], "licenses": []}"#) { url in
            let file = try RecordFile.jsonArray(url, at: ["annotations"])
            #expect(file.count == 4)
            #expect(try file.json(0)["id"]?.integer == 1)
            #expect(try file.json(1).string == "two")
            #expect(try file.bytes(2) == Array("3".utf8))
            #expect(try file.json(3) == .null)
            #expect(file.place(1) == "file, record 1 (byte 48)")
            #expect(try RecordFile.jsonValue(url, at: ["info", "x"])?.array?.count == 1)
            #expect(try RecordFile.jsonMemberNames(url) == ["info", "annotations", "licenses"])
        }
    }

    @Test func `An object gives its members with their names`() throws {
        try withFile(#"{"q1": {"a": 1}, "q\u00e9": 2}"#) { url in
            let file = try RecordFile.jsonMembers(url)
            #expect(try (0..<file.count).map { try file.key($0) } == ["q1", "qé"])
            #expect(try file.json(1).integer == 2)
        }
    }

    @Test func `A table gives its fields by column`() throws {
        try withFile("id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,d\n") { url in
            let table = try TableFile(url)
            #expect(table.columns == ["id", "text"])
            #expect(table.count == 2)
            #expect(try table.row(0)["text"] == "a, \"b\"\nc")
            #expect(try table.row(1)["text"] == "d")
            let cell = try #require(try table.row(0).cell("text"))
            #expect(try table.text(of: cell) == "a, \"b\"\nc")
        }
    }

    @Test func `A tar archive that was written can be read`() throws {
        try withFile("") { url in
            var writer = try TarWriter(url)
            try writer.append("a.txt", Array("hello".utf8))
            try writer.append("é.txt", [])
            try writer.finish()
            let index = try TarIndex(url)
            #expect(index.members.map(\.name) == ["a.txt", "é.txt"])
            #expect(try index.bytes(index.members[0]) == Array("hello".utf8))
        }
    }
}
