import BlipData

extension SceneTask {
    /// Like LLaVA's conversations: questions in turn, with whole sentences as answers. In half of them answers are short, as a model gives them to
    /// questions that stand alone (``questions``): who goes on from there is not to be told the answer before once more.
    static let conversation = heldIn(
        "scenes_conversation", "Scene Conversation", .instructions, train: 5_000, metric: "ROUGE-L"
    ) { generator in
        let scene = SceneGenerator(SceneStyle(objects: 2...5)).scene(&generator)
        let turns = exchanges(scene, 2 + generator.below(3), isShort: generator.below(2) == 0, &generator)
        guard turns.count > 1, let last = turns.last else { return nil }
        return SceneContent(
            [scene], .instruction(WrittenInstruction(last.question, response: last.answer, history: Array(turns.dropLast()))))
    }

    /// Different questions, some of one kind, with answers of one style.
    static func exchanges(_ scene: Scene, _ count: Int, isShort: Bool, _ generator: inout SeededGenerator) -> [Exchange] {
        let kinds: [SceneQuestion.Kind] = [
            .color, .count, .existence, .position, .kind, .text, .size, .texture, .surroundings, .comparison,
        ]
        var turns: [Exchange] = []
        for kind in generator.shuffled(kinds + kinds) where turns.count < count {
            guard let question = QuestionWriter(scene).question(kind, &generator),
                !turns.contains(where: { $0.question == question.text })
            else { continue }
            turns.append(Exchange(question.text, isShort ? question.answer : sentence(question, scene)))
        }
        return turns
    }

    /// An answer as somebody says it who is not short of words.
    private static func sentence(_ question: SceneQuestion, _ scene: Scene) -> String {
        switch question.kind {
        case .color: "It is \(question.answer)."
        case .count:
            switch Int(question.answer) ?? 0 {
            case 0: "There are none."
            case 1: "There is one."
            default: "There are \(question.synonyms.first ?? question.answer)."
            }
        case .existence: question.answer == "yes" ? "Yes, there is." : "No, there is not."
        case .position: "It is \(Place(rawValue: question.answer)?.phrase ?? question.answer) of the picture."
        case .kind: "It is \(Phrases.withArticle(question.answer))."
        case .text: "It says \(question.answer)."
        case .size, .texture: "It is \(question.answer)."
        case .surroundings: "It is \(Phrases.withArticle(question.answer))."
        case .comparison:
            switch question.answer {
            case "yes": "Yes, it is."
            case "no": "No, it is not."
            default: "It is the \(question.answer)."
            }
        }
    }
}
