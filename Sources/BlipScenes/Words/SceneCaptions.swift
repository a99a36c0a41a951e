public import BlipData

/// Short captions of a scene, each true, none with everything.
public struct SceneCaptions: Sendable {
    private let scene: Scene

    public init(_ scene: Scene) { self.scene = scene }

    /// Different captions, as far as there are so many.
    public func captions(_ count: Int, _ generator: inout SeededGenerator) -> [String] {
        if let chart = scene.chart { return [Self.chart(chart)] }
        var captions: [String] = []
        for _ in 0..<(count * 6) where captions.count < count {
            if let caption = caption(&generator), !captions.contains(caption) { captions.append(caption) }
        }
        return captions.isEmpty ? [scene.inventory([.color])] : captions
    }

    private func caption(_ generator: inout SeededGenerator) -> String? {
        var mentions: Set<Mention> = [.color]
        if generator.unit() < 0.35 { mentions.insert(.size) }
        if generator.unit() < 0.5 { mentions.insert(.texture) }
        if generator.unit() < 0.4 { mentions.insert(.direction) }
        if generator.unit() < 0.25 { mentions.insert(.text) }
        switch generator.below(6) {
        case 0: return scene.inventory(mentions)
        case 1: return "\(scene.inventory(mentions)) \(scene.background.phrase)"
        case 2: return relation(mentions, &generator)
        case 3: return placed(mentions, &generator)
        case 4: return "\(opening(&generator)) \(scene.inventory(mentions))"
        default: return focus(mentions, &generator)
        }
    }

    private func opening(_ generator: inout SeededGenerator) -> String {
        let kind =
            switch scene.drawing {
            case .painted: "a picture of"
            case .sketch: "a pencil sketch of"
            case .chalk: "a chalk drawing of"
            }
        return generator.element(of: ["there is", kind, "we see", "a scene with"]) ?? kind
    }

    /// "a red star above a blue house".
    private func relation(_ mentions: Set<Mention>, _ generator: inout SeededGenerator) -> String? {
        let pairs = scene.objects.indices.flatMap { one in scene.objects.indices.map { (one, $0) } }.filter { $0 != $1 }
        guard let (one, other) = generator.element(of: pairs) else { return nil }
        let relations = Relation.allCases.filter(scene.relations(of: one, to: other).contains)
        guard let relation = generator.element(of: relations) else { return nil }
        let words =
            relation == .left || relation == .right
            ? generator.element(of: ["to the \(relation.rawValue)", relation.rawValue]) ?? relation.rawValue : relation.rawValue
        return "\(scene.objects[one].phrase(mentions)) \(words) \(scene.objects[other].phrase(mentions))"
    }

    /// "a red star in the top left and a blue house at the bottom".
    private func placed(_ mentions: Set<Mention>, _ generator: inout SeededGenerator) -> String {
        let some = generator.shuffled(Array(scene.objects.indices)).prefix(1 + generator.below(2))
        return Phrases.list(some.map { "\(scene.objects[$0].phrase(mentions)) \(scene.objects[$0].place.phrase)" })
    }

    /// One object, and how many others.
    private func focus(_ mentions: Set<Mention>, _ generator: inout SeededGenerator) -> String? {
        guard let object = generator.element(of: scene.objects) else { return nil }
        let others = scene.objects.count - 1
        if others == 0 { return "\(object.phrase(mentions)) alone \(scene.background.phrase)" }
        return "\(object.phrase(mentions)) and \(Phrases.number(others)) other \(others == 1 ? "thing" : "things")"
    }

    /// Captions that tell what is written, for scenes with something to read.
    public func readingCaptions(_ count: Int, _ generator: inout SeededGenerator) -> [String] {
        var captions: [String] = []
        let written = scene.objects.filter { $0.text != nil }
        for _ in 0..<(count * 6) where captions.count < count {
            guard let object = generator.element(of: written), let text = object.text else { break }
            let noun = Phrases.withArticle(object.noun([.color]))
            let isSign = object.kind == .sign
            let texts = [
                isSign ? "\(noun) that says \(text)" : "\(noun) with \(SceneObject.called(text)) on it",
                isSign ? "\(noun) reads \(text) \(scene.background.phrase)" : "\(SceneObject.called(text)) on \(noun)",
                "\(noun) \(object.place.phrase) with \(text) written on it",
                "\(text) is written on \(noun)",
                "\(noun) with \(SceneObject.called(text))"
                    + (scene.objects.count > 1 ? " among \(Phrases.number(scene.objects.count)) things" : ""),
            ]
            if let caption = generator.element(of: texts), !captions.contains(caption) { captions.append(caption) }
        }
        return captions
    }

    static func chart(_ chart: SceneChart) -> String {
        "a \(chart.form == .bars ? "bar" : "pie") chart with \(Phrases.number(chart.parts.count)) \(chart.partName)s"
    }
}
