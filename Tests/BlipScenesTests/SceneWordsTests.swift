import BlipData
import BlipImages
import Testing

@testable import BlipScenes

@Suite("Scenes in single words")
struct SceneWordsTests {
    private static let styles: [SceneStyle] = [.training, .unseenCombinations, .sketches, .charts, .blurredPictures]

    @Test("every word is in the vocabulary, and each thing says what it is and where")
    func vocabulary() throws {
        let known = Dictionary(uniqueKeysWithValues: SceneWords.vocabulary.map { ($0.name, Set($0.words)) })
        for style in Self.styles {
            for scene in SceneDrawings.scenes(200, style) {
                let things = scene.words.things
                for word in things.flatMap(\.words) where word.aspect != "fading" {
                    #expect(known[word.aspect]?.contains(word.text) ?? false, "\(word)")
                }
                let kinds = things.flatMap(\.words).filter { $0.aspect == "kind" }
                #expect(kinds.count == scene.chart?.parts.count ?? scene.objects.count)
                let letters = things.flatMap(\.words).filter { $0.aspect == "letter" }.map(\.text).joined()
                #expect(scene.chart != nil || letters.sorted() == scene.texts.joined().sorted())
            }
        }
    }

    @Test("what is drawn at a place is the thing that is described there")
    func places() throws {
        let side = 96
        let renderer = try SceneRenderer(side: side)
        var (right, all) = (0, 0)
        for scene in SceneDrawings.scenes(200) {
            let map = renderer.objectMap(scene)
            let words = scene.words
            for (place, number) in map.enumerated() where number >= 0 {
                let (x, y) = ((Double(place % side) + 0.5) / Double(side), (Double(place / side) + 0.5) / Double(side))
                // What is written on an object belongs to it.
                let found = words.things.last { $0.box?.contains(x: x, y: y) ?? false && $0.words.contains { $0.aspect == "kind" } }
                guard let found else { continue }
                all += 1
                if found.words.contains(.init("kind", scene.objects[number].kind.name)) { right += 1 }
            }
        }
        #expect(all > 100_000 && Double(right) > 0.97 * Double(all), "\(right) of \(all)")
    }

    @Test("letters stand in order from the left, on what they are written on")
    func letters() throws {
        var checked = 0
        for scene in SceneDrawings.scenes(200) {
            for object in scene.objects {
                guard let text = object.text, scene.objects.count(where: { $0.text != nil }) == 1 else { continue }
                let letters = scene.words.things.filter { $0.words.contains { $0.aspect == "letter" } }
                    .sorted { ($0.box?.left ?? 0) < ($1.box?.left ?? 0) }
                #expect(letters.compactMap { $0.words.first { $0.aspect == "letter" }?.text }.joined() == text)
                #expect(letters.compactMap { $0.words.first { $0.aspect == "order" }?.text } == Array(SceneWords.orders.prefix(text.count)))
                for box in letters.compactMap(\.box) {
                    #expect(abs((box.top + box.bottom) / 2 - object.y) < 1e-9 && box.left > object.x - object.extent.x - 0.02)
                }
                checked += 1
            }
        }
        #expect(checked > 20)
    }

    @Test("text about scenes has every task's format, no pictures, and nearly always a description")
    func text() throws {
        let text = SceneText()
        var tasks: [String: Int] = [:]
        var blank = 0
        for index in 0..<3000 {
            let sample = try text.sample(index)
            #expect(try sample.images.isEmpty && sample.task == text.sample(index).task)
            guard case .instruction(let written) = sample.task else {
                Issue.record("\(sample.task)")
                continue
            }
            #expect(!written.instruction.isEmpty && written.response?.isEmpty == false)
            tasks[try #require(sample.facts["task"]), default: 0] += 1
            if sample.descriptions.allSatisfy(\.things.isEmpty) { blank += 1 }
        }
        #expect(Set(tasks.keys) == Set(SceneCatalog.tasks.map(\.name)))
        #expect((20...110).contains(blank))
        #expect(try NamedDatasets.dataset("scenes_text").open("/", .train).count == SceneText.size)
    }

    @Test("pictures of every set are described, one description for each frame")
    func described() throws {
        for task in SceneCatalog.tasks + [.crowds] {
            let sample = try SceneSamples(task, task.sizes[0].split, side: 32).sample(3)
            #expect(sample.descriptions.count == sample.images.count && sample.descriptions.allSatisfy { !$0.things.isEmpty })
        }
    }

    @Test("sixteen soft tokens have room for every scene; each thing stands in its own wherever it can")
    func slots() {
        var (objects, own) = (0, 0)
        for seed in 0..<400 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let scene = SceneGenerator(seed % 8 == 0 ? .charts : .training).scene(&generator)
            let words = scene.words
            let slots = words.slots(16)
            #expect(slots.compactMap { $0 }.count == words.things.count)
            #expect(slots[0] == words.things[0])
            for thing in words.things where thing.words.contains(where: { $0.aspect == "kind" }) {
                objects += 1
                if let slot = thing.slot, slots[slot] == thing { own += 1 }
            }
        }
        #expect(Double(own) > 0.9 * Double(objects), "\(own) of \(objects)")
    }

    @Test("a thing whose slot is taken comes into the next free one, and what finds none is left out")
    func taken() {
        func thing(_ word: String, _ slot: Int?) -> PictureDescription.Thing { .init([.init("kind", word)], slot: slot) }
        let things = [thing("a", 1), thing("b", 1), thing("c", 2), thing("d", nil), thing("e", 17)]
        #expect(PictureDescription(things).slots(4).map { $0?.words[0].text } == ["d", "a", "b", "c"])
        #expect(PictureDescription([]).slots(2) == [nil, nil])
        #expect(PictureDescription([thing("a", 5)]).slots(4).map { $0?.words[0].text } == [nil, "a", nil, nil])
    }
}
