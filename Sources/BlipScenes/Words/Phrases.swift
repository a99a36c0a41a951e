/// Small pieces of English.
enum Phrases {
    private static let numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

    static func number(_ number: Int) -> String { numbers.indices.contains(number) ? numbers[number] : String(number) }

    /// "a star", "an orange star".
    static func withArticle(_ noun: String) -> String {
        "aeiou".contains(noun.first ?? "x") ? "an \(noun)" : "a \(noun)"
    }

    /// "a, b and c".
    static func list(_ parts: [String], _ word: String = "and") -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return "\(parts.dropLast().joined(separator: ", ")) \(word) \(last)"
    }

    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// A sentence: with a capital and a period.
    static func sentence(_ text: String) -> String { capitalized(text) + (text.hasSuffix(".") ? "" : ".") }
}

/// What is said of an object besides what it is.
enum Mention: Sendable, CaseIterable {
    case size, color, texture, direction, text
}

extension SceneObject {
    /// "large red striped star"; what is not remarkable is left out: a plain surface, nothing written.
    func noun(_ mentions: Set<Mention>, plural: Bool = false) -> String {
        var words: [String] = []
        if mentions.contains(.size) { words.append(kind == .sign ? "" : size == .medium ? "medium-sized" : size.rawValue) }
        if mentions.contains(.color) { words.append(color.name) }
        if mentions.contains(.texture), texture != .plain { words.append(texture.rawValue) }
        words.append(plural ? kind.plural : kind.name)
        var noun = words.filter { !$0.isEmpty }.joined(separator: " ")
        if mentions.contains(.direction), let direction { noun += " pointing \(direction.rawValue)" }
        if mentions.contains(.text), let text { noun += kind == .sign ? " that says \(text)" : " with \(SceneObject.called(text)) on it" }
        return noun
    }

    /// "a large red star".
    func phrase(_ mentions: Set<Mention>) -> String { Phrases.withArticle(noun(mentions)) }

    /// "the letter A", "the number 7", "the word STOP".
    static func called(_ text: String) -> String {
        if text.allSatisfy(\.isNumber) { return "the number \(text)" }
        return text.count == 1 ? "the letter \(text)" : "the word \(text)"
    }
}

extension Scene {
    /// Words that mean this object and no other one: "the star", "the red star", "the small star"; nil where there are none.
    ///
    /// - Parameter avoiding: what must not be said, as it is what is asked for.
    func reference(to number: Int, avoiding: Set<Mention> = []) -> String? {
        let tries: [Set<Mention>] = [[], [.color], [.size], [.texture], [.direction], [.color, .size], [.color, .texture]]
        let object = objects[number]
        for mentions in tries where mentions.isDisjoint(with: avoiding) {
            // A medium size and a plain surface are nothing to be known by.
            if mentions.contains(.size), object.size == .medium || object.kind == .sign { continue }
            if mentions.contains(.texture), object.texture == .plain { continue }
            if mentions.contains(.direction), object.direction == nil { continue }
            let noun = object.noun(mentions)
            let isUnique = objects.indices.allSatisfy { $0 == number || objects[$0].noun(mentions) != noun }
            if isUnique { return "the \(noun)" }
        }
        return nil
    }

    /// Places of the objects that ``reference(to:avoiding:)`` has words for.
    func referable(avoiding: Set<Mention> = []) -> [Int] { objects.indices.filter { reference(to: $0, avoiding: avoiding) != nil } }

    /// "two red stars, a blue house and a sign": everything there is, with equal things counted together.
    func inventory(_ mentions: Set<Mention>) -> String {
        var groups: [(object: SceneObject, noun: String, count: Int)] = []
        for object in objects {
            let noun = object.noun(mentions)
            if let place = groups.firstIndex(where: { $0.noun == noun }) {
                groups[place].count += 1
            } else {
                groups.append((object, noun, 1))
            }
        }
        return Phrases.list(
            groups.map {
                $0.count == 1 ? Phrases.withArticle($0.noun) : "\(Phrases.number($0.count)) \($0.object.noun(mentions, plural: true))"
            })
    }
}
