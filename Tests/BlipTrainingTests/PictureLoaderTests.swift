import Blip
import BlipImages
import BlipTestSupport
import BlipTraining
import Foundation
import Testing

@Suite("Pictures are loaded for training") struct PictureLoaderTests {
    private let sources = ["shapes.png", "tower.png", "shapes.jpg"].map { ImageSource.file(Fixtures.picture($0)) }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private func loader(_ augmentation: Augmentation) -> PictureLoader {
        var processor = ImageProcessor()
        (processor.width, processor.height) = (28, 28)
        return PictureLoader(processor, augmentation)
    }

    @Test("without augmentation a picture is as in evaluation, and nothing is drawn") func evaluation() throws {
        let loader = loader(.none)
        for source in sources {
            var generator = Generator(state: 1)
            let expected = try loader.processor(source.load())
            #expect(try loader.planes(of: source, using: &generator) == expected && loader.planes(of: source) == expected)
            #expect(generator.state == 1)
        }
    }

    @Test("workers change nothing; a broken picture is a failure in its place") func workers() throws {
        let loader = loader(.blip)
        let sources = sources + [ImageSource.bytes([0xff, 0xd8, 0xff]), ImageSource.file(URL(fileURLWithPath: "/nowhere.jpg"))]
        func all(_ workers: Int) throws -> [PixelPlanes?] {
            let prefetch = try OrderedPrefetch(0..<40, workers: workers, depth: 7) { index in
                var generator = Generator(state: UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
                return try loader.planes(of: sources[index % sources.count], using: &generator)
            }
            return prefetch.map { result in
                do { return try result.get() } catch {
                    #expect(error is ImageError)
                    return nil
                }
            }
        }
        let expected = try all(0)
        #expect(expected.count == 40)
        for index in 0..<40 { #expect((expected[index] == nil) == (index % 5 > 2)) }
        #expect(expected[0] != expected[5])
        for workers in [1, 2, 4, 8] { #expect(try all(workers) == expected) }
    }
}
