import BlipImages
import Foundation
import Testing

@Suite struct PNGWriterTests {
    @Test(arguments: [(1, 1), (3, 2), (65, 33), (200, 120)])
    func `a written PNG reads back as the same picture`(width: Int, height: Int) throws {
        let image = Fixtures.noise(width: width, height: height, seed: width)
        #expect(try ImageSource.data(try image.pngData()).load() == image)
    }

    @Test func `a file is written, and a folder that is not there is an error`() throws {
        let image = Fixtures.noise(width: 4, height: 3, seed: 1)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "picture")
            try image.write(png: url)
            #expect(try ImageSource.file(url).load() == image)
            let below = url.appending(path: "x.png")
            let error = #expect(throws: ImageError.self) { try image.write(png: below) }
            #expect(error?.description.hasPrefix("\(below.path()) cannot be written: ") == true)
            let missing = #expect(throws: ImageError.self) { try image.write(png: folder.appending(path: "no/x.png")) }
            #expect(missing?.description.contains("there is no folder") == true)
            let itself = #expect(throws: ImageError.self) { try image.write(png: folder) }
            #expect(itself?.description.contains("it is a folder") == true)
        }
    }

    @Test func `a link stays a link, and what it points to is written`() throws {
        let image = Fixtures.noise(width: 4, height: 3, seed: 1)
        try withTemporaryFolder { folder in
            let (link, target) = (folder.appending(path: "link.png"), folder.appending(path: "target.png"))
            try Data("old".utf8).write(to: target)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
            try image.write(png: link)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path).hasSuffix("target.png"))
            #expect(try ImageSource.file(target).load() == image)
        }
    }

    @Test func `a pipe is written to and stays a pipe`() throws {
        let image = Fixtures.noise(width: 4, height: 3, seed: 1)
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe.png")
            try #require(mkfifo(pipe.path, 0o600) == 0)
            // Open for reading and writing it waits for nobody, and holds so few bytes.
            let end = try FileHandle(forUpdating: pipe)
            try image.write(png: pipe)
            let size = try image.pngData().count
            #expect(try end.read(upToCount: size) == image.pngData())
            #expect(try FileManager.default.attributesOfItem(atPath: pipe.path)[.type] as? FileAttributeType != .typeRegular)
        }
    }
}
