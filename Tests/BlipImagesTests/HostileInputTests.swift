import BlipImages
import Testing

/// Thousands of damaged files: each must give a picture or an error. A crash, a hang or (under a sanitizer) a bad access fails the run.
@Suite struct HostileInputTests {
    static let files = [
        "baseline-420.jpg", "progressive.jpg", "grey.jpg", "restart-blocks.jpg", "cmyk-adobe.jpg", "ycck-adobe.jpg", "orientation-6.jpg",
        "grey-1-interlaced.png", "grey-16-trns.png", "palette-4-trns-interlaced.png", "palette-8.png", "rgb-8-trns.png",
        "rgba-16-interlaced.png", "orientation-7-after.png", "profile-and-text.png", "lossy.webp", "lossless.webp", "lossy-alpha.webp",
        "lossless-alpha.webp", "animation.webp", "partial-frame-alpha.webp", "orientation-8-prefixed.webp",
    ]

    @Test(arguments: files)
    func `damaged files give a picture or an error`(name: String) throws {
        let original = try Fixtures.bytes(name)
        var generator = SeededGenerator(state: UInt64(original.count))
        let limits = ImageLimits(maximumPixels: 200_000)
        var pictures = 0
        var errors = 0
        for round in 0..<300 {
            var bytes = damaged(original, &generator)
            // Half of the damaged PNG files get valid checksums, or nothing would come past the first one.
            if name.hasSuffix(".png"), round % 2 == 0 { bytes = PNGPatch.withChecksums(bytes) }
            do {
                let image = try ImageSource.bytes(bytes).load(limits: limits, allowTruncated: round % 3 == 0)
                #expect(image.pixels.count == image.width * image.height * 3)
                pictures += 1
            } catch {
                #expect(!error.description.isEmpty)
                errors += 1
            }
        }
        #expect(errors > 0)
        #expect(pictures + errors == 300)
    }

    private func damaged(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        // Most damage goes to the beginning, where lengths and sizes are.
        func place(_ count: Int, _ generator: inout SeededGenerator) -> Int {
            Int.random(in: 0..<(Bool.random(using: &generator) ? min(count, 100) : count), using: &generator)
        }
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = place(bytes.count, &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.replaceSubrange(index..<min(index + 4, bytes.count), with: [0xFF, 0xFF, 0xFF, 0xFF])
            case 3: bytes.replaceSubrange(index..<min(index + 4, bytes.count), with: [0x7F, 0xFF, 0xFF, 0xFF])
            case 4: bytes.removeSubrange(index..<min(index + Int.random(in: 1...20, using: &generator), bytes.count))
            case 5: bytes.insert(contentsOf: bytes[index..<min(index + 30, bytes.count)], at: index)
            default: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &generator))
            }
            if bytes.count < 20 { return bytes }
        }
        return bytes
    }

    @Test func `a JPEG of endless scans is an error`() throws {
        let bytes = try Fixtures.bytes("progressive-grey.jpg")
        let last = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xDA]) })
        // A first scan may be repeated: libjpeg warns, but goes on.
        let first = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xDA]) })
        let second = try #require(bytes.indices.first { $0 > first && bytes[$0] == 0xFF && bytes[$0 + 1] != 0 })
        #expect(second <= last)
        let scan = bytes[first..<second]
        let bomb = bytes[..<first] + Array(repeating: scan, count: 200).joined() + bytes[first...]
        do {
            _ = try ImageSource.bytes(Array(bomb)).load()
            Issue.record("it was accepted")
        } catch {
            #expect(error.description.contains("more than 100 scans"))
        }
    }

    static let animations = [
        "random-00.gif", "random-07.gif", "disposal-3-transparent.gif", "full-table.gif", "interlaced.gif", "comments.gif",
        "webp-alpha.webp",
        "webp-lossy.webp", "apng-rgba-2-1.png", "apng-palette.png",
    ]

    @Test(arguments: animations)
    func `damaged animations give frames or an error`(name: String) throws {
        let original = try AnimationTests.bytes(name)
        var generator = SeededGenerator(state: UInt64(original.count))
        let limits = ImageLimits(maximumPixels: 20_000)
        var (clips, errors) = (0, 0)
        for round in 0..<300 {
            var bytes = damaged(original, &generator)
            if name.hasSuffix(".png"), round % 4 != 0 { bytes = PNGPatch.withChecksums(bytes) }
            do {
                let frames = try ImageSource.bytes(bytes).frames(4, limits: limits)
                #expect((1...4).contains(frames.count))
                #expect(frames.allSatisfy { $0.pixels.count == $0.width * $0.height * 3 })
                clips += 1
            } catch {
                #expect(!"\(error)".isEmpty)
                errors += 1
            }
        }
        #expect(errors > 0 && clips + errors == 300)
    }
}
