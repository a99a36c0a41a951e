import BlipData

extension SceneTask {
    /// Like GQA: questions that go from one object to another.
    static let compositional = heldOut(
        "scenes_gqa", "Scene GQA", .visualReasoning, test: 2_000, metric: "top-1 accuracy", "Question: {question} Short answer:",
        notes: ["Training asks for one object at a time; here another one leads to it."]
    ) { generator in
        let writers = [throughRelation, throughRelation, sameColor, existsBeside, both]
        let writer = writers[generator.below(writers.count)]
        guard let (scene, question) = found(SceneStyle(objects: 3...5), &generator, writer) else { return nil }
        return SceneContent(
            [scene], .question(VisualQuestion(question.text, answers: [WeightedAnswer(question.answer)])), facts: question.facts)
    }

    private static let sides: [Relation] = [.left, .right, .above, .below]

    /// "What color is the thing to the left of the star?", where there is one thing only.
    private static func throughRelation(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let anchor = generator.element(of: scene.referable()), let name = scene.reference(to: anchor),
            let relation = generator.element(of: sides)
        else { return nil }
        let found = scene.objects.indices.filter { $0 != anchor && scene.relations(of: $0, to: anchor).contains(relation) }
        // What is hardly on that side must not be there either.
        let near = scene.objects.indices.filter { $0 != anchor && isBeside(scene.objects[$0], relation, scene.objects[anchor]) }
        guard found.count == 1, near.count == 1 else { return nil }
        let object = scene.objects[found[0]]
        if generator.below(2) == 0 {
            return SceneQuestion(kind: .color, text: "What color is the object \(relation.phrase) \(name)?", answer: object.color.name)
        }
        guard object.kind != .sign else { return nil }
        return SceneQuestion(kind: .kind, text: "What is \(relation.phrase) \(name)?", answer: object.kind.name)
    }

    private static func sameColor(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let places = generator.shuffled(scene.referable(avoiding: [.color]))
        guard places.count >= 2, let first = scene.reference(to: places[0], avoiding: [.color]),
            let second = scene.reference(to: places[1], avoiding: [.color])
        else { return nil }
        let isSame = scene.objects[places[0]].color == scene.objects[places[1]].color
        // Mostly they differ.
        if !isSame, generator.unit() < 0.75 { return nil }
        return SceneQuestion(
            kind: .comparison, text: "Do \(first) and \(second) have the same color?", answer: isSame ? "yes" : "no")
    }

    private static func existsBeside(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let anchor = generator.element(of: scene.referable()), let name = scene.reference(to: anchor),
            let relation = generator.element(of: sides), let object = generator.element(of: scene.objects), object != scene.objects[anchor]
        else { return nil }
        let color = object.color
        let candidates = scene.objects.enumerated().filter { $0.offset != anchor && $0.element.color == color }.map(\.element)
        let isThere = candidates.contains { $0.relations(to: scene.objects[anchor]).contains(relation) }
        // Neither yes nor no where it is hardly on that side.
        if !isThere, candidates.contains(where: { isBeside($0, relation, scene.objects[anchor]) }) { return nil }
        return SceneQuestion(
            kind: .existence, text: "Is there \(Phrases.withArticle("\(color) object")) \(relation.phrase) \(name)?",
            answer: isThere ? "yes" : "no")
    }

    private static func both(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let object = generator.element(of: scene.objects.filter({ $0.kind != .sign })) else { return nil }
        var other = generator.element(of: scene.objects.filter { $0.kind != .sign && $0.kind != object.kind })?.kind
        if generator.below(2) == 0 { other = generator.element(of: ObjectKind.ordinary.filter { $0 != object.kind }) }
        guard let other else { return nil }
        let isThere = scene.objects.contains { $0.kind == other }
        return SceneQuestion(
            kind: .existence, text: "Are there both \(Phrases.withArticle(object.kind.name)) and \(Phrases.withArticle(other.name))?",
            answer: isThere ? "yes" : "no")
    }

    /// Whether the middle is on that side at all, by however little.
    private static func isBeside(_ one: SceneObject, _ relation: Relation, _ other: SceneObject) -> Bool {
        switch relation {
        case .left: one.x < other.x
        case .right: one.x > other.x
        case .above: one.y < other.y
        case .below: one.y > other.y
        case .inFront, .behind: false
        }
    }
}
