import BlipData
import Testing

@testable import BlipScenes

@Suite("Facts of captions") struct SceneFactCheckTests {
    private typealias Kind = SceneFactCheck.Fact.Kind

    /// A large red striped star in the top left, a blue house at the bottom, an arrow that points down, and a sign.
    private static let scene = Scene(
        background: .gradient(.rose, .sky, isVertical: true), light: .warm,
        objects: [
            SceneObject(.star, .red, .large, .striped, x: 0.2, y: 0.2), SceneObject(.house, .blue, x: 0.5, y: 0.85),
            SceneObject(.arrow, .green, .small, x: 0.85, y: 0.5, turn: 90), SceneObject(.sign, .white, x: 0.8, y: 0.15, text: "STOP"),
        ])

    private static let chart = Scene(
        chart: SceneChart(.bars, [.init("A", .red, 4), .init("C", .blue, 7), .init("B", .green, 2)]))

    private func wrong(_ caption: String, of scene: Scene = Self.scene) -> [String] {
        SceneFactCheck(caption, of: scene).wrong.map { "\($0.kind.rawValue): \($0.words)" }
    }

    @Test(
        "what is so is right, in the world's words and their synonyms",
        arguments: [
            ("a large red striped star", 4), ("a red star, a blue house, a green arrow pointing down and a white sign that says STOP", 10),
            ("four objects on a background that fades from rose to sky", 4), ("The star is to the left of and above the blue house.", 5),
            ("a big red star in the upper left corner of the picture", 4), ("a house and three other things", 2),
            ("there is one star", 2), ("The light is warm.", 1), ("we see a picture of a star", 1),
            ("STOP is written on a white sign", 3), ("the word stop on a sign", 2), ("a sign with STOP written on it", 2),
            ("a sign reads STOP", 2), ("The house is blue.", 2), ("a house at the bottom and a star in the top left", 4),
            ("no circles", 1), ("no red circles and no red houses", 2), ("A RED STAR!", 2),
        ])
    func right(_ caption: String, _ count: Int) {
        let check = SceneFactCheck(caption, of: Self.scene)
        #expect(check.wrong.isEmpty && check.facts.count == count && check.score == 1, "\(check.facts)")
    }

    @Test("what is not so is wrong, and nothing else is")
    func wrong() {
        #expect(wrong("a blue star and a blue house") == ["color: blue"])
        #expect(wrong("a red star at the bottom") == ["place: at the bottom"])
        #expect(wrong("a small red dotted star") == ["size: small", "texture: dotted"])
        #expect(wrong("two red stars") == ["count: two red stars"])
        #expect(wrong("two blue stars") == ["color: blue", "count: two blue stars"])
        #expect(wrong("five objects") == ["count: five objects"])
        #expect(wrong("a star and two other things") == ["count: two other things"])
        #expect(wrong("a star below a house") == ["relation: a star below a house"])
        #expect(wrong("an arrow pointing up") == ["direction: pointing up"])
        #expect(wrong("a sign that says GO") == ["text: that says GO"])
        #expect(wrong("a star in a room") == ["surroundings: in a room"])
        #expect(wrong("a star on a background that fades from rose to mint").count == 1)
        #expect(wrong("a star on a plain rose background") == ["surroundings: on a plain rose background"])
        #expect(wrong("a pencil sketch of a star") == ["drawing: a pencil sketch of"])
        #expect(wrong("The light comes from the left.") == ["light: The light comes from the left"])
        #expect(wrong("The whole picture is blurred.") == ["sharpness: The whole picture is blurred"])
        #expect(wrong("a bar chart with three bars").count == 2)
        // Everything said of what is not there is wrong.
        #expect(
            wrong("a red circle above a blue house") == ["kind: a red circle", "color: red", "relation: a red circle above a blue house"])
        // A second star is none of the scene's.
        #expect(wrong("a red star and a star") == ["kind: a star"])
        #expect(wrong("a red star. The star is in the top left.") == [])
        #expect(wrong("no stars") == ["count: no stars"])
    }

    @Test("words without a meaning here are told, and count as one wrong fact where they stand together")
    func unknown() {
        let check = SceneFactCheck("a red star beside a fierce dragon and a blue house under it", of: Self.scene)
        #expect(check.unparsed == ["beside a fierce dragon", "under it"] && check.right.count == 4 && check.facts.count == 6)
        for caption in ["", "  ", "zzz zzz", "a", "and , .", "🌟 étoile", "a picture of", "red"] {
            let check = SceneFactCheck(caption, of: Self.scene)
            #expect(check.score == 0 && check.wrong.count == 1 && check.recall == 0, "\(caption): \(check.facts)")
        }
    }

    @Test("the share of objects that are mentioned")
    func recall() {
        #expect(SceneFactCheck("a red star and a circle", of: Self.scene).recall == 0.25)
        #expect(SceneFactCheck("a star, a house, an arrow and a sign", of: Self.scene).recall == 1)
        #expect(SceneFactCheck("four objects", of: Self.scene).recall == 0)
        #expect(SceneFactCheck("the star and the red star", of: Self.scene).recall == 0.25)
        #expect(SceneFactCheck("a bar chart", of: Self.chart).recall == 1)
    }

    @Test("charts")
    func charts() {
        let text = SceneDescription(Self.chart).text
        #expect(SceneFactCheck(text, of: Self.chart).facts.count == 11 && wrong(text, of: Self.chart) == [])
        #expect(wrong("Bar A is blue and 4 high.", of: Self.chart) == ["color: Bar A is blue"])
        #expect(wrong("Bar A is red and 5 high. Bar D is red and 4 high.", of: Self.chart).count == 4)
        #expect(wrong("a pie chart with three slices", of: Self.chart).count == 2)
        #expect(wrong("a red star", of: Self.chart).count == 2)
    }

    @Test("two that are alike are told apart by where they are")
    func twins() {
        let scene = Scene(objects: [
            SceneObject(.star, .red, x: 0.2, y: 0.2), SceneObject(.star, .red, x: 0.8, y: 0.8),
            SceneObject(.star, .red, .medium, .striped, x: 0.8, y: 0.2),
        ])
        #expect(wrong("a red star in the bottom right and a red star in the top left", of: scene) == [])
        #expect(wrong("a red star in the bottom right and a red star in the bottom right", of: scene).count == 1)
        #expect(wrong("a red star below a red star", of: scene) == [])
        #expect(wrong("two red stars and a red striped star", of: scene) == [])
        #expect(wrong("three red stars", of: scene) == [] && wrong("two red stars", of: scene) == ["count: two red stars"])
        #expect(wrong("stars", of: scene) == [] && wrong("houses", of: scene).count == 2)
    }

    // MARK: Everything that the world says of itself

    private static let styles: [(String, SceneStyle)] = {
        var written = SceneStyle.training
        (written.text, written.signs, written.objects) = (1, 0.6, 1...4)
        var crowded = SceneStyle.training
        (crowded.objects, crowded.repetition, crowded.overlap) = (4...6, 0.9, 1)
        return [
            ("training", .training), ("unseen", .unseenCombinations), ("sketches", .sketches), ("charts", .charts),
            ("blurred", .blurredPictures),
            ("held-out", .heldOut), ("written", written), ("crowded", crowded),
        ]
    }()

    private static func texts(_ scene: Scene, _ generator: inout SeededGenerator) -> [String] {
        let captions = SceneCaptions(scene)
        return captions.captions(4, &generator) + captions.readingCaptions(3, &generator) + [SceneDescription(scene).text]
    }

    @Test("whatever the world writes of a scene is right of it and mostly wrong of another", arguments: styles.map(\.0))
    func references(_ name: String) throws {
        let style = try #require(Self.styles.first { $0.0 == name }).1
        var (others, count, mistakes) = (0.0, 0, 0)
        var last: Scene?
        for seed in 0..<1_000 {
            var generator = SeededGenerator(seed: UInt64(seed), 99)
            let scene = SceneGenerator(style).scene(&generator)
            for text in Self.texts(scene, &generator) {
                let check = SceneFactCheck(text, of: scene)
                if check.score < 1, mistakes < 5 {
                    mistakes += 1
                    Issue.record("\(text)\n\(check.wrong)\n\(SceneDescription(scene).text)")
                }
                if let last {
                    others += SceneFactCheck(text, of: last).score
                    count += 1
                }
            }
            #expect(SceneFactCheck(SceneDescription(scene).text, of: scene).recall == 1)
            last = scene
        }
        // Charts are all alike in their form, and all sketches in their paper.
        #expect(others / Double(count) < (name == "charts" ? 0.5 : 0.35), "\(others / Double(count))")
    }

    /// A word of a caption replaced by one that is not true of anything in the scene.
    private static func mutations(_ caption: String, _ scene: Scene) -> [String] {
        let words = caption.split(separator: " ").map(String.init)
        func first<Element>(_ list: [Element], without used: (Element) -> Bool) -> Element? { list.first { !used($0) } }
        let color = first(ObjectColor.allCases) { color in scene.objects.contains { $0.color == color } }
        let kind = first(ObjectKind.ordinary) { kind in scene.objects.contains { $0.kind == kind } }
        let size = first(ObjectSize.allCases) { size in scene.objects.contains { $0.size == size } }
        let texture = first(ObjectTexture.allCases) { texture in scene.objects.contains { $0.texture == texture } }
        return words.indices.compactMap { place -> String? in
            // What is written may be any word.
            guard words[place] == words[place].lowercased() else { return nil }
            var other: String?
            if ObjectColor(rawValue: words[place]) != nil { other = color?.name }
            if ObjectKind(rawValue: words[place]) != nil { other = kind?.name }
            if ObjectSize(rawValue: words[place]) != nil { other = size?.rawValue }
            if ObjectTexture(rawValue: words[place]) != nil { other = texture?.rawValue }
            if ["two", "three", "four", "five"].contains(words[place]) { other = "nine" }
            if words[place] == "above" { other = "below" }
            guard let other, other != words[place] else { return nil }
            var changed = words
            changed[place] = other
            return changed.joined(separator: " ")
        }
    }

    @Test("one word that is not true is found, wherever it stands")
    func mutations() {
        var count = 0
        for seed in 0..<1_500 {
            var generator = SeededGenerator(seed: UInt64(seed), 7)
            let scene = SceneGenerator(.training).scene(&generator)
            // Of two that are alike one may also be below the other.
            guard Set(scene.objects.map { $0.noun([.color]) }).count == scene.objects.count else { continue }
            for caption in SceneCaptions(scene).captions(4, &generator) {
                // A plain background has words of its own.
                let said = caption.replacing(scene.background.phrase, with: "")
                for changed in Self.mutations(said, scene) {
                    let check = SceneFactCheck(changed, of: scene)
                    count += 1
                    if check.wrong.isEmpty { Issue.record("\(caption) -> \(changed)\n\(SceneDescription(scene).text)") }
                }
            }
        }
        #expect(count > 5_000)
    }

    @Test("places and directions swapped are found")
    func swappedPlaces() {
        var count = 0
        for seed in 0..<800 {
            var generator = SeededGenerator(seed: UInt64(seed), 8)
            let scene = SceneGenerator(.training).scene(&generator)
            for object in scene.objects {
                for place in Place.allCases where !scene.objects.contains(where: { $0.place == place }) {
                    let check = SceneFactCheck("\(object.phrase([.color])) \(place.phrase)", of: scene)
                    #expect(check.wrong.map(\.kind) == [.place])
                    count += 1
                }
                if let direction = object.direction, scene.objects.count(where: { $0.kind == .arrow }) == 1 {
                    for other in Direction.allCases where other != direction {
                        #expect(SceneFactCheck("an arrow pointing \(other.rawValue)", of: scene).wrong.map(\.kind) == [.direction])
                    }
                }
            }
        }
        #expect(count > 5_000)
    }

    @Test("long, endless and odd captions are judged in no time")
    func hostile() {
        let clock = ContinuousClock()
        let scene = Scene(
            objects: (0..<9).map { SceneObject(.star, .red, x: 0.18 + Double($0 % 3) * 0.32, y: 0.18 + Double($0 / 3) * 0.32) })
        let time = clock.measure {
            for text in [
                String(repeating: "a red star and ", count: 500), String(repeating: "a blue star above a red star ", count: 200),
                String(repeating: "999999999999999999999 red stars ", count: 50),
                String(repeating: "the star is above the star. ", count: 300),
                String(repeating: "nine red stars ", count: 100), String(repeating: "\u{301}\u{0}a", count: 10_000),
                String(repeating: "is written on ", count: 300), String(repeating: "with the letter ", count: 300),
            ] {
                let check = SceneFactCheck(text, of: scene)
                #expect((0...1).contains(check.score) && !check.facts.isEmpty)
            }
        }
        #expect(time < .seconds(60))
    }
}
