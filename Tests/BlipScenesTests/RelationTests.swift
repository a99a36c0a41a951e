import BlipData
import Testing

@testable import BlipScenes

@Suite("What holds between two things")
struct RelationTests {
    /// What a sentence says of its first thing, understood by its words alone.
    private struct Claim {
        let one, other: SceneObject
        let holds: Bool
        let words: (String, String)

        /// Nil where the words mean no two things.
        init?(_ sentence: String, _ scene: Scene) {
            let solver = SceneSolver(scene: scene)
            let says: [(phrase: String, is: (SceneObject, SceneObject) -> Bool, word: (SceneObject) -> String)] = [
                ("to the left of", { $0.x < $1.x }, { $0.place.rawValue }), ("to the right of", { $0.x > $1.x }, { $0.place.rawValue }),
                ("left of", { $0.x < $1.x }, { $0.place.rawValue }), ("right of", { $0.x > $1.x }, { $0.place.rawValue }),
                ("above", { $0.y < $1.y }, { $0.place.rawValue }), ("below", { $0.y > $1.y }, { $0.place.rawValue }),
                ("larger than", { $0.size > $1.size }, { $0.size.rawValue }), ("bigger than", { $0.size > $1.size }, { $0.size.rawValue }),
                ("smaller than", { $0.size < $1.size }, { $0.size.rawValue }),
            ]
            func only(_ text: String) -> SceneObject? {
                let found = solver.objects(text)
                return found.count == 1 ? found[0] : nil
            }
            for entry in says where sentence.contains(" \(entry.phrase) ") {
                let parts = sentence.components(between: " \(entry.phrase) ")
                guard let one = only(parts.0), let other = only(parts.1) else { return nil }
                (self.one, self.other, holds) = (one, other, entry.is(one, other))
                words = (entry.word(one), entry.word(other))
                return
            }
            for (phrase, isInFront) in [("in front of", true), ("behind", false)] where sentence.contains(" \(phrase) ") {
                let parts = sentence.components(between: " \(phrase) ")
                guard let one = only(parts.0), let other = only(parts.1), one.overlaps(other),
                    let first = scene.objects.firstIndex(of: one), let second = scene.objects.firstIndex(of: other)
                else { return nil }
                (self.one, self.other, holds) = (one, other, (first > second) == isInFront)
                words = first > second ? ("front", "behind") : ("behind", "front")
                return
            }
            return nil
        }
    }

    private func asked(_ form: RelationWriter.Form, _ check: (Scene, SceneQuestion) throws -> Void) throws {
        var answers: [String: Int] = [:]
        for seed in 0..<600 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let style = SceneStyle(objects: 2...5, overlap: 0.5)
            let (scene, question) = try #require(SceneTask.found(style, &generator) { RelationWriter($0).question(form, &$1) })
            answers[question.answer, default: 0] += 1
            try check(scene, question)
        }
        if form == .direct {
            let most = answers.values.max() ?? 0
            #expect(answers.count == 4 && most < 260, "\(answers)")
        }
    }

    /// The sentence in front of what else is asked or told.
    private func sentence(_ text: String, until end: String = " Explain.") -> String {
        let (body, _) = text.components(between: end)
        return body.replacing("True or false? ", with: "").replacing("Based on the image, is this statement true or false? ", with: "")
    }

    @Test("yes and no, true and false are what the scene says, and as likely as each other")
    func direct() throws {
        try asked(.direct) { scene, question in
            let claim = try #require(Claim(sentence(question.text), scene), "\(question.text)")
            let isStatement = question.text.contains("rue or false")
            #expect(question.answer == (isStatement ? claim.holds ? "true" : "false" : claim.holds ? "yes" : "no"), "\(question.text)")
        }
    }

    @Test("an explanation says what is so of either thing, in the order they are named in, and then the answer")
    func thought() throws {
        try asked(.thought) { scene, question in
            let claim = try #require(Claim(sentence(question.text), scene), "\(question.text)")
            let end = question.text.contains("rue or false") ? claim.holds ? "true" : "false" : claim.holds ? "yes" : "no"
            #expect(question.answer == "\(claim.words.0), \(claim.words.1), so \(end)", "\(question.text)")
        }
    }

    @Test("the first one is the one that is named first")
    func first() throws {
        try asked(.first) { scene, question in
            let claim = try #require(
                Claim(sentence(question.text, until: question.text.contains("How big") ? " How big" : " Where"), scene), "\(question.text)")
            #expect(question.answer == claim.words.0, "\(question.text)")
        }
    }

    @Test("of two things, the one that is more is named")
    func which() throws {
        try asked(.which) { scene, question in
            let (head, tail) = question.text.components(between: ", ")
            let (one, other) = tail.components(between: " or ")
            let solver = SceneSolver(scene: scene)
            let (first, second) = (try #require(solver.objects(one).first), try #require(solver.objects(other).first))
            let isFirst =
                switch head.dropFirst("Which is ".count) {
                case "on the left": first.x < second.x
                case "on the right": first.x > second.x
                case "at the top": first.y < second.y
                case "at the bottom": first.y > second.y
                case "larger": first.size > second.size
                case "smaller": first.size < second.size
                case let side:
                    (scene.objects.firstIndex(of: first) ?? 0 > scene.objects.firstIndex(of: second) ?? 0) == (side == "in front")
                }
            #expect(question.answer == (isFirst ? first : second).kind.name, "\(question.text)")
        }
    }

    @Test("names in capitals are of things that are shown, or not")
    func capitals() throws {
        for seed in 0..<300 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let (scene, question) = try #require(SceneTask.found(SceneStyle(objects: 1...4), &generator, SceneTask.inCapitals))
            let words: [String] = question.text.split { !$0.isLetter }.map { String($0) }
            let capitals = words.filter { $0.count > 1 && $0 == $0.uppercased() }
            let name = try #require(capitals.count == 1 ? capitals.first?.lowercased() : nil, "\(question.text)")
            let isShown = scene.objects.contains { $0.kind.name == name }
            #expect(question.answer == (question.text.hasPrefix("Which") ? name : isShown ? "yes" : "no"), "\(question.text)")
        }
    }

    @Test("descriptions go through the picture line by line")
    func readingOrder() throws {
        for seed in 0..<200 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let scene = SceneGenerator(.training).scene(&generator)
            let rows = SceneDescription(scene).sentences.compactMap { sentence -> Int? in
                guard sentence.hasPrefix("A"), let place = Place.allCases.first(where: { sentence.contains(" is \($0.phrase)") }) else {
                    return nil
                }
                return (Place.allCases.firstIndex(of: place) ?? 0)
            }
            #expect(rows == rows.sorted() && rows.count == scene.objects.count, "\(SceneDescription(scene).text)")
        }
    }
}
