import BlipData

extension SceneTask {
    /// Like IconQA: single icons, and options to choose from.
    static let icons = heldOut(
        "scenes_iconqa", "Scene IconQA", .visualReasoning, test: 600, metric: "accuracy",
        "Question: {question} Options: {options}. Short answer:", .rank
    ) { generator in
        var style = SceneStyle(objects: 1...1, text: 0, overlap: 0)
        let asksNumber = generator.below(2) == 0
        if asksNumber { (style.objects, style.repetition) = (2...6, 0.9) }
        let scene = SceneGenerator(style).scene(&generator)
        guard let object = generator.element(of: scene.objects) else { return nil }
        let (question, options, answer): (String, [String], String)
        if asksNumber {
            let count = scene.objects.count { $0.kind == object.kind }
            question = "How many \(object.kind.plural) are there?"
            let start = max(0, count - 1 - generator.below(3))
            options = (start..<start + 4).map { String($0) }
            answer = String(count)
        } else {
            question = ["What is the icon?", "Which icon is shown?", "What does the icon show?"][generator.below(3)]
            let wrong = generator.shuffled(ObjectKind.ordinary.filter { $0 != object.kind }).prefix(3)
            options = generator.shuffled([object.kind.name] + wrong.map(\.name))
            answer = object.kind.name
        }
        return SceneContent(
            [scene],
            .question(
                VisualQuestion(question, answers: [WeightedAnswer(answer)], options: options, correct: options.firstIndex(of: answer))),
            facts: ["skills": asksNumber ? "counting" : "kind"])
    }
}
