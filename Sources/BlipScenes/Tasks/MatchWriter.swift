import BlipData

/// Asks whether one thing is two things at once: something is one of them and, where it can be so, something else the other.
///
/// "Is there a red star?" is answered by a red star, not by a star and something red. Drawn by chance such questions come too rarely to be learned.
struct MatchWriter {
    let scene: Scene

    enum Form: CaseIterable {
        /// Answered with what is so of the thing, and then with yes or no.
        case thought
        /// Answered by yes or no.
        case direct
    }

    init(_ scene: Scene) { self.scene = scene }

    /// Nil where no kind of the scene comes once.
    func question(_ form: Form, _ generator: inout SeededGenerator) -> SceneQuestion? {
        let alone = scene.objects.filter { object in scene.objects.count { $0.kind == object.kind } == 1 }
        guard let object = generator.element(of: alone) else { return nil }
        let isSo = generator.below(2) == 0
        let color = isSo ? object.color : otherColor(than: object.color, &generator)
        let noun = Phrases.withArticle("\(color) \(object.kind)")
        let texts = ["Is there \(noun)?", "Is there \(noun) in the picture?", "Can you see \(noun)?", "Does the picture show \(noun)?"]
        let (text, answer) = (texts[generator.below(texts.count)], isSo ? "yes" : "no")
        switch form {
        case .thought: return SceneQuestion(kind: .existence, text: "\(text) Explain.", answer: "\(object.color), so \(answer)")
        case .direct: return SceneQuestion(kind: .existence, text: text, answer: answer)
        }
    }

    /// That of something else in the scene, so that both words are found; any, where all are alike.
    private func otherColor(than color: ObjectColor, _ generator: inout SeededGenerator) -> ObjectColor {
        let there = scene.objects.map(\.color).filter { $0 != color }
        let choices = there.isEmpty || generator.below(3) == 0 ? ObjectColor.allCases.filter { $0 != color } : there
        return choices[generator.below(choices.count)]
    }
}
