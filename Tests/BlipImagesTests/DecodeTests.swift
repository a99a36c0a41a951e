import BlipImages
import BlipJSON
import Foundation
import Testing

@Suite struct DecodeTests {
    @Test func `every picture has the pixels that Pillow gives it, upright and as stored`() throws {
        let store = try Fixtures.bytes("decode.bin")
        let entries = try Fixtures.entries("decode.json")
        #expect(entries.count > 90)
        for entry in entries {
            let name = try entry.text("file")
            do {
                let source = ImageSource.file(Fixtures.folder.appending(path: name))
                let image = try source.load()
                #expect(try [image.height, image.width] == [entry.integer("height"), entry.integer("width")], "\(name)")
                try entry.check(image.pixels, in: store, name)
                let unturned = try source.load(applyOrientation: false)
                #expect(Fixtures.checksum(unturned.pixels) == (try entry.text("unturned")), "\(name), not turned")
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
    }

    @Test func `bytes, data and files give the same picture`() throws {
        let url = Fixtures.folder.appending(path: "lossy.webp")
        let bytes = try Fixtures.bytes("lossy.webp")
        let image = try ImageSource.file(url).load()
        #expect(try ImageSource.bytes(bytes).load() == image)
        #expect(try ImageSource.data(Data(bytes)).load() == image)
    }

    @Test func `decoding tells format, orientation and warnings`() throws {
        let turned = try ImageSource.bytes(Fixtures.bytes("orientation-6.jpg")).decode()
        #expect(turned.format == .jpeg && turned.orientation == 6 && turned.warnings.isEmpty)
        #expect(turned.image.width == 7 && turned.image.height == 13)
        let stored = try ImageSource.bytes(Fixtures.bytes("orientation-6.jpg")).decode(applyOrientation: false)
        #expect(stored.orientation == 6 && stored.image.width == 13)
        let grey = try ImageSource.bytes(Fixtures.bytes("grey-16.png")).decode()
        #expect(grey.format == .png && grey.warnings.count == 1)
        #expect(try ImageSource.bytes(Fixtures.bytes("lossless.webp")).decode().format == .webp)
    }

    @Test func `a damaged JPEG that still has all its rows gives a picture and a warning, as in Pillow`() throws {
        var bytes = try Fixtures.bytes("baseline-444.jpg")
        bytes.removeSubrange(bytes.count - 200..<bytes.count - 2)
        let decoded = try ImageSource.bytes(bytes).decode()
        #expect(decoded.image.width == 37 && !decoded.warnings.isEmpty)
    }

    @Test func `orientation that is out of range or damaged is ignored`() throws {
        let bytes = try Fixtures.bytes("orientation-6.jpg")
        let upright = try ImageSource.bytes(bytes).load(applyOrientation: false)
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: "Exif\0\0II".utf8) }) + 6
        // Each patch breaks one thing: byte order, magic, directory offset (far away; itself), entry count, type, value.
        let patches: [(Int, [UInt8])] = [
            (0, [0x49, 0x4D]), (2, [43]), (4, [0xFF, 0xFF, 0xFF, 0xFF]), (4, [0xFF, 0xFF, 0xFF, 0x7F]), (4, [0, 0, 0, 0]),
            (8, [0, 0]), (24, [7]), (30, [0]), (30, [9]), (30, [255, 255]),
        ]
        for (offset, patch) in patches {
            var broken = bytes
            for (i, byte) in patch.enumerated() { broken[start + offset + i] = byte }
            let decoded = try ImageSource.bytes(broken).decode()
            let isIntact = decoded.orientation == 6
            #expect(!isIntact && decoded.image == upright, "offset \(offset)")
        }
        // More entries than there are: the tag is found before they run out.
        var long = bytes
        long[start + 8] = 0xFF
        long[start + 9] = 0xFF
        #expect(try ImageSource.bytes(long).decode().orientation == 6)
    }
}
