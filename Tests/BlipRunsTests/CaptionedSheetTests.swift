import BlipImages
import Foundation
import Testing

@testable import BlipRuns

@Suite struct CaptionedSheetTests {
    private func plain(_ width: Int, _ height: Int, _ value: UInt8) -> RGBImage {
        RGBImage(width: width, height: height, pixels: [UInt8](repeating: value, count: width * height * 3))
    }

    /// Pixels of a part that are not white.
    private func ink(_ picture: RGBImage, _ columns: Range<Int>, _ rows: Range<Int>) -> Int {
        rows.reduce(0) { sum, y in sum + columns.count { picture[$0, y].red < 128 } }
    }

    @Test func `pictures stand in rows, unchanged, with their words below them`() {
        let sheet = CaptionedSheet(
            [
                .init(plain(100, 60, 10), [("What is this?", .bold), ("a star", .good)]), .init(plain(100, 60, 20), []),
                .init(plain(80, 40, 30), [("x", .faint)]),
            ], columns: 2)
        let picture = sheet.picture()
        #expect(picture.width == 2 * 16 + 2 * 100 + 20)
        #expect(picture[16, 16].red == 10 && picture[115, 75].red == 10 && picture[136, 16].red == 20 && picture[235, 75].red == 20)
        // Two lines of 20 pixels below the first picture.
        #expect(ink(picture, 16..<116, 84..<104) > 30 && ink(picture, 16..<116, 104..<124) > 15 && ink(picture, 136..<236, 84..<124) == 0)
        #expect(picture[16, 16 + 60 + 8 + 40 + 20].red == 30)
    }

    @Test func `long texts are broken between words, and cut off where they do not end`() {
        let words = (0..<200).map { "word\($0)" }.joined(separator: " ")
        let short = CaptionedSheet([.init(plain(120, 10, 0), [("one", .plain)])], columns: 1).picture()
        let long = CaptionedSheet([.init(plain(120, 10, 0), [(words, .plain)])], columns: 1).picture()
        #expect(ink(long, 136..<152, 0..<long.height) == 0 && long.width == short.width && long.height == short.height + 11 * 20)
        let wide = CaptionedSheet([.init(plain(60, 10, 0), [(String(repeating: "W", count: 500), .plain)])], columns: 3).picture()
        #expect(wide.width == 60 + 32 && ink(wide, 76..<92, 0..<wide.height) == 0, "nothing reaches into the margin")
    }
}
