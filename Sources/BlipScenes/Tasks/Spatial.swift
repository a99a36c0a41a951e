import BlipData

extension SceneTask {
    /// Like VSR: statements of where things are, true or false.
    static let spatial = heldOut(
        "scenes_vsr", "Scene VSR", .visualReasoning, test: 1_000, metric: "top-1 accuracy",
        "Based on the image, is this statement true or false? \"{question}\" Answer:", .rank
    ) { generator in
        var style = SceneStyle(objects: 2...4)
        style.overlap = 0.5
        let scene = SceneGenerator(style).scene(&generator)
        guard let (statement, relation) = statement(scene, &generator) else { return nil }
        return SceneContent([scene], .question(statement), facts: ["relation": relation.rawValue])
    }

    /// Where one object is, seen from another, or its opposite; nil where no two objects have words of their own.
    static func statement(_ scene: Scene, _ generator: inout SeededGenerator) -> (VisualQuestion, Relation)? {
        let places = generator.shuffled(scene.referable())
        guard places.count >= 2, let first = scene.reference(to: places[0]), let second = scene.reference(to: places[1]) else { return nil }
        let relations = Relation.allCases.filter(scene.relations(of: places[0], to: places[1]).contains)
        guard let right = generator.element(of: relations) else { return nil }
        let isTrue = generator.below(2) == 0
        let relation = isTrue ? right : right.opposite
        let statement = VisualQuestion(
            Phrases.sentence("\(first) is \(relation.phrase) \(second)"), answers: [WeightedAnswer(isTrue ? "true" : "false")],
            candidates: ["true", "false"], correct: isTrue ? 0 : 1)
        return (statement, relation)
    }
}
