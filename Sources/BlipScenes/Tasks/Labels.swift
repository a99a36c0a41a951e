import BlipData

extension SceneTask {
    /// Like HatefulMemes: whether what is written goes with what is shown, which neither tells alone.
    static let labels = heldOut(
        "scenes_memes", "Scene Memes", .classification, test: 500, metric: "AUC",
        "This is an image with: \"{context}\" written on it. Does it name something that is shown? Answer:", .rank
    ) { generator in
        var scene = SceneGenerator(SceneStyle(objects: 1...3, text: 0, overlap: 0)).scene(&generator)
        let short = ObjectKind.ordinary.filter { $0.name.count <= 5 }
        guard let object = generator.element(of: scene.objects.filter { short.contains($0.kind) }) else { return nil }
        let fits = generator.below(2) == 0
        let shown = Set(scene.objects.map(\.kind))
        guard let named = fits ? object.kind : generator.element(of: short.filter { !shown.contains($0) }) else { return nil }
        let label = named.name.uppercased()
        for _ in 0..<20 {
            guard var sign = SceneGenerator(.training).sign(scene, &generator) else { return nil }
            sign.text = label
            // Another word may be wider.
            sign.x = min(max(sign.x, sign.extent.x + 0.02), 0.98 - sign.extent.x)
            if SceneGenerator.isClear(sign), scene.objects.allSatisfy({ $0.depth(in: sign) < 0 }) {
                scene.objects.append(sign)
                return SceneContent(
                    [scene],
                    .question(
                        VisualQuestion(
                            "Does it name something that is shown?", answers: [WeightedAnswer(fits ? "yes" : "no")],
                            candidates: ["yes", "no"],
                            correct: fits ? 0 : 1, context: label)),
                    facts: ["label": fits ? "1" : "0"])
            }
        }
        return nil
    }

    /// Whether a thing is there whose name is in capitals, or what a name in capitals is: what labels need to be understood.
    static func inCapitals(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let short = ObjectKind.ordinary.filter { $0.name.count <= 5 }
        let shown = short.filter { kind in scene.objects.contains { $0.kind == kind } }
        let isShown = generator.below(2) == 0
        guard let kind = generator.element(of: isShown ? shown : short.filter { !shown.contains($0) }) else { return nil }
        let label = kind.name.uppercased()
        if generator.below(3) == 0 { return SceneQuestion(kind: .text, text: "Which word is \(label)?", answer: kind.name) }
        let texts = ["Is there a \(label)?", "Does \(label) name something that is shown?", "\(label): is it shown?"]
        return SceneQuestion(kind: .existence, text: texts[generator.below(texts.count)], answer: isShown ? "yes" : "no")
    }
}
