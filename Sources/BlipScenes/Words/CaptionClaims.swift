/// What a caption says, before anybody has looked at a picture.
struct CaptionClaims: Sendable, Equatable {
    /// What a thing is called.
    enum Noun: Sendable, Equatable {
        case kind(ObjectKind)
        /// "shape", "animal".
        case family(String)
        /// "thing", "object".
        case anything

        func fits(_ object: SceneObject) -> Bool {
            switch self {
            case .kind(let kind): object.kind == kind
            case .family(let family): object.kind.family == family
            case .anything: true
            }
        }
    }

    enum Attribute: Sendable, Equatable {
        case color(ObjectColor)
        case size(ObjectSize)
        case texture(ObjectTexture)
        case direction(Direction)
        /// What is written, in capitals.
        case text(String)
        case place(Place)

        func fits(_ object: SceneObject) -> Bool {
            switch self {
            case .color(let color): object.color == color
            case .size(let size): object.size == size
            case .texture(let texture): object.texture == texture
            case .direction(let direction): object.direction == direction
            case .text(let text): object.text.map { $0.uppercased() == text } ?? false
            case .place(let place): object.place == place
            }
        }

        var isPlace: Bool { if case .place = self { true } else { false } }
    }

    enum Count: Sendable, Equatable {
        /// "a star", "the star".
        case one
        case exactly(Int)
        /// "stars".
        case several
    }

    /// A thing, or several that are spoken of together.
    struct Mention: Sendable, Equatable {
        var noun: Noun
        var count: Count
        /// "the star": one that may have been spoken of before.
        var isDefinite: Bool
        /// What is said of it, with the words it is said in.
        var attributes: [Said<Attribute>] = []
        var words: String

        /// Whether it speaks of something that no other mention of this sort speaks of.
        var isNew: Bool { if case .kind = noun { !isDefinite } else { false } }
    }

    struct Said<Content: Sendable & Equatable>: Sendable, Equatable {
        var content: Content
        var words: String

        init(_ content: Content, _ words: String) { (self.content, self.words) = (content, words) }
    }

    /// Where one mention is as another one sees it.
    struct Side: Sendable, Equatable {
        var relation: Relation
        var one, other: Int
    }

    /// What is said of the scene as a whole.
    enum Statement: Sendable, Equatable {
        /// How many objects there are.
        case total(Int)
        /// How many there are besides those mentioned before.
        case others(Int, mentioned: Int)
        case background(BackgroundForm)
        /// The first tint of the background, or the second one that it fades to.
        case tint(Background.Paper, place: Int)
        case drawing(Drawing)
        case light(Light)
        case shadows, blurred
        case chart(SceneChart.Form)
        case chartParts(Int, SceneChart.Form)
        case part(String, SceneChart.Form)
        case partColor(String, ObjectColor)
        case partValue(String, Int)
        /// What the values of all parts add up to.
        case partTotal(Int)
    }

    var mentions: [Mention] = []
    var sides: [Said<Side>] = []
    var statements: [Said<Statement>] = []
    /// Stretches of words that mean nothing here.
    var unparsed: [String] = []

    /// Things mentioned that no other mention means.
    var newCount: Int {
        mentions.filter(\.isNew).reduce(0) { sum, mention in
            switch mention.count {
            case .one: sum + 1
            case .exactly(let count): sum + count
            case .several: sum + 2
            }
        }
    }
}

/// What sort of background there is, without its tints.
enum BackgroundForm: String, Sendable, CaseIterable {
    case plain, fading, grainy, room, meadow, beach, street, paper, board

    init(_ background: Background) {
        switch background {
        case .plain: self = .plain
        case .gradient: self = .fading
        case .speckled: self = .grainy
        case .room: self = .room
        case .meadow: self = .meadow
        case .beach: self = .beach
        case .street: self = .street
        case .paper: self = .paper
        case .board: self = .board
        }
    }
}
