import BlipImages
import Foundation
import Testing

@testable import BlipRuns

@Suite struct CanvasTests {
    private static let black = Colour(0)

    /// What has been drawn in black on white, in whole pixels.
    private static func ink(_ canvas: Canvas) -> Double {
        canvas.picture().pixels.reduce(0) { $0 + Double(255 - $1) } / 255 / 3
    }

    @Test func `a line of whole pixels covers them wholly and no others`() {
        var canvas = Canvas(width: 20, height: 9)
        canvas.lines([[.init(x: -5, y: 4.5), .init(x: 25, y: 4.5)]], width: 1, colour: Self.black, clip: nil)
        let picture = canvas.picture()
        for y in 0..<9 { for x in 0..<20 { #expect(picture[x, y].red == (y == 4 ? 0 : 255)) } }
    }

    @Test func `a line between two rows of pixels covers half of both`() {
        var canvas = Canvas(width: 20, height: 9)
        canvas.lines([[.init(x: -5, y: 4), .init(x: 25, y: 4)]], width: 1, colour: Self.black, clip: nil)
        let picture = canvas.picture()
        #expect(picture[10, 3].red == 128 && picture[10, 4].red == 128 && picture[10, 2].red == 255 && picture[10, 5].red == 255)
    }

    @Test func `lines of any direction take as much ink as they are long and wide`() {
        var generator = SeededGenerator(state: 2)
        for _ in 0..<40 {
            let angle = Float.random(in: 0...(2 * .pi), using: &generator)
            let (length, width) = (Float.random(in: 20...80, using: &generator), Float.random(in: 1...6, using: &generator))
            let centre = Float.random(in: 50...60, using: &generator)
            let (x, y) = (cos(angle) * length / 2, sin(angle) * length / 2)
            var canvas = Canvas(width: 110, height: 110)
            canvas.lines(
                [[.init(x: centre - x, y: centre - y), .init(x: centre + x, y: centre + y)]], width: width, colour: Self.black, clip: nil)
            let expected = Double(length * width + .pi * width * width / 4)  // with round ends
            #expect(abs(Self.ink(canvas) / expected - 1) < 0.05, "\(angle) \(length) \(width)")
        }
    }

    @Test func `a faint line that crosses itself is not darker there`() {
        var canvas = Canvas(width: 40, height: 40)
        let cross: [[Canvas.Point]] = [[.init(x: 20, y: 2), .init(x: 20, y: 38)], [.init(x: 2, y: 20), .init(x: 38, y: 20)]]
        canvas.lines(cross, width: 4, colour: Self.black.opacity(0.2), clip: nil)
        let picture = canvas.picture()
        #expect(picture[20, 20].red == 204 && picture[20, 10].red == 204 && picture[10, 20].red == 204)
    }

    @Test func `nothing is drawn outside the clip or the picture`() {
        var canvas = Canvas(width: 30, height: 30)
        let far: [[Canvas.Point]] = [[.init(x: -1e7, y: -1e7), .init(x: 1e7, y: 1e7)], [.init(x: .nan, y: 0), .init(x: 1, y: .infinity)]]
        canvas.lines(far, width: 3, colour: Self.black, clip: .init(left: 10, top: 10, right: 20, bottom: 20))
        canvas.dots([.init(x: 500, y: 500), .init(x: -40, y: 3)], radius: 5, colour: Self.black, clip: nil)
        let picture = canvas.picture()
        for y in 0..<30 {
            for x in 0..<30 where !(10..<20).contains(x) || !(10..<20).contains(y) { #expect(picture[x, y].red == 255) }
        }
    }

    @Test func `a rectangle covers parts of pixels by their area`() {
        var canvas = Canvas(width: 10, height: 10)
        canvas.rectangle(left: 1.25, top: 2, right: 5.5, bottom: 4.75, colour: Self.black)
        #expect(abs(Self.ink(canvas) - 4.25 * 2.75) < 0.02)
        #expect(canvas.picture()[3, 3].red == 0)
    }

    @Test func `dashes draw their part of a line`() {
        let line = [Drawing.Point(x: 0, y: 0), Drawing.Point(x: 30, y: 0), Drawing.Point(x: 30, y: 25)]
        let pieces = Drawing.dashed(line, [4, 6])
        let drawn = pieces.reduce(0.0) { sum, piece in
            sum + zip(piece, piece.dropFirst()).reduce(0) { $0 + abs($1.1.x - $1.0.x) + abs($1.1.y - $1.0.y) }
        }
        #expect(abs(drawn - 24) < 1e-9 && pieces.count == 6)
        #expect(Drawing.dashed([line[0]], [4, 6]) == [[line[0]]])
        #expect(Drawing.dashed([], [4, 6]) == [[]] && Drawing.dashed(line, [0]) == [line])
    }

    @Test func `the typeface has every printable letter, each another one, and as wide as Helvetica's`() {
        var pictures: Set<[UInt8]> = []
        for code in UInt8(0x21)...0x7E {
            let text = String(Unicode.Scalar(code))
            let drawing = Drawing(
                width: 24, height: 24,
                shapes: [.text(text, at: Drawing.Point(x: 4, y: 18), Drawing.TextStyle(size: 16, colour: Self.black))])
            let picture = drawing.picture(scale: 1)
            #expect(picture.pixels.contains { $0 < 128 }, "\(text)")
            #expect(pictures.insert(picture.pixels).inserted, "\(text)")
            for glyph in StrokeFont.glyphs(text) {
                for point in glyph.strokes.joined() {
                    #expect(point.x >= -1 && point.x <= glyph.advance + 1 && point.y >= -20 && point.y <= 78)
                }
            }
        }
        // Adobe's metrics: digits 556, comma 278, l 222, o 556, s 500.
        #expect(abs(StrokeFont.width("1,000", size: 10) - 25.02) < 1e-9)
        #expect(abs(StrokeFont.width("loss", size: 10) - 17.78) < 1e-9)
    }

    @Test func `marks are left out, and unknown letters are boxes`() {
        #expect(StrokeFont.width("é", size: 12) == StrokeFont.width("e", size: 12))
        #expect(StrokeFont.glyphs("漢").first?.strokes.first?.count == 5)
        #expect(StrokeFont.glyphs("\u{A0}").first?.strokes.isEmpty == true)
        let fitted = StrokeFont.fitted("a very long name of a run", size: 12, width: 60)
        #expect(fitted.hasSuffix("…") && StrokeFont.width(fitted, size: 12) <= 60)
        #expect(StrokeFont.fitted("short", size: 12, width: 60) == "short" && StrokeFont.fitted("abc", size: 12, width: 1) == "…")
    }

    @Test(arguments: [
        ("protanopia", [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998]),
        ("deuteranopia", [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881]),
        ("tritanopia", [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900]),
        ("all colours", [1, 0, 0, 0, 1, 0, 0, 0, 1]),
    ])
    func `the runs' colours stay apart for eyes that see fewer`(name: String, matrix: [Double]) {
        // Machado, Oliveira and Fernandes 2009: what such eyes see, in linear light. Differences in CIE Lab.
        func lab(_ colour: Colour) -> [Double] {
            let light = [colour.red, colour.green, colour.blue].map { byte in
                let value = Double(byte) / 255
                return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            }
            let seen = (0..<3).map { row in max(0, min(1, (0..<3).reduce(0) { $0 + matrix[3 * row + $1] * light[$1] })) }
            let x = (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505
            let y = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
            let z = (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089
            let f = [x, y, z].map { $0 > 0.008856 ? cbrt($0) : 7.787 * $0 + 16.0 / 116 }
            return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
        }
        for (index, one) in Palette.runs.enumerated() {
            for other in Palette.runs.dropFirst(index + 1) {
                let distance = zip(lab(one), lab(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                #expect(distance > 10, "\(one) and \(other) for \(name)")
            }
        }
        #expect(Set((0..<28).map { "\(Palette.style(ofRun: $0))" }).count == 28)
    }
}
