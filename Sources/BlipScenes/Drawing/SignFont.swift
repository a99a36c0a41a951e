/// Capital letters and digits as strokes, plain enough to be read at eight pixels.
///
/// Own work. Each glyph is drawn on a grid 4 wide and 6 high; two digits are a point, blanks join points, bars part strokes.
enum SignFont {
    /// What can be written.
    static let characters = Set(strokes.keys)

    /// A glyph from -1 to 1 in height and from -0.67 to 0.67 in width; nil for a character the font has not.
    static func glyph(_ character: Character) -> Figure.Layer? {
        guard let lines = glyphs[character] else { return nil }
        return Figure.Layer(.own, lines)
    }

    private static let glyphs: [Character: [Figure.Form]] = strokes.mapValues { text in
        text.split(separator: "|").flatMap { stroke -> [Figure.Form] in
            let points = stroke.split(separator: " ").map { point -> SIMD2<Float> in
                let digits = point.utf8.map { Float($0) - 48 }
                return SIMD2((digits[0] - 2) / 3, (digits[1] - 3) / 3)
            }
            return zip(points, points.dropFirst()).map { .line(from: $0, to: $1, halfWidth: 0.18) }
        }
    }

    private static let strokes: [Character: String] = [
        "A": "06 20 46|14 34", "B": "00 06 36 45 44 33 03|33 42 41 30 00", "C": "41 30 10 01 05 16 36 45",
        "D": "00 06 26 44 42 20 00", "E": "40 00 06 46|03 33", "F": "40 00 06|03 33", "G": "41 30 10 01 05 16 36 45 43 23",
        "H": "00 06|40 46|03 43", "I": "20 26|10 30|16 36", "J": "40 45 36 16 05", "K": "00 06|40 03 46", "L": "00 06 46",
        "M": "06 00 23 40 46", "N": "06 00 46 40", "O": "10 30 41 45 36 16 05 01 10", "P": "06 00 30 41 42 33 03",
        "Q": "10 30 41 45 36 16 05 01 10|24 46", "R": "06 00 30 41 42 33 03|23 46", "S": "41 30 10 01 02 13 33 44 45 36 16 05",
        "T": "00 40|20 26", "U": "00 05 16 36 45 40", "V": "00 26 40", "W": "00 16 23 36 40", "X": "00 46|40 06",
        "Y": "00 23 40|23 26", "Z": "00 40 06 46",
        "0": "10 30 41 45 36 16 05 01 10|31 15", "1": "11 20 26|16 36", "2": "01 10 30 41 42 06 46",
        "3": "01 10 30 41 42 33 23|33 44 45 36 16 05",
        "4": "36 30 04 44", "5": "40 00 02 32 43 45 36 06", "6": "40 20 02 05 16 36 45 44 33 13 04", "7": "00 40 16",
        "8": "10 30 41 42 33 13 02 01 10|13 04 05 16 36 45 44 33", "9": "16 26 44 41 30 10 01 02 13 33 42",
    ]
}
