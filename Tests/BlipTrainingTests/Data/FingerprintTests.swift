import BlipData
import BlipImages
import BlipPictures
import BlipTraining
import Foundation
import Testing

@Suite("Pictures are known by what they look like")
struct FingerprintTests {
    private func picture(_ seed: UInt64, _ width: Int, _ height: Int, brighter: Int = 0) throws -> SampleImage {
        // Smooth blobs: noise would not survive scaling.
        var generator = SeededGenerator(seed: seed)
        let waves = (0..<6).map { _ in (generator.unit() * 9, generator.unit() * 9, generator.unit() * 6.3, generator.unit()) }
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
                let value = waves.reduce(0) { $0 + $1.3 * sin($1.0 * u * 2 + $1.1 * v * 2 + $1.2) }
                let level = UInt8(clamping: Int(127 + 25 * value) + brighter)
                pixels += [level, level, UInt8(255 - Int(level))]
            }
        }
        return SampleImage(.bytes([UInt8](try RGBImage(width: width, height: height, pixels: pixels).pngData())))
    }

    @Test("scaled and toned copies stay near, other pictures are far")
    func distances() throws {
        let originals = try (0..<12).map { try picture($0, 320, 240).fingerprint() }
        for (seed, original) in originals.enumerated() {
            #expect(try picture(UInt64(seed), 160, 120, brighter: 12).fingerprint().distance(to: original) <= 3)
        }
        for first in 0..<12 {
            for second in 0..<first { #expect(originals[first].distance(to: originals[second]) > 6) }
        }
    }
}
