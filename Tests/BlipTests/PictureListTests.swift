import Blip
import BlipTestSupport
import Foundation
import Testing

/// The pictures that are to be captioned.
@Suite("Folders and files become a list of pictures") struct PictureListTests {
    @Test("a picture that is named twice, also through its folder, is listed once")
    func twice() async throws {
        try await withTemporaryFolder { folder in
            let names = ["a.png", "b.GIF", "\u{E9}.jpg", "e\u{301}.jpg", "notes.txt"]
            for name in names { try Data().write(to: folder.appendingPathComponent(name)) }
            let path = folder.path
            let list = try PictureList([path + "/b.GIF", path, path + "/a.png", path + "/./a.png", path + "/notes.txt"])
            #expect(list.paths.count == 5 && list.otherFiles == 1)
            #expect(Array(list.paths.prefix(2)) == [path + "/b.GIF", path + "/a.png"] && list.paths.last == path + "/notes.txt")
            #expect(Set(list.paths.map { Array($0.utf8) }).count == 5)
            #expect(try PictureList([path]).paths.count == 4)
        }
    }
}
