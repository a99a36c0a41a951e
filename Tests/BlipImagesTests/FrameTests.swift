import BlipImages
import BlipJSON
import Foundation
import Testing

@Suite struct FrameTests {
    @Test func `frames are sampled as by transformers`() throws {
        let entries = try #require(JSONValue(parsing: AnimationTests.bytes("sampling.json")).array)
        #expect(entries.count > 80)
        for entry in entries {
            let (total, count) = (try #require(entry["total"]?.integer), try #require(entry["count"]?.integer))
            #expect(FrameSampling.places(of: total, count: count) == entry["places"]?.array?.compactMap(\.integer), "\(count) of \(total)")
        }
    }

    @Test func `a clip of fewer frames than wanted gives each once, and the longest does not overflow`() {
        #expect(FrameSampling.places(of: 3, count: 4) == [0, 1, 2])
        #expect(FrameSampling.places(of: 0, count: 4).isEmpty)
        let far = FrameSampling.places(of: .max, count: 64)
        #expect(far.count == 64 && far.first == 0 && far == far.sorted() && Set(far).count == 64)
    }

    /// A folder of one-coloured pictures: `names` in their natural order, each as grey as its place times 10.
    private func write(_ names: [String], to folder: URL) throws {
        for (place, name) in names.enumerated() {
            let picture = RGBImage(width: 3, height: 2, pixels: [UInt8](repeating: UInt8(place * 10), count: 18))
            try picture.write(png: folder.appending(path: name))
        }
    }

    private func greys(_ pictures: [RGBImage]) -> [Int] { pictures.map { Int($0.pixels[0]) / 10 } }

    @Test func `a folder's frames come in the order in which people number them`() throws {
        try withTemporaryFolder { folder in
            let names = [
                "Frame1.png", "frame1.png", "frame01.png", "frame2.png", "frame10.png", "frame10b.png", "frame100000000000000000000000.png",
            ]
            try write(names, to: folder)
            #expect(greys(try ImageSource.file(folder).frames(64)) == Array(0..<7))
            #expect(greys(try ImageSource.file(folder).frames()) == [0, 1, 3, 5])
            #expect(greys(try ImageSource.file(folder).frames(1)) == [0])
        }
    }

    @Test func `what is no picture is passed over in a folder, and of pictures only those sampled are decoded`() throws {
        try withTemporaryFolder { folder in
            try write(["1.png", "2.dat", "3.png", "4.png"], to: folder)
            for (name, content) in [("0.txt", "text"), (".0.png", "hidden"), ("1a.png", ""), ("notes.md", "# 1")] {
                try Data(content.utf8).write(to: folder.appending(path: name))
            }
            try FileManager.default.createDirectory(at: folder.appending(path: "2.png"), withIntermediateDirectories: false)
            mkfifo(folder.appending(path: "0.png").path(), 0o600)
            // Damaged, but not among the two sampled.
            let damaged = try RGBImage(width: 3, height: 2, pixels: [UInt8](repeating: 9, count: 18)).pngData().prefix(30)
            try damaged.write(to: folder.appending(path: "1c.png"))
            #expect(greys(try ImageSource.file(folder).frames(2)) == [0, 1])
            #expect(throws: ImageError.self) { try ImageSource.file(folder).frames(4) }
        }
    }

    @Test func `a folder without pictures says so`() throws {
        try withTemporaryFolder { folder in
            try Data("text".utf8).write(to: folder.appending(path: "a.txt"))
            #expect(throws: ImageError.noPictures(path: folder.path(percentEncoded: false))) { try ImageSource.file(folder).frames() }
        }
    }

    @Test func `animations give their sampled frames, pictures themselves`() throws {
        for name in ["random-01.gif", "webp-opaque.webp", "pillow.png"] {
            let source = ImageSource.file(AnimationTests.folder.appending(path: name))
            let animation = try #require(try source.animation())
            let places = FrameSampling.places(of: animation.frameCount, count: 3)
            #expect(try source.frames(3) == animation.frames(at: places))
        }
        let picture = ImageSource.file(Fixtures.folder.appending(path: "orientation-6.jpg"))
        #expect(try picture.frames() == [picture.load()])
        #expect(try ImageSource.bytes(Fixtures.bytes("rgb-8.png")).frames(64).count == 1)
    }

    @Test(arguments: [0, -1, 65]) func `numbers of frames out of range are refused`(count: Int) throws {
        #expect(throws: ImageError.frameCountOutOfRange(count: count, limit: 64)) {
            try ImageSource.bytes(Fixtures.bytes("rgb-8.png")).frames(count)
        }
    }

    @Test func `missing files and other formats are told as for pictures`() throws {
        let missing = URL(filePath: "/nowhere/clip.mp4")
        #expect(throws: ImageError.missingFile(path: missing.path())) { try ImageSource.file(missing).frames() }
        #expect(throws: ImageError.unsupportedFormat(source: "the image given as bytes", found: "text")) {
            try ImageSource.bytes(Array("a text".utf8)).frames()
        }
        #expect(throws: ImageError.unsupportedFormat(source: "the image given as bytes", found: "an MP4 or QuickTime video")) {
            try ImageSource.bytes(Array("\0\0\0\u{18}ftypisom".utf8)).frames()
        }
    }
}
