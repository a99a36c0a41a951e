import BlipJSON
import Foundation
import Testing

@testable import BlipImages

@Suite struct AugmentationTests {
    private let folder = Fixtures.augmentation

    private func numbers(_ value: JSONValue?) throws -> [Double] {
        try #require(value?.array).map { try #require($0.double) }
    }

    private func box(_ value: JSONValue?) throws -> PixelBox {
        let sides = try numbers(value).map { Int($0) }
        return PixelBox(x: sides[0], y: sides[1], width: sides[2], height: sides[3])
    }

    private func crop(_ json: JSONValue) throws -> RandomCrop {
        let (scale, ratio) = (try numbers(json["scale"]), try numbers(json["ratio"]))
        return try RandomCrop(share: scale[0]...scale[1], ratio: ratio[0]...ratio[1])
    }

    // MARK: Given plans

    @Test func `a crop and a flip equal torchvision and Pillow byte for byte`() throws {
        let store = try Fixtures.bytes("crops.bin", in: folder)
        let entries = try Fixtures.entries("crops.json", in: folder)
        #expect(entries.count > 60)
        for entry in entries {
            let (width, height) = try (entry.integer("width"), entry.integer("height"))
            let source = Fixtures.noise(width: width, height: height, seed: try entry.integer("seed"))
            var processor = ImageProcessor()
            (processor.width, processor.height) = try (entry.integer("newWidth"), entry.integer("newHeight"))
            processor.backend = try #require(ResizeBackend(rawValue: try entry.text("backend")))
            let plan = AugmentationPlan(crop: try box(entry.json["box"]), isFlipped: entry.json["flip"] == .bool(true))
            let picture = try processor.picture(source, plan)
            #expect(picture.width == processor.width && picture.height == processor.height)
            try entry.check(picture.pixels, in: store, "\(width)x\(height), \(plan), \(processor.backend)")
        }
    }

    @Test func `changes equal Pillow and OpenCV byte for byte, alone and one after another`() throws {
        let store = try Fixtures.bytes("changes.bin", in: folder)
        let entries = try Fixtures.entries("changes.json", in: folder)
        #expect(entries.count > 200)
        var processor = ImageProcessor()
        processor.doResize = false
        for entry in entries {
            let source = try picture(entry)
            let operations = try #require(entry.json["operations"]?.array).map(operation)
            let changed = try processor.picture(source, AugmentationPlan(operations: operations))
            #expect(changed.width == source.width && changed.height == source.height)
            try entry.check(changed.pixels, in: store, "\(source.width)x\(source.height), \(operations)")
        }
    }

    private func picture(_ entry: Fixtures.Entry) throws -> RGBImage {
        let noise = Fixtures.noise(
            width: try entry.integer("width"), height: try entry.integer("height"), seed: try entry.integer("seed"))
        let kind = try entry.text("kind")
        let pixels = noise.pixels.enumerated().map { place, value -> UInt8 in
            switch kind {
            case "dim": value / [3, 5, 9][place % 3] + [20, 90, 140][place % 3]
            case "flat": 77
            default: value
            }
        }
        return RGBImage(width: noise.width, height: noise.height, pixels: pixels)
    }

    private func operation(_ json: JSONValue) throws -> PixelOperation {
        let value = try #require(json["value"]?.double)
        switch try #require(json["name"]?.string) {
        case "autocontrast": return .autocontrast
        case "equalize": return .equalize
        case "brightness": return .brightness(value)
        case "sharpness": return .sharpness(value)
        case "shearX": return .shearX(value)
        case "shearY": return .shearY(value)
        case "translateX": return .translateX(value)
        case "translateY": return .translateY(value)
        case "rotate": return .rotate(value)
        case let name: throw Unknown(name: name)
        }
    }

    private struct Unknown: Error { let name: String }

    @Test func `without a plan a picture is as in evaluation, and the same plan gives the same planes`() throws {
        let source = Fixtures.noise(width: 50, height: 40, seed: 3)
        let processor = ImageProcessor()
        #expect(try processor(source, .none) == processor(source))
        let plan = AugmentationPlan(
            crop: PixelBox(x: 3, y: 4, width: 30, height: 31), isFlipped: true, operations: [.rotate(7), .equalize])
        #expect(try processor(source, plan) == processor(source, plan))
        #expect(try processor(source, plan) != processor(source))
    }

    @Test func `a part cut out is what stands there, and one outside is an error`() throws {
        let source = Fixtures.noise(width: 9, height: 7, seed: 1)
        let part = try source.cropped(to: PixelBox(x: 2, y: 3, width: 4, height: 2))
        for (x, y) in [(0, 0), (3, 1), (1, 1)] { #expect(part[x, y] == source[x + 2, y + 3]) }
        #expect(source.flipped[0, 6] == source[8, 6] && source.flipped.flipped == source)
        let outside = [
            (-1, 0, 2, 2), (0, -1, 2, 2), (8, 0, 2, 2), (0, 6, 2, 2), (0, 0, 0, 2), (0, 0, 10, 1), (.max, 0, 1, 1), (1, 1, .max, 1),
        ]
        for (x, y, width, height) in outside {
            let box = PixelBox(x: x, y: y, width: width, height: height)
            let expected = ImageError.cropOutside(x: x, y: y, width: width, height: height, pictureWidth: 9, pictureHeight: 7)
            #expect(throws: expected) { try source.cropped(to: box) }
            #expect(throws: expected) { try ImageProcessor()(source, AugmentationPlan(crop: box)) }
        }
    }

    @Test func `wild movements stay inside memory`() {
        let source = Fixtures.noise(width: 5, height: 4, seed: 1)
        for value in [1e300, -1e300, .infinity, .nan, 1e9] {
            for operation in [
                PixelOperation.shearX(value), .shearY(value), .translateX(value), .translateY(value), .rotate(value), .brightness(value),
                .sharpness(value),
            ] { #expect(source.changed(by: operation).pixels.count == 60) }
        }
    }

    // MARK: Drawn plans

    @Test func `the sides of a box equal torchvision's for the same share and shape`() throws {
        let draws = try #require(try Fixtures.json("boxes.json", in: folder)["draws"]?.array)
        #expect(draws.count > 150)
        var middles = 0
        for json in draws {
            let entry = Fixtures.Entry(json: json)
            let (width, height, crop) = try (entry.integer("width"), entry.integer("height"), crop(json))
            let expected = try box(json["box"])
            let tries = try #require(json["tries"]?.array).map { try numbers($0) }
            let size = tries.lazy.compactMap { crop.size(width: width, height: height, share: $0[0], ratio: $0[1]) }.first
            if let size {
                #expect(size.width == expected.width && size.height == expected.height, "\(width)x\(height)")
            } else {
                middles += 1
                #expect(crop.middle(width: width, height: height) == expected, "\(width)x\(height)")
            }
        }
        #expect(middles > 5)
    }

    @Test func `boxes lie where torchvision's lie`() throws {
        let count = 10_000
        for json in try #require(try Fixtures.json("boxes.json", in: folder)["distributions"]?.array) {
            let entry = Fixtures.Entry(json: json)
            let (width, height, crop) = try (entry.integer("width"), entry.integer("height"), crop(json))
            var generator = SeededGenerator(state: 11)
            let boxes = (0..<count).map { _ in crop.box(width: width, height: height, using: &generator) }
            #expect(boxes.allSatisfy { $0.lies(inWidth: width, height: height) })
            for name in ["x", "y", "width", "height", "area", "right", "below"] {
                let marks = try #require(json["measures"]?[JSONString(bytes: Array(name.utf8))])
                let values = boxes.map { box -> Int in
                    switch name {
                    case "x": box.x
                    case "y": box.y
                    case "width": box.width
                    case "height": box.height
                    case "area": box.width * box.height
                    case "right": width - box.x - box.width
                    default: height - box.y - box.height
                    }
                }
                for (mark, part) in zip(try numbers(marks["at"]), try numbers(marks["part"])) {
                    let found = Double(values.filter { Double($0) <= mark }.count) / Double(count)
                    // Four standard deviations of a part among 10,000.
                    #expect(abs(found - part) < 4 * (part * (1 - part) / Double(count)).squareRoot() + 0.002, "\(name) at \(mark)")
                }
            }
        }
    }

    @Test func `the same seed draws the same plans, and nothing is drawn where nothing may happen`() throws {
        for augmentation in [Augmentation.paper, .blip, .blip2] {
            var (first, second) = (SeededGenerator(state: 5), SeededGenerator(state: 5))
            let plans = (0..<50).map { _ in augmentation.plan(width: 640, height: 480, using: &first) }
            #expect(plans == (0..<50).map { _ in augmentation.plan(width: 640, height: 480, using: &second) })
            #expect(Set(plans).count > 45 && first.state == second.state)
        }
        var generator = SeededGenerator(state: 5)
        #expect(Augmentation.none.plan(width: 3, height: 9, using: &generator) == .none && generator.state == 5)
        #expect(Augmentation.none.isNone && !Augmentation.paper.isNone)
        // What a seed means may not change: recorded runs are resumed with it.
        let first = Augmentation.blip.plan(width: 640, height: 480, using: &generator)
        #expect(first == AugmentationPlan(crop: PixelBox(x: 14, y: 12, width: 496, height: 429), isFlipped: true))
    }

    @Test func `the paper's augmentation flips nothing, and LAVIS' flips every other picture`() throws {
        func flips(_ augmentation: Augmentation) -> Int {
            var generator = SeededGenerator(state: 1)
            return (0..<10_000).filter { _ in augmentation.plan(width: 64, height: 48, using: &generator).isFlipped }.count
        }
        #expect(try flips(.paper) == 0 && flips(Augmentation(flipProbability: 1)) == 10_000)
        #expect(abs(flips(.blip2) - 5_000) < 200)
        #expect(try abs(flips(Augmentation(flipProbability: 0.1)) - 1_000) < 120)
    }

    @Test func `random changes are LAVIS': ten kinds, each done every other time, with its values`() throws {
        var generator = SeededGenerator(state: 2)
        var counts: [PixelOperation: Int] = [:]
        for _ in 0..<20_000 {
            for operation in RandomChanges.lavis.operations(using: &generator) { counts[operation, default: 0] += 1 }
        }
        // 40,000 drawn, half of them done, one kind in ten; signed ones half this way and half that way.
        for operation in [PixelOperation.autocontrast, .equalize, .brightness(1), .sharpness(1)] {
            #expect(abs((counts[operation] ?? 0) - 2_000) < 180, "\(operation)")
        }
        for sign in [1.0, -1] {
            for operation in [
                PixelOperation.shearX(0.15 * sign), .shearY(0.15 * sign), .translateX(5 * sign), .translateY(5 * sign), .rotate(15 * sign),
            ] { #expect(abs((counts[operation] ?? 0) - 1_000) < 130, "\(operation)") }
        }
        #expect(counts.count == 14)
    }

    @Test func `settings that make no sense are errors`() {
        #expect(throws: ImageError.self) { try RandomCrop(share: 0...1) }
        #expect(throws: ImageError.self) { try RandomCrop(share: 0.5...1.1) }
        #expect(throws: ImageError.self) { try RandomCrop(share: 0.5...1, ratio: 0...1) }
        #expect(throws: ImageError.self) { try RandomCrop(share: 0.5...1, ratio: 1...Double.infinity) }
        #expect(throws: ImageError.self) { try Augmentation(flipProbability: 1.5) }
        #expect(throws: ImageError.self) { try Augmentation(flipProbability: .nan) }
        #expect(throws: ImageError.self) { try RandomChanges(count: -1, strength: 5) }
        #expect(throws: ImageError.self) { try RandomChanges(count: 2, strength: 11) }
        let error = ImageError.augmentation(name: "the probability of a flip", expected: "0 to 1", found: "1.5")
        #expect("\(error)" == "the probability of a flip must be 0 to 1, but it is 1.5")
    }
}
