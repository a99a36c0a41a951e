import BlipData

extension SceneTask {
    /// Like ScienceQA: a text to read, a chart to look at, and options.
    static let science = heldOut(
        "scenes_scienceqa", "Scene ScienceQA", .knowledgeQuestions, test: 500, metric: "accuracy",
        "Context: {context} Question: {question} Options: {options}. Answer:", .rank,
        notes: ["What the parts of the chart stand for is said in the context alone."]
    ) { generator in
        let scene = SceneGenerator(SceneStyle(charts: 1)).scene(&generator)
        guard let chart = scene.chart, let story = generator.element(of: stories), let largest = chart.largest,
            let smallest = chart.smallest
        else { return nil }
        let asksMost = generator.below(2) == 0
        let part = asksMost ? largest : smallest
        let asksLabel = generator.below(2) == 0
        let options = generator.shuffled(chart.parts.map { asksLabel ? $0.label : $0.color.name })
        let answer = asksLabel ? part.label : part.color.name
        let context =
            "The \(chart.form == .bars ? "bar" : "pie") chart shows \(story.what). "
            + "Each \(chart.partName) is \(story.one); the \(chart.form == .bars ? "taller" : "larger") it is, the \(story.more)."
        let question =
            asksLabel
            ? "Which \(story.noun) has the \(asksMost ? "most" : "least")?"
            : "What color is the \(chart.partName) of the \(story.noun) with the \(asksMost ? "most" : "least")?"
        return SceneContent(
            [scene],
            .question(
                VisualQuestion(
                    question, answers: [WeightedAnswer(answer)], options: options, correct: options.firstIndex(of: answer), context: context
                )),
            facts: ["form": chart.form.rawValue])
    }

    private static let stories: [(what: String, one: String, more: String, noun: String)] = [
        ("how much rain fell in some months", "a month", "more rain fell", "month"),
        ("how many books some classes have read", "a class", "more books were read", "class"),
        ("how many fish live in some lakes", "a lake", "more fish live there", "lake"),
        ("how much energy some machines use", "a machine", "more energy it uses", "machine"),
        ("how many seeds some plants have", "a plant", "more seeds it has", "plant"),
    ]
}
