/// Whether what a caption or a description says of a scene is so, fact by fact.
///
/// ```swift
/// let check = SceneFactCheck("a red star above a blue house", of: scene)
/// print(check.score, check.wrong)
/// ```
///
/// Facts are what things are called, their colour, size, texture, direction, writing and place, where two of them lie to each other, how many there are,
/// what is behind them, how all is drawn and lit, and the parts of charts. What is said of a thing that is not there is wrong, whatever it is. Each new
/// thing ("a star") is another object; "the star" may be one that was mentioned before. Words that mean nothing in this world are wrong too, a stretch of
/// them as much as one fact.
public struct SceneFactCheck: Sendable, Equatable {
    public struct Fact: Sendable, Equatable {
        public enum Kind: String, Sendable, CaseIterable {
            case kind, color, size, texture, direction, text, place, relation, count, surroundings, drawing, light, sharpness, chart
            /// Words without a meaning.
            case unknown
        }

        public let kind: Kind
        /// As the caption says it.
        public let words: String
        public let isRight: Bool
    }

    /// At least one.
    public let facts: [Fact]
    /// Objects of the scene that the caption mentions; a chart counts as one.
    public let mentioned: Int
    public let objectCount: Int

    public init(_ caption: String, of scene: Scene) {
        let claims = CaptionParser.claims(of: caption)
        let bound = MentionBinding(claims, scene).objects
        var facts = claims.mentions.indices.flatMap { Self.facts(claims, $0, bound, scene) }
        facts += claims.sides.map { Self.fact($0, bound, scene) }
        facts += claims.statements.map { Self.fact($0, scene) }
        facts += claims.unparsed.map { Fact(kind: .unknown, words: $0, isRight: false) }
        // A caption that says nothing is no good caption.
        if facts.isEmpty { facts = [Fact(kind: .unknown, words: caption, isRight: false)] }
        self.facts = facts
        if let chart = scene.chart {
            objectCount = 1
            mentioned = claims.statements.contains { $0.content == .chart(chart.form) } ? 1 : 0
        } else {
            objectCount = scene.objects.count
            let named = zip(claims.mentions, bound).filter { $0.0.noun != .anything }
            mentioned = Set(named.flatMap(\.1)).count
        }
    }

    public var right: [Fact] { facts.filter(\.isRight) }
    public var wrong: [Fact] { facts.filter { !$0.isRight } }
    /// Stretches of words that have no meaning here.
    public var unparsed: [String] { facts.filter { $0.kind == .unknown }.map(\.words) }

    /// The share of facts that are right.
    public var score: Double { Double(right.count) / Double(facts.count) }
    /// The share of objects that are mentioned.
    public var recall: Double { objectCount == 0 ? 1 : Double(mentioned) / Double(objectCount) }

    // MARK: Things

    private static func facts(_ claims: CaptionClaims, _ place: Int, _ bound: [[Int]], _ scene: Scene) -> [Fact] {
        let mention = claims.mentions[place]
        let objects = bound[place].map { scene.objects[$0] }
        func said(_ attribute: CaptionClaims.Attribute) -> Bool { !objects.isEmpty && objects.allSatisfy(attribute.fits) }
        var facts: [Fact] = []
        // "No stars" names nothing.
        if mention.count != .exactly(0) {
            facts.append(Fact(kind: .kind, words: mention.words, isRight: !objects.isEmpty))
            facts += mention.attributes.map { Fact(kind: $0.content.factKind, words: $0.words, isRight: said($0.content)) }
        }
        guard mention.count != .one else { return facts }
        // Of those that no other mention means: beside "a striped star", "two stars" are two others.
        let others = mention.isNew ? Set(bound.indices.filter { $0 != place && claims.mentions[$0].isNew }.flatMap { bound[$0] }) : []
        let free = scene.objects.indices.filter { !others.contains($0) && mention.noun.fits(scene.objects[$0]) }.map { scene.objects[$0] }
        let attributes = mention.attributes.map(\.content).filter { !$0.isPlace }
        // Where they are said to be blue and are red, their number may still be right.
        let counted =
            attributes.allSatisfy(said) || mention.count == .exactly(0)
            ? free.filter { object in attributes.allSatisfy { $0.fits(object) } } : free
        let isRight = mention.count == .several ? counted.count >= 2 : mention.count == .exactly(counted.count)
        return facts + [Fact(kind: .count, words: mention.words, isRight: isRight)]
    }

    private static func fact(_ said: CaptionClaims.Said<CaptionClaims.Side>, _ bound: [[Int]], _ scene: Scene) -> Fact {
        let (ones, others) = (bound[said.content.one], bound[said.content.other])
        let isRight =
            !ones.isEmpty && !others.isEmpty
            && ones.allSatisfy { one in others.allSatisfy { one != $0 && scene.relations(of: one, to: $0).contains(said.content.relation) }
            }
        return Fact(kind: .relation, words: said.words, isRight: isRight)
    }

    // MARK: The scene as a whole

    private static func fact(_ said: CaptionClaims.Said<CaptionClaims.Statement>, _ scene: Scene) -> Fact {
        let (kind, isRight): (Fact.Kind, Bool) =
            switch said.content {
            case .total(let count): (.count, scene.chart == nil && scene.objects.count == count)
            case .others(let count, let mentioned): (.count, scene.chart == nil && scene.objects.count - mentioned == count)
            case .background(let form): (.surroundings, BackgroundForm(scene.background) == form)
            case .tint(let paper, let place):
                (.surroundings, place < scene.background.papers.count && scene.background.papers[place] == paper)
            case .drawing(let drawing): (.drawing, scene.drawing == drawing)
            case .light(let light): (.light, scene.light == light)
            case .shadows: (.light, scene.hasShadows && scene.chart == nil)
            case .blurred: (.sharpness, scene.sharpness == .blurred)
            case .chart(let form): (.chart, scene.chart?.form == form)
            case .chartParts(let count, let form): (.count, scene.chart?.form == form && scene.chart?.parts.count == count)
            case .part(let label, let form): (.chart, scene.chart?.form == form && scene.chart?.part(label) != nil)
            case .partColor(let label, let color): (.color, scene.chart?.part(label)?.color == color)
            case .partValue(let label, let value): (.chart, scene.chart?.part(label)?.value == value)
            case .partTotal(let total): (.chart, scene.chart?.parts.reduce(0) { $0 + $1.value } == total)
            }
        return Fact(kind: kind, words: said.words, isRight: isRight)
    }
}

extension CaptionClaims.Attribute {
    fileprivate var factKind: SceneFactCheck.Fact.Kind {
        switch self {
        case .color: .color
        case .size: .size
        case .texture: .texture
        case .direction: .direction
        case .text: .text
        case .place: .place
        }
    }
}

extension Background {
    /// The tints that it is named by.
    fileprivate var papers: [Paper] {
        switch self {
        case .plain(let paper), .speckled(let paper): [paper]
        case .gradient(let one, let other, _): [one, other]
        default: []
        }
    }
}

extension SceneChart {
    fileprivate func part(_ label: String) -> Part? { parts.first { $0.label == label } }
}
