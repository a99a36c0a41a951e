/// A picture before it is drawn, and everything that can be said of it.
public struct Scene: Sendable, Equatable {
    public var drawing: Drawing
    public var background: Background
    public var light: Light
    public var sharpness: Sharpness
    /// The largest random deviation of a value of the picture, from 0 to 255.
    public var grain: Double
    public var hasShadows: Bool
    /// From the farthest to the nearest: what comes later hides what came before.
    public var objects: [SceneObject]
    /// Where there is one there are no objects.
    public var chart: SceneChart?
    /// What grains and wobbling lines depend on.
    public var seed: UInt32

    public init(
        drawing: Drawing = .painted, background: Background = .plain(.cream), light: Light = .even, sharpness: Sharpness = .sharp,
        grain: Double = 0, hasShadows: Bool = false, objects: [SceneObject] = [], chart: SceneChart? = nil, seed: UInt32 = 0
    ) {
        self.drawing = drawing
        self.background = background
        self.light = light
        self.sharpness = sharpness
        self.grain = grain
        self.hasShadows = hasShadows
        self.objects = objects
        self.chart = chart
        self.seed = seed
    }

    /// Everything written in it, in reading order: line by line from the top, each from the left.
    public var texts: [String] {
        let written = objects.filter { $0.text != nil }.sorted { one, other in
            (one.place.row, one.x, one.y) < (other.place.row, other.x, other.y)
        }
        return written.compactMap(\.text)
    }
}

/// One thing in a scene.
public struct SceneObject: Sendable, Equatable {
    public var kind: ObjectKind
    public var color: ObjectColor
    public var size: ObjectSize
    public var texture: ObjectTexture
    /// The middle, as shares of the picture's sides from the upper left.
    public var x: Double
    public var y: Double
    /// In degrees, clockwise.
    public var turn: Double
    /// What multiplies the size's radius: 1 but in clips.
    public var growth: Double
    /// Capitals and digits: a word on a sign, one character on anything else.
    public var text: String?

    public init(
        _ kind: ObjectKind, _ color: ObjectColor, _ size: ObjectSize = .medium, _ texture: ObjectTexture = .plain, x: Double, y: Double,
        turn: Double = 0, growth: Double = 1, text: String? = nil
    ) {
        self.kind = kind
        self.color = color
        self.size = size
        self.texture = texture
        self.x = x
        self.y = y
        self.turn = turn
        self.growth = growth
        self.text = text
    }

    /// Whether the texture can be told from others on this kind, and the colour from the texture's other one: what is striped in black and white is
    /// neither.
    var isUnambiguous: Bool {
        switch texture {
        case .plain: true
        case .outlined: kind.hasOutline
        case .dotted: kind.hasSurface
        case .striped, .checkered: kind.hasSurface && ![.black, .white, .grey].contains(color)
        }
    }

    public var place: Place { Place(x: x, y: y) }

    /// What it looks like as it has grown or shrunk so far.
    var apparentSize: ObjectSize {
        let radius = size.radius * growth
        return ObjectSize.allCases.min { abs($0.radius - radius) < abs($1.radius - radius) } ?? size
    }

    /// Which way an arrow points; nil for everything else.
    public var direction: Direction? {
        guard kind == .arrow else { return nil }
        return Direction.allCases.first { abs($0.degrees - turn) < 1 }
    }

    /// Half its width and height, as shares of the picture's sides.
    public var extent: (x: Double, y: Double) {
        if kind == .sign { return (SceneObject.signUnit * signHalfWidth * growth, SceneObject.signUnit * growth) }
        return (size.radius * growth, size.radius * growth)
    }

    /// Half a sign's height.
    static let signUnit = 0.11

    /// Half of what each letter takes on a sign, in units of half a sign's height.
    static let letterUnit = 0.62

    /// Half a sign's width, in units of half its height.
    var signHalfWidth: Double { Double(text?.count ?? 1) * Self.letterUnit + 0.28 }

    /// How far apart the middles must be before one object counts as left of or above another one.
    public static let clearDistance = 0.14

    /// Everything that is clearly so, seen from `other`.
    public func relations(to other: SceneObject) -> Set<Relation> {
        var relations: Set<Relation> = []
        if other.x - x > Self.clearDistance { relations.insert(.left) }
        if x - other.x > Self.clearDistance { relations.insert(.right) }
        if other.y - y > Self.clearDistance { relations.insert(.above) }
        if y - other.y > Self.clearDistance { relations.insert(.below) }
        return relations
    }

    /// Whether one hides a part of the other one that can be seen to be hidden.
    public func overlaps(_ other: SceneObject) -> Bool { depth(in: other) > 0.2 }

    /// How far one reaches into the other, as a share of the smaller one's half size; not positive where they do not touch.
    func depth(in other: SceneObject) -> Double {
        let across = extent.x + other.extent.x - abs(x - other.x)
        let down = extent.y + other.extent.y - abs(y - other.y)
        let unit = min(min(extent.x, extent.y), min(other.extent.x, other.extent.y))
        // Round things do not fill their corners.
        let round = kind == .sign || other.kind == .sign ? Double.infinity : extent.x + other.extent.x - distance(to: other)
        return min(min(across, down), round) / unit
    }

    func distance(to other: SceneObject) -> Double {
        let (dx, dy) = (x - other.x, y - other.y)
        return (dx * dx + dy * dy).squareRoot()
    }
}

extension Scene {
    /// Everything that is clearly so between two objects: sides where they lie apart, front and behind where one hides a part of the other.
    public func relations(of one: Int, to other: Int) -> Set<Relation> {
        var relations = objects[one].relations(to: objects[other])
        if objects[one].overlaps(objects[other]) { relations.insert(one > other ? .inFront : .behind) }
        return relations
    }
}
