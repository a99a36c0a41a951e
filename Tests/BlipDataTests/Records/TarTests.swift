import BlipJSON
import Foundation
import Testing

@testable import BlipData

@Suite("Tar archives")
struct TarTests {
    @Test("Members are what Python's tarfile finds", arguments: ["ustar.tar", "gnu.tar", "pax.tar", "v7.tar", "written.tar"])
    func references(name: String) throws {
        let url = RecordFixtures.folder.appending(path: "tar/\(name)")
        let expected = try #require(try RecordFixtures.json("tar/members.json")[JSONString(stringLiteral: name)]?.array)
        var reader = try TarReader(url)
        for entry in expected {
            let member = try #require(try reader.next())
            // tarfile takes the slash off a folder's name.
            #expect(member.name == (entry["name"]?.string ?? "") + (member.name.hasSuffix("/") ? "/" : ""))
            let link = entry["link"]?.string ?? ""
            switch entry["kind"]?.string {
            case "file": #expect(member.kind == .file)
            case "folder": #expect(member.kind == .folder)
            case "link": #expect(member.kind == .link(to: link))
            default: #expect(member.kind == .other(UInt8(ascii: "6")))
            }
            #expect(member.offset == entry["offset"]?.integer)
            #expect(member.size == entry["size"]?.integer)
            let content = (entry["content"]?.string ?? "").unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            #expect(try reader.bytes(member) == content)
        }
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        let index = try TarIndex(url)
        #expect(index.members.map(\.offset) == expected.filter { $0["kind"]?.string == "file" }.compactMap { $0["offset"]?.integer })
    }

    @Test("Files are found by name, of two the last")
    func names() throws {
        let index = try TarIndex(RecordFixtures.folder.appending(path: "tar/gnu.tar"))
        #expect(index.count == index.members.count)
        #expect(try index.bytes(try #require(index["é中/😀.png"])) == Array("not ASCII".utf8))
        #expect(try index.bytes(try #require(index["twice.txt"])) == Array("second".utf8))
        #expect(index["folder/"] == nil)
        // The same name in another Unicode spelling is another name.
        #expect(index["e\u{301}中/😀.png"] == nil)
    }

    @Test("A member of nine gigabytes is stepped over", arguments: ["large.gnu", "large.pax"])
    func largeMember(name: String) throws {
        let header = try RecordFixtures.bytes("tar/\(name)")
        let next = Array(try RecordFixtures.bytes("tar/ustar.tar")[..<1024])
        let size = 9 << 30
        try withFile(header) { url throws in
            // The content is a hole in the file, which takes no room.
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: UInt64(header.count + size))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(next))
            try handle.close()
            let index = try TarIndex(url)
            #expect(index.members.map(\.size) == [size, 9])
            #expect(try index.bytes(index.members[1]) == [0xFF, 0xD8] + Array("picture".utf8))
            let reader = try TarReader(url)
            #expect(try reader.bytes(in: size..<size + 5) == [0, 0, 0, 0, 0])
            #expect(throws: RecordError.self) { try reader.bytes(in: size..<size + 10_000) }
        }
    }

    @Test("What is written is what Python writes, byte for byte")
    func writing() throws {
        let expected = try TarIndex(RecordFixtures.folder.appending(path: "tar/written.tar"))
        try withFile("an older file") { url throws in
            var writer = try TarWriter(url)
            for member in expected.members { try writer.append(member.name, try expected.bytes(member)) }
            #expect(writer.count == expected.count)
            #expect(try Data(contentsOf: url) == Data("an older file".utf8))
            try writer.finish()
            #expect(try [UInt8](Data(contentsOf: url)) == RecordFixtures.bytes("tar/written.tar"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path) == ["file"])
        }
    }

    @Test("The header of a member of nine gigabytes is Python's")
    func largeHeader() throws {
        #expect(TarBlocks.headers(name: "large.bin", size: 9 << 30) == (try RecordFixtures.bytes("tar/large.pax")))
    }

    @Test("An archive that is not finished leaves nothing, and unsafe names are refused")
    func unfinished() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "a.tar")
            do {
                var writer = try TarWriter(url)
                try writer.append("a/b..c/.d", [1])
                for name in ["", "/a", "a/", "a//b", "../a", "a/./b", "a/..", "a\0b"] {
                    #expect(throws: RecordError.self) { try writer.append(name, []) }
                }
                #expect(writer.byteCount == 1024)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            #expect(throws: RecordError.notAFile(path: folder.path, found: "a folder")) { _ = try TarWriter(folder) }
            let missing = folder.appending(path: "none/a.tar")
            #expect(throws: RecordError.system(operation: "create", path: missing.path, code: ENOENT)) { _ = try TarWriter(missing) }
        }
    }

    @Test("An archive without members is empty, and other files are no archives")
    func noMembers() throws {
        try withFile([UInt8](repeating: 0, count: 1024)) { url throws in #expect(try TarIndex(url).count == 0) }
        let others: [[UInt8]] = [[], Array("text".utf8), [UInt8](repeating: 0x41, count: 2000), [UInt8](repeating: 0, count: 700)]
        for other in others {
            try withFile(other) { url throws in #expect(throws: RecordError.self) { try TarIndex(url) } }
        }
    }

    @Test("Every shortening of an archive is refused, but where a member ends")
    func truncations() throws {
        let whole = Array(try RecordFixtures.bytes("tar/ustar.tar")[..<3072])
        let ends: Set<Int> = [1024, 1536, 2560, 3072]
        try withTemporaryFolder { folder in
            let scratch = ScratchFile(url: folder.appending(path: "m.tar"))
            for count in stride(from: 0, through: whole.count, by: 8) {
                let url = try scratch.write(Array(whole[..<count]))
                if ends.contains(count) {
                    #expect(try TarIndex(url).count >= 1, "\(count)")
                } else {
                    #expect(throws: RecordError.self, "\(count)") { try TarIndex(url) }
                }
            }
        }
    }

    @Test("Archives with a changed byte are read or refused, never a crash", arguments: ["gnu.tar", "pax.tar"])
    func mutations(name: String) throws {
        let whole = try RecordFixtures.bytes("tar/\(name)")
        var generator = RecordGenerator(state: 3)
        try withTemporaryFolder { folder in
            let scratch = ScratchFile(url: folder.appending(path: "m.tar"))
            var accepted = 0
            for round in 0..<600 {
                var bytes = whole
                // Half of the changes keep the check sum right, so that they get past it.
                let block = Int.random(in: 0..<bytes.count / 512, using: &generator) * 512
                let place = block + Int.random(in: 0..<512, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
                if round % 2 == 0 { Self.mendCheckSum(&bytes, block) }
                let url = try scratch.write(bytes)
                do {
                    let index = try TarIndex(url)
                    for member in index.members { #expect(try index.bytes(member).count == member.size) }
                    accepted += 1
                } catch let error as RecordError {
                    #expect(error.description.contains("m.tar"))
                }
            }
            #expect((50..<590).contains(accepted), "\(accepted) accepted: the mutations miss their aim")
        }
    }

    private static func mendCheckSum(_ bytes: inout [UInt8], _ block: Int) {
        guard bytes[block + 257] == UInt8(ascii: "u") else { return }
        bytes.replaceSubrange(block + 148..<block + 156, with: [UInt8](repeating: 0x20, count: 8))
        let sum = bytes[block..<block + 512].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        bytes.replaceSubrange(block + 148..<block + 154, with: (String(repeating: "0", count: 6 - digits.count) + digits).utf8)
    }

    @Test(
        "Hostile headers are refused",
        arguments: [
            HostileHeader(type: "S", expected: "a plain file"),
            HostileHeader(type: "x", content: "22 GNU.sparse.major=1\n", isFollowed: true, expected: "a plain file"),
            HostileHeader(type: "x", content: "12 size=1x2\n", isFollowed: true, expected: "a size in digits"),
            HostileHeader(type: "x", content: "11 size=-5\n", isFollowed: true, expected: "a size in digits"),
            HostileHeader(type: "x", content: "29 size=99999999999999999999\n", isFollowed: true, expected: "a size in digits"),
            HostileHeader(
                type: "x", content: "28 size=9223372036854775807\n", isFollowed: true, expected: "a member of 9223372036854775807 bytes"),
            HostileHeader(type: "x", content: "99 path=a\n", expected: "a pax record 'length key=value'"),
            HostileHeader(type: "g", content: "8 abcde\n", expected: "a pax record 'length key=value'"),
            HostileHeader(type: "x", content: " path=a\n", expected: "a pax record 'length key=value'"),
            HostileHeader(type: "x", content: "10 path=a\n", expected: "a member after its extended header"),
            HostileHeader(type: "L", size: 1 << 30, expected: "an extended header of at most 1048576 bytes"),
            HostileHeader(type: "0", size: 1 << 32, expected: "a member of 4294967296 bytes"),
        ])
    func hostileHeaders(header: HostileHeader) throws {
        var bytes = TarBlocks.headers(name: "a", size: header.size ?? header.content.utf8.count)
        bytes[156] = Array(header.type.utf8)[0]
        Self.mendCheckSum(&bytes, 0)
        bytes += Array(header.content.utf8) + TarBlocks.padding(after: header.content.utf8.count)
        if header.isFollowed { bytes += TarBlocks.headers(name: "b", size: 0) }
        try withFile(bytes) { url throws in
            let error = #expect(throws: RecordError.self) { try TarIndex(url) }
            guard case .tar(url.path, _, header.expected, _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// A first header with something wrong in it or behind it.
    struct HostileHeader: Sendable {
        let type: String
        var size: Int?
        var content = ""
        /// Whether a sound header follows.
        var isFollowed = false
        let expected: String
    }

    @Test("Sizes in base 256 that do not fit are refused")
    func baseSizes() throws {
        for first in [UInt8(0xFF), 0x80, 0x81] {
            var bytes = TarBlocks.headers(name: "a", size: 0)
            bytes.replaceSubrange(124..<136, with: [first] + [UInt8](repeating: 0xFF, count: 11))
            Self.mendCheckSum(&bytes, 0)
            try withFile(bytes) { url throws in #expect(throws: RecordError.self) { try TarIndex(url) } }
        }
    }
}
