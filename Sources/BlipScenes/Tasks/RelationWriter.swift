import BlipData

/// Asks what holds between two things of a scene, from what is easy to learn to what builds on it.
///
/// Whether one thing is left of another depends on where both are *and* on which of them is named first. Neither alone says anything, so a language model
/// that knows neither is told nothing by "yes" and "no". Here the same sentences are also asked who is meant first, and are answered with the steps said.
struct RelationWriter {
    let scene: Scene

    enum Form {
        /// The sentence, and then where, or how big, the first of its two things is. Were the second one asked for as well, what is asked for and what is
        /// named first would have to be learned at once.
        case first
        /// Answered with what is so of either thing, and then with yes or no.
        case thought
        /// Answered by yes or no, or by true or false.
        case direct
        /// "Which is on the left, the star or the cup?"
        case which
    }

    init(_ scene: Scene) { self.scene = scene }

    /// Nil where no two things of the scene differ in what is chosen to be asked for.
    func question(_ form: Form, _ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let aspect = generator.element(of: Aspect.allCases) else { return nil }
        let avoided: Set<Mention> = aspect == .size ? [.size] : []
        let places = generator.shuffled(scene.referable(avoiding: avoided))
        guard let (one, other) = pair(aspect, places), let first = scene.reference(to: one, avoiding: avoided),
            let second = scene.reference(to: other, avoiding: avoided)
        else { return nil }
        let named = Pair(first: first, second: second, words: aspect.words(scene, one, other))
        let isMore = aspect.isMore(scene, one, other)
        switch form {
        case .which:
            guard let (more, less) = aspect.extremes, scene.objects[one].kind != scene.objects[other].kind else { return nil }
            let asksMore = generator.below(2) == 0
            let found = scene.objects[asksMore == isMore ? one : other].kind
            return SceneQuestion(
                kind: .comparison, text: "Which is \(asksMore ? more : less), \(first) or \(second)?", answer: found.name)
        case .first:
            guard let question = aspect.question else { return nil }
            let (sentence, _) = sentence(aspect, isMore, named, &generator)
            return SceneQuestion(kind: .comparison, text: "\(sentence) \(question) the first one?", answer: named.words.first)
        case .thought:
            let (sentence, answer) = sentence(aspect, isMore, named, &generator)
            return SceneQuestion(
                kind: .comparison, text: "\(sentence) Explain.", answer: "\(named.words.first), \(named.words.second), so \(answer)")
        case .direct:
            let (sentence, answer) = sentence(aspect, isMore, named, &generator)
            return SceneQuestion(kind: .comparison, text: sentence, answer: answer)
        }
    }

    /// What two things can differ in.
    private enum Aspect: CaseIterable {
        case across, down, size, depth

        /// What is told of either that decides.
        func words(_ scene: Scene, _ one: Int, _ other: Int) -> (first: String, second: String) {
            switch self {
            case .across, .down: (scene.objects[one].place.rawValue, scene.objects[other].place.rawValue)
            case .size: (scene.objects[one].size.rawValue, scene.objects[other].size.rawValue)
            case .depth: one > other ? ("front", "behind") : ("behind", "front")
            }
        }

        /// Whether the first is further left, higher, larger, or in front.
        func isMore(_ scene: Scene, _ one: Int, _ other: Int) -> Bool {
            switch self {
            case .across: scene.objects[one].x < scene.objects[other].x
            case .down: scene.objects[one].y < scene.objects[other].y
            case .size: scene.objects[one].size > scene.objects[other].size
            case .depth: one > other
            }
        }

        /// What is said of the first where it is more, and where it is less.
        var phrases: (more: [String], less: [String]) {
            switch self {
            case .across: (["to the left of", "left of"], ["to the right of", "right of"])
            case .down: (["above"], ["below"])
            case .size: (["larger than", "bigger than"], ["smaller than"])
            case .depth: (["in front of"], ["behind"])
            }
        }

        var extremes: (more: String, less: String)? {
            switch self {
            case .across: ("on the left", "on the right")
            case .down: ("at the top", "at the bottom")
            case .size: ("larger", "smaller")
            case .depth: ("in front", "behind")
            }
        }

        /// What a thing's word answers.
        var question: String? {
            switch self {
            case .across, .down: "Where is"
            case .size: "How big is"
            case .depth: nil
            }
        }
    }

    private struct Pair {
        let first, second: String
        let words: (first: String, second: String)
    }

    /// Two things that differ in it by what is told of them in words.
    private func pair(_ aspect: Aspect, _ places: [Int]) -> (Int, Int)? {
        for (number, one) in places.enumerated() {
            for other in places[(number + 1)...] where differs(aspect, one, other) { return (one, other) }
        }
        return nil
    }

    private func differs(_ aspect: Aspect, _ one: Int, _ other: Int) -> Bool {
        let (first, second) = (scene.objects[one], scene.objects[other])
        switch aspect {
        case .across: return first.place.column != second.place.column && abs(first.x - second.x) > SceneObject.clearDistance
        case .down: return first.place.row != second.place.row && abs(first.y - second.y) > SceneObject.clearDistance
        case .size: return first.size != second.size && first.kind != .sign && second.kind != .sign
        case .depth: return first.overlaps(second)
        }
    }

    /// A question or a statement of the two, and whether it is right.
    private func sentence(
        _ aspect: Aspect, _ isMore: Bool, _ pair: Pair, _ generator: inout SeededGenerator
    ) -> (text: String, answer: String) {
        let saysMore = generator.below(2) == 0
        let phrases = saysMore ? aspect.phrases.more : aspect.phrases.less
        let phrase = phrases[generator.below(phrases.count)]
        let isRight = saysMore == isMore
        let statement = Phrases.sentence("\(pair.first) is \(phrase) \(pair.second)")
        switch generator.below(4) {
        case 0: return ("True or false? \(statement)", isRight ? "true" : "false")
        case 1:
            return ("Based on the image, is this statement true or false? \"\(statement)\" Answer:", isRight ? "true" : "false")
        default: return ("Is \(pair.first) \(phrase) \(pair.second)?", isRight ? "yes" : "no")
        }
    }
}
