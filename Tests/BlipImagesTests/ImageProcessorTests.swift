import BlipImages
import BlipJSON
import Foundation
import Testing

@Suite struct ImageProcessorTests {
    @Test func `pixel values equal the reference processors to the last bit`() throws {
        let store = try Fixtures.bytes("values.bin")
        for entry in try Fixtures.entries("values.json") {
            let backend = try #require(ResizeBackend(rawValue: try entry.text("backend")))
            let options = try #require(entry.json["options"])
            let processor = try ImageProcessor(json: options, backend: backend)
            let planes = try processor(try source(entry.text("source")))
            #expect(try [planes.height, planes.width] == [entry.integer("height"), entry.integer("width")])
            let bytes = planes.values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
            try entry.check(bytes, in: store, "\(try entry.text("source")), \(backend)")
        }
    }

    private func source(_ name: String) throws -> RGBImage {
        switch name {
        case "noise": return Fixtures.noise(width: 320, height: 240, seed: 20_240_117)
        case "small": return Fixtures.noise(width: 20, height: 15, seed: 20_240_117)
        default:
            let bytes: [UInt8] = (0..<256).flatMap { (i: Int) -> [UInt8] in [UInt8(i), UInt8(255 - i), UInt8(i % 16 * 16 + i / 16)] }
            return RGBImage(width: 16, height: 16, pixels: bytes)
        }
    }

    private func parse(_ text: String) throws -> ImageProcessor {
        try ImageProcessor(json: try JSONValue(parsing: Array(text.utf8)))
    }

    @Test func `a published configuration is read`() throws {
        let text = """
            {"do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.25, 0],
             "image_processor_type": "BlipImageProcessor", "image_std": [1, 0.5, 0.1], "processor_class": "Blip2Processor",
             "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": 364, "width": 300}, "unknown": {"a": null}}
            """
        for wrapped in [text, "{\"image_processor\": \(text), \"num_query_tokens\": 32}"] {
            let processor = try parse(wrapped)
            #expect(processor.height == 364 && processor.width == 300 && processor.resample == .bilinear)
            #expect(processor.mean.all == [0.5, 0.25, 0] && processor.standardDeviation.all == [1, 0.5, 0.1])
            #expect(processor.rescaleFactor == 1.0 / 255 && processor.backend == .torchvision)
        }
    }

    @Test func `what is absent or null has the published default`() throws {
        #expect(try parse("{}") == ImageProcessor())
        #expect(try parse("{\"size\": null, \"resample\": null, \"image_mean\": null}") == ImageProcessor())
        let square = try parse("{\"size\": 384, \"image_mean\": 0.5}")
        #expect(square.height == 384 && square.width == 384 && square.mean.all == [0.5, 0.5, 0.5])
    }

    @Test(arguments: [
        ("{\"size\": \"224\"}", "size", "the text \"224\""),
        ("{\"size\": {\"shortest_edge\": 224}}", "size", "an object with the keys [shortest_edge]"),
        ("{\"size\": {\"height\": 0, \"width\": 224}}", "size.height", "0"), ("{\"size\": 100000}", "size", "100000"),
        ("{\"size\": {\"height\": 224, \"width\": 1.5}}", "size.width", "1.5"), ("{\"do_resize\": 1}", "do_resize", "1"),
        ("{\"do_convert_rgb\": \"yes\"}", "do_convert_rgb", "the text \"yes\""), ("{\"resample\": 0}", "resample", "0"),
        ("{\"resample\": \"bicubic\"}", "resample", "the text \"bicubic\""), ("{\"rescale_factor\": 0}", "rescale_factor", "0"),
        ("{\"rescale_factor\": 1e999}", "rescale_factor", "inf"), ("{\"image_mean\": [1, 2]}", "image_mean", "a list of 2 elements"),
        ("{\"image_std\": [1, 0, 1]}", "image_std", "a list of 3 elements"),
        ("{\"image_std\": [1, \"a\", 1]}", "image_std", "a list of 3 elements"),
        ("{\"image_processor\": 3}", "image_processor", "3"), ("{\"do_normalize\": []}", "do_normalize", "a list of 0 elements"),
    ])
    func `a wrong value is an error that names its key`(text: String, key: String, found: String) throws {
        do {
            _ = try parse(text)
            Issue.record("\(text) was accepted")
        } catch ImageError.configuration(_, let wrongKey, _, let wrongValue) {
            #expect(wrongKey == key && wrongValue == found)
        }
    }

    @Test func `a checkpoint folder may have either file, both or none`() throws {
        try withTemporaryFolder { folder in
            func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }
            #expect(try ImageProcessor(checkpoint: folder) == ImageProcessor())
            #expect(try ImageProcessor(checkpoint: folder, side: 96).height == 96)
            try write("preprocessor_config.json", "{\"do_resize\": true}")
            #expect(try ImageProcessor(checkpoint: folder, side: 96).width == 96)
            try write("preprocessor_config.json", "{\"size\": 364}")
            #expect(try ImageProcessor(checkpoint: folder, side: 96).width == 364)
            try write("processor_config.json", "{\"num_query_tokens\": 32}")  // as transformers 4 writes it
            #expect(try ImageProcessor(checkpoint: folder, backend: .pillow).width == 364)
            try write(
                "processor_config.json", "{\"num_query_tokens\": 32, \"image_processor\": {\"size\": {\"height\": 30, \"width\": 40}}}")
            let nested = try ImageProcessor(checkpoint: folder)
            #expect(nested.width == 40 && nested.height == 30)
            try write("processor_config.json", "{")
            #expect(throws: ImageError.self) { try ImageProcessor(checkpoint: folder) }
            try write("processor_config.json", "[]")
            #expect(try ImageProcessor(checkpoint: folder).width == 364)
        }
    }
}
