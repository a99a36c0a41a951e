import BlipImages
import Foundation
import Testing

@Suite struct RefusalTests {
    private func error(_ bytes: [UInt8], limits: ImageLimits = .default) -> ImageError? {
        do {
            _ = try ImageSource.bytes(bytes).load(limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("refused.bmp", "a BMP picture"), ("refused.tiff", "a TIFF picture"),
        ("refused.avif", "an AVIF picture"), ("refused.jp2", "a JPEG 2000 picture"), ("refused.ico", "an icon file"),
        ("decode.json", "text"), ("manifest.json", "text"),
    ])
    func `other formats are named and refused`(name: String, found: String) throws {
        let bytes = try Fixtures.bytes(name)
        #expect(error(bytes) == .unsupportedFormat(source: "the image given as bytes", found: found))
        let message = try #require(error(bytes)).description
        #expect(message == "the image given as bytes is \(found); convert it to JPEG, PNG, WebP or GIF, which are supported")
    }

    @Test(arguments: [
        ("GIF88a...", "a GIF picture of an unknown version"), ("II*\0....", "a TIFF picture"), ("MM\0*....", "a TIFF picture"),
        ("\0\0\0\u{18}ftypheic....", "a HEIC picture"), ("\0\0\0\u{18}ftypmif1....", "a HEIF picture"),
        ("\0\0\0\u{18}ftypisom", "an MP4 or QuickTime video"),
        ("%PDF-1.7", "a PDF document"), ("%!PS-Adobe", "a PostScript document"), ("8BPS", "a Photoshop document"),
        ("RIFF....WAVEfmt ", "a RIFF file that is not WebP"), ("PK\u{3}\u{4}", "a ZIP archive"),
        ("<svg xmlns=\"\"/>", "an SVG drawing"), ("<?xml version=\"1.0\"?>\n<!-- x --><svg>", "an SVG drawing"),
        ("<!DOCTYPE html><title>", "an HTML page"), ("\u{FEFF}<HTML>", "an HTML page"), ("Not found", "text"), ("héllo, 世", "text"),
        ("BMW is a car", "text"), ("version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer, not the picture itself"),
        ("\u{1}\u{2}\u{3}", "data of an unknown kind (it begins with 01 02 03)"), ("BM", "text"),
    ])
    func `the first bytes tell what a file is`(text: String, found: String) {
        #expect(error(Array(text.utf8)) == .unsupportedFormat(source: "the image given as bytes", found: found))
    }

    @Test func `binary beginnings are told apart`() {
        let cases: [([UInt8], String)] = [
            ([0xFF, 0xD8], "the beginning of a JPEG picture without the rest"), ([0xFF, 0x0A, 1, 2], "a JPEG XL picture"),
            ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL picture"), ([0x1F, 0x8B, 8], "gzip data"),
            ([0x89, 0x50, 0x4E, 0x47, 0x0A], "a PNG picture damaged by a text-mode transfer"),
            ([0xC3, 0x28, 0xA0, 0xA1, 0xFF], "data of an unknown kind (it begins with C3 28 A0 A1 FF)"),
        ]
        for (bytes, found) in cases {
            #expect(error(bytes) == .unsupportedFormat(source: "the image given as bytes", found: found))
        }
    }

    @Test func `missing, empty, foreign and special files each have their own error`() throws {
        try withTemporaryFolder { folder in
            func error(_ url: URL) -> ImageError? {
                do {
                    _ = try ImageSource.file(url).load()
                    return nil
                } catch { return error }
            }
            let missing = folder.appending(path: "missing.jpg")
            #expect(error(missing) == .missingFile(path: missing.path()))
            guard case .isDirectory = error(folder) else {
                Issue.record("a folder was read")
                return
            }
            let empty = folder.appending(path: "empty.png")
            try Data().write(to: empty)
            #expect(error(empty) == .empty(source: empty.path()))
            #expect(self.error([]) == .empty(source: "the image given as bytes"))
            let text = folder.appending(path: "text.png")
            try Data("just a text".utf8).write(to: text)
            #expect(error(text) == .unsupportedFormat(source: text.path(), found: "text"))
            let misnamed = folder.appending(path: "really-a-jpeg.png")
            try Data(Fixtures.bytes("one.jpg")).write(to: misnamed)
            #expect(error(misnamed) == nil)
            let link = folder.appending(path: "link.jpg")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: misnamed)
            #expect(error(link) == nil)
            guard case .unreadableFile(_, "it is not a regular file") = error(URL(filePath: "/dev/zero")) else {
                Issue.record("a device was read")
                return
            }
            guard let remote = URL(string: "https://example.com/a.png"), case .unreadableFile(_, let reason) = error(remote) else {
                Issue.record("a remote address was read")
                return
            }
            #expect(reason == "only local files can be read")
            #expect(
                throws: ImageError.tooManyBytes(source: text.path(), count: 11, limit: 10),
                performing: { try ImageSource.file(text).load(limits: ImageLimits(maximumBytes: 10)) })
        }
    }

    @Test func `sizes are checked before pixels are decoded`() throws {
        let photo = try Fixtures.bytes("photo.jpg")
        #expect(error(photo) == nil)
        for limits in [ImageLimits(maximumPixels: 640 * 480 - 1), ImageLimits(maximumSide: 639), ImageLimits(minimumSide: 481)] {
            guard case .sizeOutOfRange(_, 640, 480, _) = error(photo, limits: limits) else {
                Issue.record("\(limits) did not refuse 640x480")
                continue
            }
        }
        #expect(error(photo, limits: ImageLimits(maximumPixels: 640 * 480, maximumSide: 640, minimumSide: 480)) == nil)
    }

    @Test func `small files that claim huge pictures are refused by their header`() throws {
        var unlimited = ImageLimits.default
        unlimited.maximumPixels = .max
        unlimited.maximumSide = .max
        let png = try Fixtures.bytes("one.png")
        for (width, height) in [(65_500, 65_500), (0x7FFF_FFFF, 0x7FFF_FFFF), (0x7FFF_FFFF, 1), (20_001, 1), (10_000, 5_001)] {
            let bomb = PNGPatch.resized(png, width: width, height: height)
            guard case .sizeOutOfRange(_, width, height, _) = error(bomb) else {
                Issue.record("PNG \(width)x\(height): \(String(describing: error(bomb)))")
                continue
            }
        }
        #expect(error(PNGPatch.resized(png, width: 0, height: 1)) != nil)
        // Without limits of ours, a product that does not fit in memory is still no crash.
        #expect(error(PNGPatch.resized(png, width: 0x7FFF_FFFF, height: 0x7FFF_FFFF), limits: unlimited) != nil)

        var jpeg = try Fixtures.bytes("one.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xFF, 0xC0]) })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(
            error(jpeg)
                == .sizeOutOfRange(
                    source: "the image given as bytes", width: 65_500, height: 65_500, limit: "a side may have at most 20000"))
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])  // more than libjpeg itself accepts
        #expect(error(jpeg) != nil)

        var webp = try Fixtures.bytes("animation.webp")
        webp.replaceSubrange(24..<30, with: [0xFF, 0xFF, 0xFF, 0xFF, 0, 0])
        #expect(error(webp) != nil)
        var lossless = try Fixtures.bytes("lossless.webp")
        lossless.replaceSubrange(21..<25, with: [0xFF, 0xFF, 0xFF, 0x0F])  // 16384 x 16384
        guard case .sizeOutOfRange(_, 16_384, 16_384, _) = error(lossless) else {
            Issue.record("WebP: \(String(describing: error(lossless)))")
            return
        }
    }

    @Test(arguments: ["baseline-420.jpg", "progressive.jpg", "cmyk-adobe.jpg", "lossy.webp", "lossless-alpha.webp", "animation.webp"])
    func `a JPEG or WebP file cut anywhere is an error`(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for count in 12..<bytes.count {
            guard let error = error(Array(bytes[..<count])) else {
                Issue.record("\(name) cut to \(count) of \(bytes.count) bytes was accepted")
                return
            }
            if case .truncated = error { continue }
            #expect(count < 40, "\(name) cut to \(count) bytes: \(error)")
        }
    }

    @Test(arguments: ["rgb-8.png", "grey-16.png", "palette-4-trns-interlaced.png"])
    func `a PNG file cut before its last pixel is an error, and cut after it is the picture`(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let whole = try ImageSource.bytes(bytes).load()
        var refused = 0
        for count in 12..<bytes.count {
            do {
                #expect(try ImageSource.bytes(Array(bytes[..<count])).load() == whole)
            } catch ImageError.truncated {
                refused = count
            } catch {
                Issue.record("\(name) cut to \(count) bytes: \(error)")
            }
        }
        #expect((bytes.count - 40..<bytes.count - 12).contains(refused))
    }

    @Test(arguments: ["baseline-444.jpg", "progressive.jpg", "rgba-8.png", "rgb-8-interlaced.png", "lossy.webp"])
    func `a file cut short gives what is there when that is asked for`(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let whole = try ImageSource.bytes(bytes).load()
        let part = try ImageSource.bytes(Array(bytes[..<(bytes.count * 9 / 10)])).decode(allowTruncated: true)
        #expect(part.image.width == whole.width && part.image.height == whole.height && part.image != whole)
        #expect(part.warnings.first == "the data ends before the picture is complete")
        if !name.hasPrefix("progressive") { #expect(part.image.pixels.prefix(9) == whole.pixels.prefix(9)) }
    }
}

/// Changes to PNG files that keep the checksums right.
enum PNGPatch {
    static func resized(_ bytes: [UInt8], width: Int, height: Int) -> [UInt8] {
        var result = bytes
        for (offset, value) in [(16, width), (20, height)] {
            for i in 0..<4 { result[offset + i] = UInt8(truncatingIfNeeded: value >> (24 - 8 * i)) }
        }
        return withChecksums(result)
    }

    /// The same chunks with the checksums that belong to their content.
    static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        var place = 8
        while place + 12 <= result.count {
            let length = result[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= result.count - place - 12 else { break }
            let sum = crc(result[place + 4..<place + 8 + length])
            for i in 0..<4 { result[place + 8 + length + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(i))) }
            place += 12 + length
        }
        return result
    }

    private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF as UInt32) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }
}
