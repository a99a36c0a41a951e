/// The words of captions, with every synonym that the world knows.
enum CaptionLexicon {
    static let colors: [String: ObjectColor] = table(ObjectColor.allCases) { [$0.name] + $0.synonyms }

    static let textures: [String: ObjectTexture] = table(ObjectTexture.allCases) { [$0.rawValue] + $0.synonyms }

    static let sizes: [String: ObjectSize] = [
        "small": .small, "little": .small, "medium": .medium, "medium-sized": .medium, "large": .large, "big": .large,
    ]

    static let directions: [String: Direction] = table(Direction.allCases) { [$0.rawValue] }

    /// Of one word or two.
    static let places: [String: Place] = table(Place.allCases) { [$0.rawValue] + $0.synonyms }

    static let papers: [String: Background.Paper] = table(Background.Paper.allCases) { [$0.rawValue] }

    static let grounds: [String: BackgroundForm] = [
        "room": .room, "meadow": .meadow, "beach": .beach, "street": .street, "blackboard": .board,
    ]

    private static let digits = (0...20).map { ("\($0)", $0) }
    static let numbers: [String: Int] = Dictionary(
        digits + (0...10).map { (Phrases.number($0), $0) } + [("zero", 0)], uniquingKeysWith: { first, _ in first })

    struct Name: Sendable {
        let noun: CaptionClaims.Noun
        let isPlural: Bool
    }

    /// Of one word or two: "star", "stars", "lightning bolt".
    static let nouns: [String: Name] = {
        var names: [String: Name] = [:]
        func add(_ words: [String], _ noun: CaptionClaims.Noun, isPlural: Bool = false) {
            // "fish" is one or several.
            for word in words where names[word] == nil { names[word] = Name(noun: noun, isPlural: isPlural) }
        }
        for kind in ObjectKind.allCases {
            add([kind.name] + kind.synonyms, .kind(kind))
            add([kind.plural] + kind.synonyms.map { $0 + "s" }, .kind(kind), isPlural: true)
        }
        for family in Set(ObjectKind.allCases.map(\.family)) where family != "thing" {
            add([family], .family(family))
            add([family + "s"], .family(family), isPlural: true)
        }
        add(["thing", "object"], .anything)
        add(["things", "objects"], .anything, isPlural: true)
        return names
    }()

    static let relations: [(words: [String], relation: Relation)] = [
        (["to", "the", "left", "of"], .left), (["on", "the", "left", "of"], .left), (["left", "of"], .left),
        (["to", "the", "right", "of"], .right), (["on", "the", "right", "of"], .right), (["right", "of"], .right),
        (["in", "front", "of"], .inFront), (["above"], .above), (["below"], .below), (["behind"], .behind),
    ]

    /// What a caption may begin with.
    static let openings: [(words: [String], drawing: Drawing?)] = {
        var openings: [(words: [String], drawing: Drawing?)] = [
            (["there", "is"], nil), (["there", "are"], nil), (["we", "see"], nil), (["you", "see"], nil), (["it", "shows"], nil),
        ]
        let verbs = [["of"], ["with"], ["shows"], ["showing"], ["has"]]
        for article in ["a", "the", "this"] {
            for verb in verbs {
                for noun in ["picture", "image", "scene", "photo"] { openings.append(([article, noun] + verb, nil)) }
                openings.append(([article, "pencil", "sketch"] + verb, .sketch))
                openings.append(([article, "chalk", "drawing"] + verb, .chalk))
            }
        }
        return openings
    }()

    /// Whole sentences.
    static let sentences: [(words: [String], statement: CaptionClaims.Statement)] = {
        var sentences: [(words: [String], statement: CaptionClaims.Statement)] = [
            (["everything", "throws", "a", "soft", "shadow"], .shadows), (["the", "whole", "picture", "is", "blurred"], .blurred),
            (["the", "picture", "is", "blurred"], .blurred),
        ]
        for light in Light.allCases {
            switch light {
            case .left, .right: sentences.append((["the", "light", "comes", "from", "the", light.rawValue], .light(light)))
            case .even, .warm, .cool, .dim: sentences.append((["the", "light", "is", light.rawValue], .light(light)))
            }
        }
        return sentences
    }()

    private static func table<Element>(_ elements: [Element], _ words: (Element) -> [String]) -> [String: Element] {
        Dictionary(elements.flatMap { element in words(element).map { ($0, element) } }, uniquingKeysWith: { first, _ in first })
    }
}
