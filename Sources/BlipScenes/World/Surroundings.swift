/// What is behind the objects.
public enum Background: Sendable, Equatable {
    /// One tint.
    case plain(Paper)
    /// From one tint to another.
    case gradient(Paper, Paper, isVertical: Bool)
    /// A tint with grains.
    case speckled(Paper)
    case room, meadow, beach, street
    /// What sketches are drawn on.
    case paper
    /// What chalk is drawn on.
    case board

    /// Pale tints, so that every colour of an object can be told from at least most of them.
    public enum Paper: String, Sendable, CaseIterable, Codable {
        case cream, mint, sky, lilac, rose, silver, slate

        var tint: Tint {
            switch self {
            case .cream: Tint(240, 228, 200)
            case .mint: Tint(196, 226, 204)
            case .sky: Tint(190, 216, 236)
            case .lilac: Tint(212, 202, 230)
            case .rose: Tint(236, 206, 206)
            case .silver: Tint(196, 198, 204)
            case .slate: Tint(84, 92, 106)
            }
        }
    }

    /// As an answer to "where": one word.
    public var name: String {
        switch self {
        case .plain, .gradient, .speckled: "wall"
        case .room: "room"
        case .meadow: "meadow"
        case .beach: "beach"
        case .street: "street"
        case .paper: "paper"
        case .board: "board"
        }
    }

    /// Whether it is a place somebody could be in.
    public var isPlace: Bool {
        switch self {
        case .room, .meadow, .beach, .street: true
        default: false
        }
    }

    /// As it follows what is in the picture: "on a plain background".
    public var phrase: String {
        switch self {
        case .plain(let paper): "on a plain \(paper.rawValue) background"
        case .gradient(let one, let other, _): "on a background that fades from \(one.rawValue) to \(other.rawValue)"
        case .speckled(let paper): "on a grainy \(paper.rawValue) background"
        case .room: "in a room"
        case .meadow: "on a meadow under the sky"
        case .beach: "at the beach"
        case .street: "on a street"
        case .paper: "on a sheet of paper"
        case .board: "on a blackboard"
        }
    }

    /// What can lie behind an object, for choosing colours that show.
    var tints: [Tint] {
        switch self {
        case .plain(let paper), .speckled(let paper): [paper.tint]
        case .gradient(let one, let other, _): [one.tint, other.tint, one.tint.mixed(with: other.tint, 0.5)]
        case .room: [RoomTints.wall, RoomTints.floor]
        case .meadow: [MeadowTints.sky, MeadowTints.horizon, MeadowTints.grass]
        case .beach: [BeachTints.sky, BeachTints.sea, BeachTints.sand]
        case .street: [StreetTints.houses, StreetTints.asphalt]
        case .paper: [SheetTints.paper]
        case .board: [SheetTints.board]
        }
    }
}

enum RoomTints {
    static let wall = Tint(226, 214, 196)
    static let floor = Tint(176, 146, 112)
    static let border = Tint(246, 242, 234)
}

enum MeadowTints {
    static let sky = Tint(160, 202, 240)
    static let horizon = Tint(216, 232, 244)
    static let grass = Tint(132, 186, 100)
}

enum BeachTints {
    static let sky = Tint(188, 222, 244)
    static let sea = Tint(96, 160, 208)
    static let sand = Tint(236, 214, 160)
}

enum StreetTints {
    static let houses = Tint(214, 208, 204)
    static let asphalt = Tint(94, 96, 100)
    static let line = Tint(236, 232, 214)
}

enum SheetTints {
    static let paper = Tint(244, 241, 232)
    static let lines = Tint(206, 216, 228)
    static let board = Tint(42, 62, 54)
}

/// The light that everything is in.
public enum Light: String, Sendable, CaseIterable, Codable {
    case even, warm, cool, dim
    /// From the left or the right, so that the other side is darker.
    case left, right

    var factors: Tint {
        switch self {
        case .even, .left, .right: Tint(1, 1, 1)
        case .warm: Tint(1.02, 0.97, 0.88)
        case .cool: Tint(0.91, 0.96, 1.02)
        case .dim: Tint(0.84, 0.84, 0.86)
        }
    }
}

/// How sharp a picture is.
public enum Sharpness: String, Sendable, CaseIterable, Codable {
    case sharp, soft
    /// Colours of large things can still be told, and nothing written can be read.
    case blurred

    /// The radius of the blur, as a share of the picture's side.
    var radius: Double {
        switch self {
        case .sharp: 0
        case .soft: 0.006
        case .blurred: 0.06
        }
    }
}

/// How a scene is drawn.
public enum Drawing: String, Sendable, CaseIterable, Codable {
    case painted
    /// Pencil: outlines that are not quite straight, and hatching.
    case sketch
    /// The same with chalk.
    case chalk
}
