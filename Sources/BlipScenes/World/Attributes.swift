/// How large an object is. The next size is 1.4 times as large.
public enum ObjectSize: String, Sendable, CaseIterable, Codable, Comparable {
    case small, medium, large

    /// Half the object's width, as a share of the picture's.
    public var radius: Double {
        switch self {
        case .small: 0.086
        case .medium: 0.121
        case .large: 0.168
        }
    }

    public static func < (one: Self, other: Self) -> Bool { one.radius < other.radius }
}

/// What an object's surface is like.
public enum ObjectTexture: String, Sendable, CaseIterable, Codable {
    case plain, striped, dotted, checkered, outlined

    /// Other words for it that are as right.
    public var synonyms: [String] {
        switch self {
        case .dotted: ["spotted"]
        case .checkered: ["checked"]
        case .plain: ["solid"]
        default: []
        }
    }
}

/// Where something is, by thirds of the picture.
public enum Place: String, Sendable, CaseIterable, Codable {
    case topLeft = "top left"
    case top
    case topRight = "top right"
    case left
    case center
    case right
    case bottomLeft = "bottom left"
    case bottom
    case bottomRight = "bottom right"

    init(x: Double, y: Double) {
        let (column, row) = (x < 1 / 3.0 ? 0 : x < 2 / 3.0 ? 1 : 2, y < 1 / 3.0 ? 0 : y < 2 / 3.0 ? 1 : 2)
        self = Place.allCases[row * 3 + column]
    }

    /// "in the top left", "at the top", "on the left", "in the center".
    public var phrase: String {
        switch self {
        case .topLeft, .topRight, .bottomLeft, .bottomRight: "in the \(rawValue)"
        case .top, .bottom: "at the \(rawValue)"
        case .left, .right: "on the \(rawValue)"
        case .center: "in the center"
        }
    }

    /// Other words for it that are as right.
    public var synonyms: [String] {
        switch self {
        case .center: ["middle"]
        case .topLeft: ["upper left"]
        case .topRight: ["upper right"]
        case .bottomLeft: ["lower left"]
        case .bottomRight: ["lower right"]
        default: []
        }
    }

    var column: Int { (Place.allCases.firstIndex(of: self) ?? 0) % 3 }
    var row: Int { (Place.allCases.firstIndex(of: self) ?? 0) / 3 }
}

/// Where one object is as another one sees it.
public enum Relation: String, Sendable, CaseIterable, Codable {
    case left = "left of"
    case right = "right of"
    case above
    case below
    case inFront = "in front of"
    case behind

    public var opposite: Relation {
        switch self {
        case .left: .right
        case .right: .left
        case .above: .below
        case .below: .above
        case .inFront: .behind
        case .behind: .inFront
        }
    }

    /// As a sentence has it behind "is".
    public var phrase: String {
        switch self {
        case .left: "to the left of"
        case .right: "to the right of"
        default: rawValue
        }
    }
}

/// Which way something points or goes.
public enum Direction: String, Sendable, CaseIterable, Codable {
    case right, down, left, up

    /// From pointing right, clockwise.
    var degrees: Double { Double(Direction.allCases.firstIndex(of: self) ?? 0) * 90 }

    var step: (x: Double, y: Double) {
        switch self {
        case .right: (1, 0)
        case .down: (0, 1)
        case .left: (-1, 0)
        case .up: (0, -1)
        }
    }
}
