import BlipData

extension SceneTask {
    /// Like OKVQA: what is asked for is not in the picture, but what it is asked about is.
    static let knowledge = heldIn(
        "scenes_knowledge", "Scene Knowledge", .knowledgeQuestions, train: 4_000, metric: "VQA accuracy",
        "Question: {question} Short answer:"
    ) { generator in
        let writers = [sides, family, use, use, symbol, symbol, order]
        let writer = writers[generator.below(writers.count)]
        guard let (scene, question) = found(SceneStyle(objects: 1...4), &generator, writer) else { return nil }
        return SceneContent([scene], .question(question.visual(&generator)), facts: question.facts)
    }

    /// How many sides the only object of a colour, or of a place, has.
    private static func sides(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let shapes = scene.objects.filter { ($0.kind.sides ?? 0) > 0 && isOnlyOfColor($0, scene) }
        guard let object = generator.element(of: shapes), let sides = object.kind.sides else { return nil }
        let texts = ["How many sides does the \(object.color) shape have?", "How many straight sides has the \(object.color) object?"]
        return SceneQuestion(
            kind: .kind, text: generator.element(of: texts) ?? texts[0], answer: String(sides),
            synonyms: sides <= 10 ? [Phrases.number(sides)] : [])
    }

    /// What sort of thing it is.
    private static func family(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let things = scene.objects.filter { $0.kind.family != "thing" && isOnlyOfColor($0, scene) }
        guard let object = generator.element(of: things) else { return nil }
        // There are more shapes than anything else.
        if object.kind.family == "shape", generator.unit() < 0.7 { return nil }
        let texts = [
            "Is the \(object.color) thing an animal, a plant, a vehicle, a building, a symbol or a shape?",
            "What sort of thing is the \(object.color) object: animal, plant, vehicle, building, symbol or shape?",
        ]
        return SceneQuestion(kind: .kind, text: generator.element(of: texts) ?? texts[0], answer: object.kind.family)
    }

    /// Which thing something can be done with.
    private static func use(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let useful = scene.objects.filter { uses[$0.kind] != nil }
        guard let object = generator.element(of: useful), let use = generator.element(of: uses[object.kind] ?? []) else { return nil }
        let color = object.color.name
        // Half of the questions ask for the thing, the others for its colour, for which both knowledge and sight are needed.
        guard generator.below(2) == 0, scene.objects.count(where: { $0.kind == object.kind }) == 1 else {
            return SceneQuestion(
                kind: .kind, text: "Which thing in the picture \(use)?", answer: object.kind.name, synonyms: object.kind.synonyms)
        }
        return SceneQuestion(kind: .color, text: "What color is the thing that \(use)?", answer: color, synonyms: object.color.synonyms)
    }

    private static func symbol(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let symbols = scene.objects.filter { meanings[$0.kind] != nil && isOnlyOfColor($0, scene) }
        guard let object = generator.element(of: symbols), let meaning = meanings[object.kind] else { return nil }
        return SceneQuestion(kind: .kind, text: "What does the \(object.color) \(object.kind.family) stand for?", answer: meaning)
    }

    /// What a sign tells people.
    private static func order(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        for case let word? in scene.objects.map(\.text) {
            guard let meaning = SignWords.meaning(word) else { continue }
            return SceneQuestion(kind: .text, text: "What does the sign tell people to do?", answer: meaning)
        }
        return nil
    }

    private static func isOnlyOfColor(_ object: SceneObject, _ scene: Scene) -> Bool {
        scene.objects.count { $0.color == object.color } == 1
    }

    /// What is true of one kind alone.
    private static let uses: [ObjectKind: [String]] = [
        .car: ["drives on roads", "has wheels"], .boat: ["sails on water", "has sails"], .fish: ["swims under water", "is an animal"],
        .cup: ["is for drinking", "holds coffee"], .umbrella: ["keeps the rain off", "is opened in the rain"],
        .balloon: ["flies when it is let go", "is full of air"], .house: ["is a home for people", "has a door and a roof"],
        .tree: ["has a trunk and leaves"],
        .flower: ["has petals", "attracts bees"], .mushroom: ["grows in the woods and has a cap"],
    ]

    private static let meanings: [ObjectKind: String] = [
        .heart: "love", .bolt: "electricity", .drop: "water", .crescent: "night", .arrow: "direction", .cross: "plus",
    ]
}
