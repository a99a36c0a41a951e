/// What an object is.
public enum ObjectKind: String, Sendable, CaseIterable, Codable {
    case circle, square, triangle, diamond, pentagon, hexagon, star, heart, ring, cross, crescent
    case arrow, drop, bolt
    case house, tree, car, fish, cup, flower, mushroom, boat, umbrella, balloon
    /// A board with something written on it.
    case sign

    /// What scenes are filled with: a sign is there to be read, and is asked for apart.
    public static let ordinary = allCases.filter { $0 != .sign }

    public var name: String { rawValue }

    public var plural: String {
        switch self {
        case .fish: "fish"
        case .cross: "crosses"
        default: rawValue + "s"
        }
    }

    /// Other words for it that are as right.
    public var synonyms: [String] {
        switch self {
        case .crescent: ["moon"]
        case .bolt: ["lightning bolt"]
        case .cup: ["mug"]
        case .drop: ["raindrop"]
        case .ring: ["donut"]
        case .cross: ["plus sign"]
        default: []
        }
    }

    /// The straight sides of a geometric shape; nil for what is none.
    public var sides: Int? {
        switch self {
        case .triangle: 3
        case .square, .diamond: 4
        case .pentagon: 5
        case .hexagon: 6
        case .star: 10
        case .cross: 12
        case .circle, .ring, .heart, .crescent: 0
        default: nil
        }
    }

    /// What sort of thing it is, in one word.
    public var family: String {
        switch self {
        case .circle, .square, .triangle, .diamond, .pentagon, .hexagon, .star, .heart, .ring, .cross, .crescent: "shape"
        case .arrow, .drop, .bolt: "symbol"
        case .house: "building"
        case .tree, .flower, .mushroom: "plant"
        case .car, .boat: "vehicle"
        case .fish: "animal"
        case .cup, .umbrella, .balloon, .sign: "thing"
        }
    }

    /// How far it may be turned either way without becoming something else, in degrees.
    var freeTurn: Double {
        switch self {
        case .circle, .ring, .diamond, .arrow, .sign, .hexagon: 0
        case .square, .triangle, .pentagon, .star, .cross: 12
        default: 8
        }
    }

    /// Whether it has one large surface, so that stripes and dots show.
    var hasSurface: Bool { self != .house && self != .boat && self != .bolt && self != .sign }

    /// Whether its outline is one line, so that it can be drawn as an outline alone.
    var hasOutline: Bool {
        switch self {
        case .circle, .square, .triangle, .diamond, .pentagon, .hexagon, .star, .arrow, .cup, .mushroom, .umbrella, .balloon: true
        default: false
        }
    }

    /// Whether a letter or a digit can stand in its middle.
    var carriesText: Bool {
        switch self {
        case .circle, .square, .hexagon, .pentagon, .heart, .sign: true
        default: false
        }
    }
}
