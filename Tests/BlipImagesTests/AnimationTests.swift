import BlipImages
import BlipJSON
import Foundation
import Testing

/// Animations against Pillow, by Scripts/fixtures/clips.py.
@Suite struct AnimationTests {
    static let folder = Fixtures.folder.deletingLastPathComponent().appending(path: "clips")

    static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    private func entries() throws -> [JSONValue] { try #require(JSONValue(parsing: Self.bytes("frames.json")).array) }

    @Test func `every frame of every animation is what Pillow shows`() throws {
        var compared = 0
        for entry in try entries() {
            let name = try #require(entry["file"]?.string)
            let sums = try #require(entry["frames"]?.array).compactMap(\.string)
            let source = ImageSource.bytes(try Self.bytes(name))
            do {
                let pictures = try source.animation()?.frames(at: Array(sums.indices)) ?? [source.load()]
                for (place, picture) in pictures.enumerated() {
                    #expect([picture.width, picture.height] == [entry["width"]?.integer, entry["height"]?.integer], "\(name)")
                    #expect(Fixtures.checksum(picture.pixels) == sums[place], "\(name), frame \(place)")
                    compared += 1
                }
                #expect(pictures.count == sums.count, "\(name)")
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
        #expect(compared > 200)
    }

    @Test func `as a picture, a GIF or an animated WebP is its first frame`() throws {
        for entry in try entries() {
            let name = try #require(entry["file"]?.string)
            // An animated PNG's picture may be none of its frames.
            guard !name.hasSuffix(".png") else { continue }
            let picture = try ImageSource.bytes(Self.bytes(name)).decode()
            #expect(picture.format == (name.hasSuffix(".gif") ? .gif : .webp))
            #expect(Fixtures.checksum(picture.image.pixels) == entry["frames"]?.array?.first?.string, "\(name)")
        }
    }

    @Test func `frames asked for alone are the same as all in a row`() throws {
        for name in ["random-03.gif", "disposal-3-transparent.gif", "webp-alpha.webp", "apng-rgba-2-1.png"] {
            let animation = try #require(try ImageSource.bytes(Self.bytes(name)).animation())
            let all = try animation.frames(at: Array(0..<animation.frameCount))
            for place in all.indices { #expect(try animation.frames(at: [place]) == [all[place]]) }
            #expect(try animation.frames(at: [1, 1]) == [all[1], all[1]])
            #expect(try animation.frames(at: []).isEmpty)
        }
    }

    @Test func `pictures that do not move are no animations`() throws {
        for name in ["interlaced.gif", "webp-still.webp"] { #expect(try ImageSource.bytes(Self.bytes(name)).animation() == nil) }
        for name in ["rgb-8.png", "photo.jpg", "lossy.webp"] { #expect(try ImageSource.bytes(Fixtures.bytes(name)).animation() == nil) }
        #expect(try ImageSource.bytes(Array("no picture".utf8)).animation() == nil)
    }

    @Test func `the limits hold for animations`() throws {
        for name in ["random-03.gif", "webp-alpha.webp", "apng-rgba-2-1.png"] {
            let source = ImageSource.bytes(try Self.bytes(name))
            let animation = try #require(try source.animation())
            var limits = ImageLimits.default
            limits.maximumFrames = animation.frameCount - 1
            #expect(throws: ImageError.tooManyFrames(source: "the image given as bytes", limit: limits.maximumFrames)) {
                try source.animation(limits: limits)
            }
            limits = .default
            limits.maximumPixels = animation.width * animation.height - 1
            #expect(throws: ImageError.self) { try source.animation(limits: limits) }
            limits = .default
            limits.maximumAnimationPixels = animation.width * animation.height * 2
            let limited = try #require(try source.animation(limits: limits))
            #expect(try limited.frames(at: [0, 1]).count == 2)
            #expect(throws: ImageError.self) { try limited.frames(at: [2]) }
            limits = ImageLimits(maximumPixels: animation.width * animation.height)
            let large = try #require(try source.animation(limits: limits))
            #expect(try large.frames(at: [0, 0, 1, 1]).count == 4)
            #expect(throws: ImageError.self) { try large.frames(at: [0, 0, 1, 1, 1]) }
        }
    }

    @Test func `of many palettes in an animated PNG the first one counts`() throws {
        let bytes = try Self.bytes("apng-palette.png")
        let whole = try #require(try ImageSource.bytes(bytes).animation()).frames(at: [0, 1])
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: "PLTE".utf8) }) - 4
        let length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
        var other = Array(bytes[start..<start + 12 + length])
        for place in 8..<8 + length { other[place] ^= 0xFF }
        let huge: [UInt8] = [0, 0, 3, 3] + Array("PLTE".utf8) + [UInt8](repeating: 0, count: 771 + 4)
        let end = start + 12 + length
        let after = bytes[..<end] + Array(repeating: other, count: 1000).joined() + bytes[end...]
        let before = bytes[..<start] + huge + bytes[start...]
        for patched in [Array(after), Array(before)] {
            let animation = try #require(try ImageSource.bytes(PNGPatch.withChecksums(patched)).animation())
            #expect(try animation.frames(at: [0, 1]) == whole)
        }
    }

    @Test func `a GIF of hundreds of thousands of frames is refused while it is read`() throws {
        let bytes = try Self.bytes("no-palette.gif")
        let frame = bytes[13..<bytes.count - 1]
        let bomb = bytes[..<13] + Array(repeating: frame, count: 10_000).joined()
        #expect(throws: ImageError.tooManyFrames(source: "the image given as bytes", limit: 10_000)) {
            try ImageSource.bytes(Array(bomb)).animation()
        }
    }

    @Test func `a GIF cut anywhere in its first frame is an error, or what is there when that is asked for`() throws {
        let bytes = try Self.bytes("gif87a.gif")
        let whole = try ImageSource.bytes(bytes).load()
        for count in 6..<bytes.count - 4 {
            let cut = ImageSource.bytes(Array(bytes[..<count]))
            #expect(throws: ImageError.truncated(source: "the image given as bytes", format: .gif), "\(count) bytes") { try cut.load() }
            guard count > 75 else { continue }
            let part = try cut.decode(allowTruncated: true)
            #expect(part.image.pixels.prefix(30) == whole.pixels.prefix(30) && part.warnings.count == 1)
        }
        // The end of the file may be missing, not that of the picture.
        #expect(try ImageSource.bytes(Array(bytes.dropLast())).load() == whole)
    }

    @Test func `a GIF whose codes would fill memory stops at its own area`() throws {
        // One block after another of the longest codes.
        let header = Array("GIF89a".utf8) + [2, 0, 2, 0, 0, 0, 0, 0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 8]
        let block = [255] + [UInt8](repeating: 0, count: 255)
        let source = ImageSource.bytes(header + Array(repeating: block, count: 2000).joined() + [0, 0x3B])
        #expect(try source.load().width == 2)
        var huge = header
        for place in [6, 8, 18, 20] { huge.replaceSubrange(place..<place + 2, with: [0xFF, 0xFF]) }
        guard case .sizeOutOfRange(_, 65_535, 65_535, _)? = (#expect(throws: ImageError.self) { try ImageSource.bytes(huge).load() }) else {
            Issue.record("a GIF of 65535x65535 pixels was not refused by its size")
            return
        }
    }
}
