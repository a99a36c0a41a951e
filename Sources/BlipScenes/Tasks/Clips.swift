import BlipData

extension SceneTask {
    /// Like MSVD-QA: what happens.
    static let motion = heldOut(
        "scenes_clip_action", "Clip Action", .videoQuestions, test: 500, metric: "top-1 accuracy", "Question: {question} Short answer:",
        .rank,
        notes: ["A sample has four pictures, the frames of a clip. Training has single pictures only."]
    ) { generator in
        guard let clip = ClipGenerator().clip(&generator), let name = clip.scene.reference(to: clip.actor) else { return nil }
        return ask(clip, "What does \(name) do?", clip.action.name, among: ClipGenerator.actions)
    }

    /// Like MSRVTT-QA: who it happens to.
    static let change = heldOut(
        "scenes_clip_actor", "Clip Actor", .videoQuestions, test: 500, metric: "top-1 accuracy", "Question: {question} Short answer:",
        .rank,
        notes: ["A sample has four pictures, the frames of a clip."]
    ) { generator in
        guard let clip = ClipGenerator().clip(&generator), clip.scene.objects.count >= 2 else { return nil }
        let actor = clip.scene.objects[clip.actor]
        guard clip.scene.objects.count(where: { $0.kind == actor.kind }) == 1 else { return nil }
        let verb: String
        switch clip.action {
        case .moves: verb = "moves"
        default: verb = clip.action.name
        }
        return ask(clip, "What \(verb)?", actor.kind.name, among: ObjectKind.ordinary.map(\.name))
    }

    /// Like iVQA: how it ends, with an open answer.
    static let ending = heldOut(
        "scenes_clip_end", "Clip Ending", .videoQuestions, test: 500, metric: "iVQA accuracy", "Question: {question} Short answer:",
        notes: ["A sample has four pictures, the frames of a clip."]
    ) { generator in
        guard let clip = ClipGenerator().clip(&generator), let name = clip.scene.reference(to: clip.actor, avoiding: [.color]) else {
            return nil
        }
        let last = clip.frame(SceneClip.frameCount - 1)
        switch clip.action {
        case .turnsColor(let color): return ask(clip, "What color is \(name) at the end?", color.name)
        case .vanishes, .appears:
            return ask(
                clip, "How many objects are there at the end?", String(last.objects.count), synonym: Phrases.number(last.objects.count))
        case .moves:
            let object = last.objects[clip.actor]
            return ask(clip, "Where is \(name) at the end?", object.place.rawValue, synonym: object.place.synonyms.first)
        case .grows, .shrinks: return nil
        }
    }

    private static func ask(
        _ clip: SceneClip, _ text: String, _ answer: String, among candidates: [String] = [], synonym: String? = nil
    ) -> SceneContent {
        // Of five people, as in iVQA, two say it in another word where there is one.
        let answers = [WeightedAnswer(answer, weight: synonym == nil ? 5 : 3)] + (synonym.map { [WeightedAnswer($0, weight: 2)] } ?? [])
        let question = VisualQuestion(text, answers: answers, candidates: candidates, correct: candidates.firstIndex(of: answer))
        return SceneContent(clip.frames, .question(question), facts: ["action": clip.action.name])
    }
}
