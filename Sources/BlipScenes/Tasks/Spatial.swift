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
        let places = generator.shuffled(scene.referable())
        guard places.count >= 2, let first = scene.reference(to: places[0]), let second = scene.reference(to: places[1]) else { return nil }
        let relations = Relation.allCases.filter(scene.relations(of: places[0], to: places[1]).contains)
        guard let right = generator.element(of: relations) else { return nil }
        let isTrue = generator.below(2) == 0
        let relation = isTrue ? right : right.opposite
        let candidates = ["true", "false"]
        let statement = Phrases.sentence("\(first) is \(relation.phrase) \(second)")
        return SceneContent(
            [scene],
            .question(
                VisualQuestion(
                    statement, answers: [WeightedAnswer(isTrue ? "true" : "false")], candidates: candidates, correct: isTrue ? 0 : 1)),
            facts: ["relation": relation.rawValue])
    }
}
