import BlipData

/// Asks about a scene what can be seen in it.
struct QuestionWriter {
    let scene: Scene

    init(_ scene: Scene) { self.scene = scene }

    /// Nil where the scene has nothing that such a question could ask for.
    func question(_ kind: SceneQuestion.Kind, _ generator: inout SeededGenerator) -> SceneQuestion? {
        switch kind {
        case .color: color(&generator)
        case .kind: self.kind(&generator)
        case .count: count(&generator)
        case .existence: existence(&generator)
        case .position: position(&generator)
        case .size: size(&generator)
        case .texture: texture(&generator)
        case .comparison: comparison(&generator)
        case .surroundings: surroundings(&generator)
        case .text: text(&generator)
        }
    }

    // MARK: One object

    func color(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let (object, name) = target([.color], &generator) else { return nil }
        let texts = [
            "What color is \(name)?", "What is the color of \(name)?", "Which color does \(name) have?", "Tell me the color of \(name).",
        ]
        return SceneQuestion(kind: .color, text: pick(texts, &generator), answer: object.color.name, synonyms: object.color.synonyms)
    }

    func kind(_ generator: inout SeededGenerator) -> SceneQuestion? {
        let candidates = scene.objects.filter { object in
            object.kind != .sign && scene.objects.count { $0.color == object.color } == 1 || isAlone(object)
        }.filter { $0.kind != .sign }
        guard let object = generator.element(of: candidates) else { return nil }
        let isOnlyColor = scene.objects.count { $0.color == object.color } == 1
        let byColor = ["What is the \(object.color) object?", "What is \(object.color)?", "Which thing is \(object.color)?"]
        let byPlace = [
            "What is \(object.place.phrase)?", "What is \(object.place.phrase) of the picture?", "Which object is \(object.place.phrase)?",
        ]
        let texts = isOnlyColor && (!isAlone(object) || generator.below(2) == 0) ? byColor : byPlace
        return SceneQuestion(kind: .kind, text: pick(texts, &generator), answer: object.kind.name, synonyms: object.kind.synonyms)
    }

    func position(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let (object, name) = target([], &generator) else { return nil }
        let texts = ["Where is \(name)?", "In which part of the picture is \(name)?", "What is the position of \(name)?"]
        return SceneQuestion(kind: .position, text: pick(texts, &generator), answer: object.place.rawValue, synonyms: object.place.synonyms)
    }

    func size(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let (object, name) = target([.size], &generator), object.kind != .sign else { return nil }
        let texts = ["How big is \(name): small, medium or large?", "What size does \(name) have: small, medium or large?"]
        return SceneQuestion(kind: .size, text: pick(texts, &generator), answer: object.size.rawValue)
    }

    func texture(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let (object, name) = target([.texture], &generator), object.kind.hasSurface else { return nil }
        // Most surfaces are plain.
        if object.texture == .plain, generator.unit() < 0.7 { return nil }
        let texts = [
            "What pattern does \(name) have?", "What is the pattern of \(name)?",
            "Is \(name) plain, striped, dotted, checkered or outlined?",
        ]
        return SceneQuestion(
            kind: .texture, text: pick(texts, &generator), answer: object.texture.rawValue, synonyms: object.texture.synonyms)
    }

    func text(_ generator: inout SeededGenerator) -> SceneQuestion? {
        let written = scene.objects.filter { $0.text != nil }
        guard let object = generator.element(of: written), let text = object.text else { return nil }
        guard let place = scene.objects.firstIndex(of: object), let name = scene.reference(to: place) else { return nil }
        let what = text.allSatisfy(\.isNumber) ? "number" : text.count == 1 ? "letter" : "word"
        let texts =
            object.kind == .sign
            ? ["What does \(name) say?", "What is written on \(name)?", "Which \(what) is on \(name)?", "Read \(name)."]
            : ["What is written on \(name)?", "Which \(what) is on \(name)?", "What \(what) can you read on \(name)?"]
        return SceneQuestion(kind: .text, text: pick(texts, &generator), answer: text)
    }

    // MARK: Several objects

    func count(_ generator: inout SeededGenerator) -> SceneQuestion? {
        var noun: [(noun: String, count: Int)] = [("objects", scene.objects.count)]
        for kind in ObjectKind.allCases { noun.append((kind.plural, scene.objects.count { $0.kind == kind })) }
        for color in ObjectColor.allCases { noun.append(("\(color) objects", scene.objects.count { $0.color == color })) }
        // Every number that can be asked for is as likely; otherwise most answers would be one, or none.
        let counts = Array(Set(noun.map(\.count))).sorted().filter { $0 > 0 || generator.unit() < 0.3 }
        guard let count = generator.element(of: counts), let chosen = generator.element(of: noun.filter({ $0.count == count })) else {
            return nil
        }
        let texts = [
            "How many \(chosen.noun) are there?", "How many \(chosen.noun) can you see?", "What is the number of \(chosen.noun)?",
            "Count the \(chosen.noun).",
        ]
        return SceneQuestion(kind: .count, text: pick(texts, &generator), answer: String(count), synonyms: [Phrases.number(count)])
    }

    func existence(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard let object = generator.element(of: scene.objects) else { return nil }
        let isThere = generator.below(2) == 0
        var (kind, color) = (object.kind, object.color)
        let namesColor = generator.below(3) > 0
        if !isThere {
            // What is not there has a kind or a colour of what is there, so that nobody can tell without both.
            if namesColor, generator.below(2) == 0 {
                color = pick(ObjectColor.allCases, &generator)
            } else {
                kind = pick(ObjectKind.ordinary, &generator)
            }
            if scene.objects.contains(where: { $0.kind == kind && (!namesColor || $0.color == color) }) { return nil }
        }
        let noun = Phrases.withArticle(namesColor ? "\(color) \(kind)" : kind.name)
        let texts = ["Is there \(noun)?", "Is there \(noun) in the picture?", "Can you see \(noun)?", "Does the picture show \(noun)?"]
        return SceneQuestion(kind: .existence, text: pick(texts, &generator), answer: isThere ? "yes" : "no")
    }

    func comparison(_ generator: inout SeededGenerator) -> SceneQuestion? {
        let places = generator.shuffled(scene.referable(avoiding: [.size]).filter { scene.objects[$0].kind != .sign })
        guard places.count >= 2 else { return nil }
        let (one, other) = (scene.objects[places[0]], scene.objects[places[1]])
        guard let first = scene.reference(to: places[0], avoiding: [.size]), let second = scene.reference(to: places[1], avoiding: [.size])
        else { return nil }
        if one.size != other.size, one.kind != other.kind, generator.below(2) == 0 {
            let asksLarger = generator.below(2) == 0
            let answer = (one.size > other.size) == asksLarger ? one : other
            let word = asksLarger ? "larger" : "smaller"
            let texts = ["Which is \(word), \(first) or \(second)?", "What is \(word): \(first) or \(second)?"]
            return SceneQuestion(kind: .comparison, text: pick(texts, &generator), answer: answer.kind.name, synonyms: answer.kind.synonyms)
        }
        guard one.size != other.size else { return nil }
        let texts = ["Is \(first) larger than \(second)?", "Is \(first) bigger than \(second)?"]
        return SceneQuestion(kind: .comparison, text: pick(texts, &generator), answer: one.size > other.size ? "yes" : "no")
    }

    func surroundings(_ generator: inout SeededGenerator) -> SceneQuestion? {
        guard scene.background.isPlace else { return nil }
        let texts = [
            "Where was this picture made: in a room, on a meadow, on a street or at the beach?", "What place is this?",
            "Which place is in the background?",
        ]
        return SceneQuestion(kind: .surroundings, text: pick(texts, &generator), answer: scene.background.name)
    }

    // MARK: Choosing

    /// An object that the scene has words for.
    private func target(_ avoiding: Set<Mention>, _ generator: inout SeededGenerator) -> (SceneObject, String)? {
        guard let place = generator.element(of: scene.referable(avoiding: avoiding)),
            let name = scene.reference(to: place, avoiding: avoiding)
        else { return nil }
        return (scene.objects[place], name)
    }

    /// Whether its place means it alone. "At the top" may mean the top left too, so that nothing else must be in that row.
    func isAlone(_ object: SceneObject) -> Bool {
        let others = scene.objects.filter { $0 != object }
        switch object.place {
        case .top, .bottom: return others.allSatisfy { $0.place.row != object.place.row }
        case .left, .right: return others.allSatisfy { $0.place.column != object.place.column }
        default: return others.allSatisfy { $0.place != object.place } && scene.objects.count { $0 == object } == 1
        }
    }

    private func pick<Element>(_ list: [Element], _ generator: inout SeededGenerator) -> Element { list[generator.below(list.count)] }
}
