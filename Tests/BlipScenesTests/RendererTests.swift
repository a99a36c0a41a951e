import BlipImages
import Foundation
import Testing

@testable import BlipScenes

@Suite("Drawing scenes")
struct RendererTests {
    @Test("the same seed gives the same picture on every machine", arguments: RendererTests.digests)
    func digest(_ expected: (style: String, number: Int, side: Int, digest: UInt64)) throws {
        let style = try #require(Self.styles[expected.style])
        let image = try SceneRenderer(side: expected.side)(SceneDrawings.scene(expected.number, style))
        #expect(
            SceneDrawings.digest(image) == expected.digest,
            "\(expected.style) \(expected.number): \(String(SceneDrawings.digest(image), radix: 16))")
    }

    static let styles: [String: SceneStyle] = [
        "training": .training, "sketch": .sketches, "unseen": .unseenCombinations, "chart": .charts, "blurred": .blurredPictures,
    ]

    static let digests: [(style: String, number: Int, side: Int, digest: UInt64)] = [
        ("training", 0, 64, 0xF391_B2B8_BA50_164C), ("training", 1, 96, 0xAB0A_F779_3FDC_8A80), ("training", 2, 224, 0xD781_E77F_AF6A_CF39),
        ("sketch", 3, 96, 0xE1A6_CF31_D1A4_5B0F), ("unseen", 4, 64, 0xCE33_4B09_2272_F370),
        ("chart", 5, 96, 0x144E_D207_87B5_9E10), ("blurred", 6, 96, 0x8BFD_6908_050E_2CBB),
    ]

    @Test("a picture's PNG file holds exactly its pixels")
    func png() throws {
        for side in [16, 64, 150, 300] {
            let renderer = try SceneRenderer(side: side)
            let scene = SceneDrawings.scene(side)
            let image = try ImageSource.bytes(renderer.png(scene)).load()
            #expect(image == renderer(scene))
        }
    }

    @Test("sizes out of range are refused, and the least and largest are drawn")
    func sizes() throws {
        for side in [Int.min, -1, 0, 15, 2049, Int.max] {
            #expect(throws: SceneError.sideOutOfRange(side)) { try SceneRenderer(side: side) }
        }
        for side in [16, 17, 2048] {
            for style in Self.styles.values { #expect(try SceneRenderer(side: side)(SceneDrawings.scene(1, style)).width == side) }
        }
    }

    @Test("scenes that no generator makes are drawn without harm")
    func hostileScenes() throws {
        let renderer = try SceneRenderer(side: 32)
        for value in [-1e9, -5, 0, 1, 7, 1e9, 1e300, .infinity, .nan] {
            let object = SceneObject(.sign, .red, .large, x: value, y: value, turn: value, text: "ÄÖ 漢字\u{0}")
            #expect(renderer(Scene(objects: [object], chart: nil)).width == 32)
            var growing = SceneObject(.star, .red, x: 0.5, y: 0.5, turn: value)
            growing.growth = abs(value)
            #expect(renderer(Scene(grain: value, objects: [growing])).width == 32)
        }
        #expect(renderer(Scene(chart: SceneChart(.pie, []))).width == 32)
        #expect(renderer(Scene(chart: SceneChart(.bars, []))).width == 32)
        #expect(renderer(Scene(chart: SceneChart(.pie, [SceneChart.Part("A", .red, 0)]))).width == 32)
    }

    @Test("the sine is the mathematical library's, to the last places of a Float")
    func sines() {
        for step in -1000...1000 {
            let degrees = Double(step) * 0.731
            let (sine, cosine) = Exact.sineAndCosine(degrees: degrees)
            #expect(abs(Double(sine) - sin(degrees * .pi / 180)) < 1e-7)
            #expect(abs(Double(cosine) - cos(degrees * .pi / 180)) < 1e-7)
        }
    }

    @Test("no two characters look alike at eight pixels")
    func glyphs() throws {
        let renderer = try SceneRenderer(side: 64)
        let characters = SignFont.characters.sorted()
        #expect(characters.count == 36)
        let pictures = characters.map { character in
            // A sign's letters are 8 pixels high here.
            renderer(Scene(objects: [SceneObject(.sign, .white, x: 0.5, y: 0.5, text: String(character))]))
        }
        for one in pictures.indices {
            for other in pictures.indices where other < one {
                let differences = zip(pictures[one].pixels, pictures[other].pixels).count { abs(Int($0) - Int($1)) > 60 } / 3
                #expect(differences >= 3, "\(characters[one]) and \(characters[other]) differ in \(differences) pixels")
            }
        }
    }

    @Test("a sheet has every picture in its place, and refuses what is too large")
    func sheet() throws {
        let renderer = try SceneRenderer(side: 32)
        let pictures = (0..<5).map { renderer(SceneDrawings.scene($0)) }
        let sheet = try SceneSheet.picture(pictures, columns: 3)
        #expect((sheet.width, sheet.height) == (3 * 34 + 2, 2 * 34 + 2))
        #expect(sheet[2 + 34 + 5, 2 + 34 + 7] == pictures[4][5, 7])
        #expect(throws: SceneError.self) { try SceneSheet.picture([], columns: 3) }
        #expect(throws: SceneError.self) { try SceneSheet.picture(pictures, columns: 0) }
        #expect(throws: SceneError.self) { try SceneSheet.check(columns: 100, rows: 100, side: 2048) }
        #expect(throws: SceneError.self) { try SceneSheet.check(columns: .max, rows: 1, side: .max) }
    }
}
