import BlipData

extension SceneTask {
    /// Like Visual Dialog: a caption, turns before, and a question whose answer is ranked among others.
    static let dialog = heldOut(
        "scenes_visdial", "Scene Dialog", .dialog, test: 600, metric: "MRR",
        "Dialog history: {history}\n Question: {question} Short answer:", .rank,
        notes: ["Each question has 20 candidates: the right answer, answers of other kinds of questions, and wrong ones of its own kind."]
    ) { generator in
        let scene = SceneGenerator(SceneStyle(objects: 2...5)).scene(&generator)
        let kinds: [SceneQuestion.Kind] = [.color, .count, .existence, .position, .kind]
        let writer = QuestionWriter(scene)
        var questions: [SceneQuestion] = []
        for _ in 0..<5 {
            guard let question = writer.question(kinds[generator.below(kinds.count)], &generator) else { continue }
            // Nobody asks what has been answered.
            if !questions.contains(where: { $0.kind == question.kind && $0.answer == question.answer }) { questions.append(question) }
        }
        guard let last = questions.last, let caption = SceneCaptions(scene).captions(1, &generator).first else { return nil }
        let history = questions.dropLast().map { Exchange($0.text, $0.answer) }
        guard history.count >= 2 else { return nil }
        let candidates = candidates(last, &generator)
        let question = VisualQuestion(
            last.text, answers: [WeightedAnswer(last.answer)], candidates: candidates, correct: candidates.firstIndex(of: last.answer),
            history: history, caption: caption)
        return SceneContent([scene], .question(question), facts: last.facts)
    }

    private static func candidates(_ question: SceneQuestion, _ generator: inout SeededGenerator) -> [String] {
        let pools: [SceneQuestion.Kind: [String]] = [
            .color: ObjectColor.allCases.map(\.name), .count: (0...6).map { String($0) }, .existence: ["yes", "no"],
            .position: Place.allCases.map(\.rawValue), .kind: ObjectKind.ordinary.map(\.name),
        ]
        let own = generator.shuffled((pools[question.kind] ?? []).filter { $0 != question.answer }).prefix(9)
        let others = generator.shuffled(
            pools.filter { $0.key != question.kind }.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value))
        return generator.shuffled(Array(([question.answer] + own + others).prefix(20)))
    }
}
