/// Everything in a scene, in full sentences.
public struct SceneDescription: Sendable {
    private let scene: Scene

    public init(_ scene: Scene) { self.scene = scene }

    public var text: String { sentences.joined(separator: " ") }

    public var sentences: [String] {
        if let chart = scene.chart { return Self.sentences(chart) + manner }
        return [opening] + order.map(sentence) + relations + manner
    }

    /// Objects in reading order: ninth by ninth, which can be seen, as the order of drawing cannot.
    private var order: [Int] {
        scene.objects.indices.sorted { one, other in
            let (first, second) = (scene.objects[one], scene.objects[other])
            return (first.place.row, first.place.column, first.x, one) < (second.place.row, second.place.column, second.x, other)
        }
    }

    private var opening: String {
        let kind =
            switch scene.drawing {
            case .painted: "The picture"
            case .sketch: "The pencil sketch"
            case .chalk: "The chalk drawing"
            }
        let count = scene.objects.count
        return "\(kind) shows \(Phrases.number(count)) \(count == 1 ? "object" : "objects") \(scene.background.phrase)."
    }

    private func sentence(_ number: Int) -> String {
        let object = scene.objects[number]
        var text = "\(Phrases.withArticle(object.noun([.size, .color, .texture, .direction]))) is \(object.place.phrase)"
        if let written = object.text {
            text += object.kind == .sign ? " and says \(written)" : " and has \(SceneObject.called(written)) on it"
        }
        return Phrases.sentence(text)
    }

    /// Between each object and the next one that both have words of their own.
    private var relations: [String] {
        zip(order, order.dropFirst()).compactMap { one, other in
            guard let first = scene.reference(to: one), let second = scene.reference(to: other) else { return nil }
            let found = Relation.allCases.filter(scene.relations(of: one, to: other).contains)
            guard !found.isEmpty else { return nil }
            return Phrases.sentence("\(first) is \(Phrases.list(found.map(\.phrase))) \(second)")
        }
    }

    private var manner: [String] {
        var sentences: [String] = []
        switch scene.light {
        case .even: break
        case .warm, .cool, .dim: sentences.append("The light is \(scene.light.rawValue).")
        case .left, .right: sentences.append("The light comes from the \(scene.light.rawValue).")
        }
        if scene.hasShadows, scene.chart == nil { sentences.append("Everything throws a soft shadow.") }
        if scene.sharpness == .blurred { sentences.append("The whole picture is blurred.") }
        return sentences
    }

    private static func sentences(_ chart: SceneChart) -> [String] {
        let opening = "The picture shows \(SceneCaptions.chart(chart))."
        let parts = chart.parts.map { part in
            chart.form == .bars
                ? "Bar \(part.label) is \(part.color.name) and \(part.value) high."
                : "Slice \(part.label) is \(part.color.name) and has \(part.value) of \(Int(exactly: chart.parts.reduce(0.0) { $0 + Double($1.value) }) ?? 0) parts."
        }
        return [opening] + parts
    }
}
