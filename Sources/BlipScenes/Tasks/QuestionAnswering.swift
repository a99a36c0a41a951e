import BlipData

extension SceneTask {
    /// Like VQAv2: colour, kind, number, existence, position, size, pattern and comparison, with ten answers each.
    static let questions = heldIn(
        "scenes_vqa", "Scene VQA", .questionAnswering, train: 60_000, metric: "VQA accuracy", "Question: {question} Short answer:",
        notes: ["Ten annotators never err here; some use another word that is as right."]
    ) { generator in
        guard let (scene, question) = asked(&generator) else { return nil }
        return SceneContent([scene], .question(question.visual(&generator)), facts: question.facts)
    }

    /// Like the paper's question generation from VQAv2: the answer is given, its question wanted.
    static let questionGeneration = heldIn(
        "scenes_vqg", "Scene VQG", .questionGeneration, train: 20_000, metric: "CIDEr",
        "Given the image, generate a question whose answer is: {answer}. Question:"
    ) { generator in
        guard let (scene, question) = asked(&generator) else { return nil }
        return SceneContent([scene], .questionGeneration(question.visual(&generator)), facts: question.facts)
    }

    /// Like VizWiz: many pictures are so blurred that what is asked for cannot be seen.
    static let blurred = heldOut(
        "scenes_blurred", "Blurred Pictures", .questionAnswering, test: 800, metric: "VQA accuracy",
        "Question: {question} When the provided information is insufficient, respond with \"unanswerable\". Short answer:",
        notes: ["Half of the pictures are blurred, and what is asked of them cannot be told. Training has no blurred pictures."]
    ) { generator in
        var style = SceneStyle.training
        style.blurred = 0.5
        (style.text, style.signs) = (0.6, 0.4)
        let kinds: [SceneQuestion.Kind] = [.kind, .texture, .text]
        let kind = kinds[generator.below(kinds.count)]
        let found = found(style, &generator) { QuestionWriter($0).question(kind, &$1) }
        guard var (scene, question) = found else { return nil }
        if scene.sharpness == .blurred { (question.answer, question.synonyms) = ("unanswerable", []) }
        var facts = question.facts
        if scene.sharpness == .blurred { facts["answer_type"] = "unanswerable" }
        return SceneContent([scene], .question(question.visual(&generator)), facts: facts)
    }

    /// A scene of the training style and a question about it, each kind of question as likely in the long run as its share here.
    static func asked(_ generator: inout SeededGenerator) -> (scene: Scene, result: SceneQuestion)? {
        var style = SceneStyle.training
        let kinds: [SceneQuestion.Kind] = [
            .color, .color, .kind, .kind, .count, .count, .existence, .existence, .position, .position, .size, .texture, .comparison,
            .surroundings,
        ]
        let kind = kinds[generator.below(kinds.count)]
        if kind == .count { (style.repetition, style.objects) = (0.75, 1...6) }
        if kind == .comparison { style.objects = 2...5 }
        return found(style, &generator) { QuestionWriter($0).question(kind, &$1) }
    }
}
