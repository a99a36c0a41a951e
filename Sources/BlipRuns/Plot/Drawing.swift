/// A picture as shapes: what SVG and PNG are both made from, so that they show the same.
///
/// Lengths are in points, from the top left corner; one is a pixel of SVG, and `scale` pixels of a PNG.
struct Drawing: Equatable {
    let width: Double
    let height: Double
    var shapes: [Shape] = []

    struct Point: Equatable {
        var x, y: Double
    }

    struct Rectangle: Equatable {
        var x, y, width, height: Double

        var right: Double { x + width }
        var bottom: Double { y + height }
    }

    enum Anchor: Equatable {
        case start, middle, end
    }

    struct TextStyle: Equatable {
        var size = 12.0
        var isBold = false
        var colour = Palette.text
        var anchor = Anchor.start
    }

    enum Shape: Equatable {
        case rectangle(Rectangle, Colour)
        /// Lines through points, with round ends; `dashes` are lengths drawn and left out in turn. Nothing outside `clip` is drawn.
        case lines([[Point]], Stroke, clip: Rectangle?)
        case dots([Point], radius: Double, Colour, clip: Rectangle?)
        /// `at` is on the base line.
        case text(String, at: Point, TextStyle)
    }

    struct Stroke: Equatable {
        var colour: Colour
        var width: Double
        var dashes: [Double] = []
    }
}

/// A colour with its opacity.
struct Colour: Equatable, Hashable {
    let red, green, blue: UInt8
    var opacity = 1.0

    init(_ hexadecimal: UInt32) {
        red = UInt8(truncatingIfNeeded: hexadecimal >> 16)
        green = UInt8(truncatingIfNeeded: hexadecimal >> 8)
        blue = UInt8(truncatingIfNeeded: hexadecimal)
    }

    func opacity(_ opacity: Double) -> Colour {
        var colour = self
        colour.opacity = opacity
        return colour
    }
}

/// The colours of plots.
enum Palette {
    static let background = Colour(0xFFFFFF)
    static let text = Colour(0x24292F)
    static let faintText = Colour(0x57606A)
    static let frame = Colour(0x8C959F)
    static let grid = Colour(0xE3E6EA)
    static let minorGrid = Colour(0xF1F3F5)

    /// Okabe and Ito's, which people with any kind of colour blindness can tell apart; without yellow, which is too pale on white.
    static let runs: [Colour] = [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000].map { Colour($0) }

    /// Beyond seven runs the colours come again, with another pattern of dashes.
    static func style(ofRun index: Int) -> (colour: Colour, dashes: [Double]) {
        let patterns: [[Double]] = [[], [9, 4], [2, 4], [9, 4, 2, 4]]
        return (runs[index % runs.count], patterns[index / runs.count % patterns.count])
    }
}
