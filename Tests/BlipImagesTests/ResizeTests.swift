import BlipImages
import BlipJSON
import Testing

@Suite struct ResizeTests {
    @Test func `resizing equals torchvision and Pillow byte for byte`() throws {
        let store = try Fixtures.bytes("resize.bin")
        let entries = try Fixtures.entries("resize.json")
        #expect(entries.count > 150)
        for entry in entries {
            let (width, height) = try (entry.integer("width"), entry.integer("height"))
            let (newWidth, newHeight) = try (entry.integer("newWidth"), entry.integer("newHeight"))
            let filter = try #require(ResampleFilter(rawValue: try entry.integer("resample")))
            let backend = try #require(ResizeBackend(rawValue: try entry.text("backend")))
            let source = Fixtures.noise(width: width, height: height, seed: try entry.integer("seed"))
            let resized = try source.resized(height: newHeight, width: newWidth, filter: filter, backend: backend)
            #expect(resized.width == newWidth && resized.height == newHeight)
            try entry.check(resized.pixels, in: store, "\(width)x\(height) to \(newWidth)x\(newHeight), \(filter), \(backend)")
        }
    }

    @Test func `a picture of the right size is left alone`() throws {
        let image = Fixtures.noise(width: 9, height: 7, seed: 1)
        for backend in ResizeBackend.allCases { #expect(try image.resized(height: 7, width: 9, backend: backend) == image) }
    }

    @Test func `one colour stays one colour`() throws {
        for value in [0, 1, 127, 254, 255] as [UInt8] {
            let image = RGBImage(width: 19, height: 23, pixels: [UInt8](repeating: value, count: 19 * 23 * 3))
            for backend in ResizeBackend.allCases {
                let resized = try image.resized(height: 37, width: 11, backend: backend)
                #expect(resized.pixels.allSatisfy { $0 == value })
            }
        }
    }

    @Test(arguments: [(0, 5), (5, 0), (-1, 5), (8193, 5), (5, Int.max)])
    func `impossible sizes are errors`(width: Int, height: Int) {
        let image = Fixtures.noise(width: 4, height: 4, seed: 1)
        #expect(throws: ImageError.targetSizeOutOfRange(width: width, height: height, limit: 8192)) {
            try image.resized(height: height, width: width)
        }
    }

    @Test func `extreme ratios stay inside memory`() throws {
        let wide = Fixtures.noise(width: 20_000, height: 1, seed: 1)
        #expect(try wide.resized(height: 3, width: 1).pixels.count == 9)
        #expect(try wide.resized(height: 1, width: 8192, backend: .pillow).width == 8192)
        let tall = Fixtures.noise(width: 1, height: 20_000, seed: 1)
        for backend in ResizeBackend.allCases {
            #expect(try tall.resized(height: 1, width: 2, filter: .lanczos, backend: backend).pixels.count == 6)
        }
    }
}
