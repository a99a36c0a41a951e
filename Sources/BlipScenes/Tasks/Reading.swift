import BlipData

extension SceneTask {
    /// Like OCR-VQA: what is written.
    static let reading = heldIn(
        "scenes_reading", "Scene Reading", .readingQuestions, train: 12_000, metric: "exact match", "Question: {question} Short answer:",
        notes: ["Words of HeldOutCombinations are on no sign here."]
    ) { generator in
        var style = SceneStyle.training
        (style.text, style.signs, style.objects) = (1, 0.7, 1...4)
        let scene = SceneGenerator(style).scene(&generator)
        guard let question = QuestionWriter(scene).text(&generator) else { return nil }
        return SceneContent([scene], .question(question.visual(&generator)), facts: question.facts)
    }

    /// Like TextVQA: two signs or more, and the words that a reader of text has found, in no telling order.
    static let tokens = heldOut(
        "scenes_textvqa", "Scene TextVQA", .readingQuestions, test: 800, metric: "VQA accuracy",
        "OCR tokens: {ocr}. Question: {question} Short answer:",
        notes: ["Which of the tokens is meant has to be seen. Held-out words are among them."]
    ) { generator in
        var style = SceneStyle.training
        (style.text, style.signs, style.objects) = (1, 1, 1...3)
        var scene = SceneGenerator(style).scene(&generator)
        style.combinations = .unseen
        let other = SceneGenerator(style)
        for _ in 0..<20 where scene.texts.count < 2 {
            if let sign = other.sign(scene, &generator), scene.objects.allSatisfy({ $0.depth(in: sign) < 0 }) { scene.objects.append(sign) }
        }
        let texts = scene.texts
        guard Set(texts).count >= 2, var question = QuestionWriter(scene).text(&generator)?.visual(&generator) else { return nil }
        question.ocrTokens = generator.shuffled(texts)
        return SceneContent([scene], .question(question), facts: ["question_type": SceneQuestion.Kind.text.rawValue])
    }
}
