import Foundation

/// A small typeface of strokes for pictures made of pixels; its letters are as wide as Helvetica's, so that SVG's text fills the same room.
enum StrokeFont {
    /// What a pen draws for a letter, in hundredths of the size, upwards from the base line.
    struct Glyph {
        let advance: Double
        let strokes: [[Drawing.Point]]
    }

    /// Part of the size.
    static let penWidth = 0.085
    static let boldPenWidth = 0.115

    /// How wide a line of text is.
    static func width(_ text: String, size: Double) -> Double { glyphs(text).reduce(0) { $0 + $1.advance } * size / 100 }

    /// The text, or as much of its beginning as fits the width with three dots behind it.
    static func fitted(_ text: String, size: Double, width limit: Double) -> String {
        if width(text, size: size) <= limit { return text }
        var kept = text
        while !kept.isEmpty, width(kept + "…", size: size) > limit { kept.removeLast() }
        return kept + "…"
    }

    /// Accents and other marks are left out, letters that it has not are boxes.
    static func glyphs(_ text: String) -> [Glyph] {
        text.decomposedStringWithCanonicalMapping.unicodeScalars.compactMap { scalar in
            if scalar.properties.generalCategory == .nonspacingMark { return nil }
            return table[scalar] ?? (scalar.properties.isWhitespace ? table[" "] : box)
        }
    }

    private static let box = Glyph(advance: 55.6, strokes: strokes("M 9 4 L 9 68 L 46 68 L 46 4 L 9 4"))

    private static let table: [Unicode.Scalar: Glyph] = {
        var table: [Unicode.Scalar: Glyph] = [:]
        for (scalar, advance, pen) in outlines { table[scalar] = Glyph(advance: advance, strokes: strokes(pen)) }
        return table
    }()

    /// Follows a pen: `M x y` sets it down, `L x y` draws a straight line, `Q cx cy x y` a curve that bends towards (cx, cy),
    /// `A cx cy rx ry from to` a part of an ellipse in degrees, which begins a stroke if none is begun, and `N` lifts it.
    private static func strokes(_ pen: String) -> [[Drawing.Point]] {
        var (strokes, current): ([[Drawing.Point]], [Drawing.Point]) = ([], [])
        var words = pen.split(separator: " ")[...]
        func number() -> Double { words.popFirst().flatMap { Double($0) } ?? 0 }
        while let command = words.popFirst() {
            switch command {
            case "M", "N":
                if !current.isEmpty { strokes.append(current) }
                current = command == "M" ? [Drawing.Point(x: number(), y: number())] : []
            case "L": current.append(Drawing.Point(x: number(), y: number()))
            case "Q":
                let start = current.last ?? Drawing.Point(x: 0, y: 0)
                let (control, end) = (Drawing.Point(x: number(), y: number()), Drawing.Point(x: number(), y: number()))
                for part in 1...8 {
                    let t = Double(part) / 8
                    let (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
                    current.append(
                        Drawing.Point(x: a * start.x + b * control.x + c * end.x, y: a * start.y + b * control.y + c * end.y))
                }
            case "A":
                let (x, y, across, up, from, to) = (number(), number(), number(), number(), number(), number())
                let parts = max(2, Int(abs(to - from) / 12))
                for part in 0...parts {
                    let angle = (from + (to - from) * Double(part) / Double(parts)) * .pi / 180
                    current.append(Drawing.Point(x: x + across * cos(angle), y: y + up * sin(angle)))
                }
            default: break
            }
        }
        return current.isEmpty ? strokes : strokes + [current]
    }
}
