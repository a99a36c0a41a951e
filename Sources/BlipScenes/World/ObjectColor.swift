/// The colours that objects are named by.
public enum ObjectColor: String, Sendable, CaseIterable, Codable {
    case red, orange, yellow, green, turquoise, blue, purple, pink, brown, black, white, grey

    public var name: String { rawValue }

    /// Other words for it that are as right.
    public var synonyms: [String] {
        switch self {
        case .grey: ["gray"]
        case .purple: ["violet"]
        case .turquoise: ["teal"]
        default: []
        }
    }

    /// Before any light falls on it: red, green and blue from 0 to 255.
    public var rgb: (red: UInt8, green: UInt8, blue: UInt8) {
        switch self {
        case .red: (218, 36, 40)
        case .orange: (250, 136, 14)
        case .yellow: (252, 222, 40)
        case .green: (34, 150, 52)
        case .turquoise: (52, 200, 190)
        case .blue: (40, 84, 220)
        case .purple: (132, 44, 178)
        case .pink: (255, 138, 192)
        case .brown: (120, 70, 34)
        case .black: (22, 22, 26)
        case .white: (248, 248, 248)
        case .grey: (130, 130, 132)
        }
    }

    var tint: Tint { Tint(Float(rgb.red), Float(rgb.green), Float(rgb.blue)) }

    /// Whether dark marks show better on it than white ones.
    var isLight: Bool { [.yellow, .white, .pink, .turquoise, .orange].contains(self) }

    /// The named colour nearest to three values from 0 to 255.
    public static func nearest(red: Double, green: Double, blue: Double) -> ObjectColor {
        var best = (color: ObjectColor.red, distance: Double.infinity)
        for color in allCases {
            let rgb = color.rgb
            let (dr, dg, db) = (red - Double(rgb.red), green - Double(rgb.green), blue - Double(rgb.blue))
            let distance = dr * dr + dg * dg + db * db
            if distance < best.distance { best = (color, distance) }
        }
        return best.color
    }
}

/// Red, green and blue, each from 0 to 255; between two steps of the renderer they may leave that range.
struct Tint: Sendable, Equatable {
    var red, green, blue: Float

    init(_ red: Float, _ green: Float, _ blue: Float) { (self.red, self.green, self.blue) = (red, green, blue) }

    func mixed(with other: Tint, _ share: Float) -> Tint {
        Tint(red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }

    func scaled(_ factor: Float) -> Tint { Tint(red * factor, green * factor, blue * factor) }

    static func * (one: Tint, other: Tint) -> Tint { Tint(one.red * other.red, one.green * other.green, one.blue * other.blue) }

    func distance(to other: Tint) -> Float {
        let (dr, dg, db) = (red - other.red, green - other.green, blue - other.blue)
        return (dr * dr + dg * dg + db * db).squareRoot()
    }
}
