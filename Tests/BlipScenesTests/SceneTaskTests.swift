import BlipData
import BlipImages
import Testing

@testable import BlipScenes

@Suite("Tasks of scenes")
struct SceneTaskTests {
    static let names = SceneCatalog.tasks.map(\.name)

    private func samples(_ name: String, _ split: Split? = nil, side: Int = 32) throws -> SceneSamples {
        let task = try #require(SceneCatalog.tasks.first { $0.name == name })
        return try SceneSamples(task, split ?? task.sizes[0].split, side: side)
    }

    @Test("there are enough of them, held in and held out, of very different sizes, in all of the paper's categories")
    func catalog() throws {
        #expect(SceneCatalog.heldIn.count >= 6 && SceneCatalog.heldIn.allSatisfy { $0.role == .heldIn })
        #expect(SceneCatalog.heldOut.count >= 8 && SceneCatalog.heldOut.allSatisfy { $0.role == .heldOut })
        let sizes = SceneCatalog.heldIn.map { $0.sizes[0].count * $0.pairs }
        #expect((sizes.max() ?? 0) / (sizes.min() ?? 1) >= 60)
        #expect(Set(SceneCatalog.tasks.map(\.category)) == Set(TaskCategory.allCases))
        #expect(Set(NamedDatasets.all.map(\.name)).count == NamedDatasets.all.count)
        #expect(SceneCatalog.heldOut.filter { $0.category == .videoQuestions }.count == 3)
        #expect(try NamedDatasets.dataset("okvqa").name == "okvqa")
        #expect(throws: DataError.unknownDataset(name: "scenes_ikonqa", nearest: ["scenes_iconqa"])) {
            try NamedDatasets.dataset("scenes_ikonqa")
        }
    }

    @Test("a set opens without files, and its samples are the same whoever asks", arguments: names)
    func open(_ name: String) throws {
        let definition = try NamedDatasets.dataset(name)
        for facts in definition.card.splits {
            #expect(definition.isThere(below: "/nowhere", for: facts.split))
            let samples = try definition.open("/nowhere", facts.split)
            #expect(samples.size == facts.size)
            let sample = try samples.sample(samples.count - 1)
            #expect(try sample == definition.open("/elsewhere", facts.split).sample(samples.count - 1))
            for image in sample.images { #expect(try image.decoded().width == SceneCatalog.side) }
        }
        #expect(throws: DataError.self) { try definition.open("/nowhere", .testDevelopment) }
        let task = try #require(SceneCatalog.tasks.first { $0.name == name })
        #expect(throws: SceneError.sideOutOfRange(7)) { try SceneCatalog.definition(task, side: 7).open("/", task.sizes[0].split) }
    }

    @Test("every sample becomes an example with the templates of training and of evaluation", arguments: names)
    func examples(_ name: String) throws {
        let definition = try NamedDatasets.dataset(name)
        let samples = try samples(name)
        let maker = ExampleMaker(dataset: name, category: definition.card.category.rawValue, title: definition.card.title)
        var generator = SeededGenerator(seed: 1)
        var ids: Set<String> = []
        for index in 0..<60 {
            let sample = try samples.sample(index)
            ids.insert(sample.id)
            let example = try maker.example(sample, &generator)
            #expect(!example.answer.isEmpty && !example.instruction.isEmpty && !example.instruction.contains("{"))
            if let prompt = definition.prompt { #expect(try !InstructionWriter().instruction(prompt.template, sample).isEmpty) }
            if case .question(let question) = sample.task, !question.choices.isEmpty {
                let correct = try #require(question.correct)
                #expect(question.choices[correct] == question.answers.first?.text)
                #expect(Set(question.choices).count == question.choices.count)
            }
        }
        #expect(ids.count == 60)
    }

    @Test("no answer is more than six in ten of its kind of question", arguments: names)
    func distribution(_ name: String) throws {
        let samples = try samples(name)
        var counts: [String: [String: Int]] = [:]
        for index in 0..<min(samples.count, 2_500) {
            let content = try samples.content(index)
            let kind = content.facts["question_type"] ?? content.facts["skills"] ?? ""
            switch content.task {
            case .caption(let captions): counts[kind, default: [:]][captions.references[0], default: 0] += 1
            case .question(let question), .questionGeneration(let question):
                #expect(abs(question.answers.map(\.weight).reduce(0, +) - (question.answers.contains { $0.weight > 2 } ? 10 : 0)) < 11)
                counts[kind, default: [:]][question.answers[0].text, default: 0] += 1
            case .instruction(let written): counts[kind, default: [:]][written.response ?? "", default: 0] += 1
            }
        }
        for (kind, answers) in counts {
            let all = answers.values.reduce(0, +)
            let most = answers.max { $0.value < $1.value }
            #expect(Double(most?.value ?? 0) <= 0.6 * Double(all), "\(kind): \(most?.key ?? "") \(most?.value ?? 0) of \(all)")
            #expect(all >= 20, "\(kind) comes \(all) times")
        }
    }

    @Test(
        "answers are what somebody finds who only has the description",
        arguments: ["scenes_vqa", "scenes_vqg", "scenes_reading", "scenes_textvqa"])
    func answers(_ name: String) throws {
        let samples = try samples(name)
        var kinds: [String: Int] = [:]
        for index in 0..<min(samples.count, 3_000) {
            let content = try samples.content(index)
            let question: VisualQuestion
            switch content.task {
            case .question(let asked), .questionGeneration(let asked): question = asked
            default: continue
            }
            let kind = content.facts["question_type"] ?? ""
            let found = SceneSolver(scene: content.scenes[0]).answer(question.text, kind)
            let given = question.answers.max { $0.weight < $1.weight }?.text
            #expect(
                question.answers.map(\.text).contains(found ?? "?"),
                "\(question.text) \(given ?? "") but \(found ?? "nothing"): \(SceneDescription(content.scenes[0]).text)")
            kinds[kind, default: 0] += 1
        }
        #expect(kinds.count == (name.hasPrefix("scenes_vq") ? 9 : 1))
    }

    @Test("statements are true or false as they are said to be")
    func statements() throws {
        let samples = try samples("scenes_vsr")
        var relations: Set<String> = []
        for index in 0..<samples.count {
            let content = try samples.content(index)
            guard case .question(let question) = content.task else { continue }
            let isTrue = SceneSolver(scene: content.scenes[0]).isTrue(question.text)
            #expect(isTrue == (question.answers[0].text == "true"), "\(question.text) \(SceneDescription(content.scenes[0]).text)")
            relations.insert(content.facts["relation"] ?? "")
        }
        #expect(relations.count == 6)
    }

    @Test(
        "captions name nothing that is not there",
        arguments: ["scenes_caption", "scenes_textcaps", "scenes_unseen_caption", "scenes_sketch_caption"])
    func captions(_ name: String) throws {
        let samples = try samples(name)
        for index in 0..<1_000 {
            let content = try samples.content(index)
            guard case .caption(let captions) = content.task else { continue }
            #expect(Set(captions.references).count == captions.references.count)
            let scene = content.scenes[0]
            for caption in captions.references {
                // Backgrounds have names of their own.
                let said = caption.replacing(scene.background.phrase, with: "")
                for phrase in said.split(separator: " and ").flatMap({ $0.components(separatedBy: ", ") }) {
                    let words = phrase.split(separator: " ").map(String.init)
                    guard words.contains(where: { word in ObjectKind.allCases.contains { $0.name == word || $0.plural == word } }) else {
                        continue
                    }
                    for part in phrase.components(separatedByAny: [
                        " left of ", " right of ", " above ", " below ", " in front of ", " behind ",
                    ]) {
                        #expect(
                            !SceneSolver(scene: scene).objects(Self.withoutText(part)).isEmpty,
                            "\(caption): \(SceneDescription(scene).text)")
                    }
                }
                for text in caption.split(separator: " ") where text.count > 1 && text.allSatisfy({ $0.isUppercase || $0.isNumber }) {
                    #expect(scene.texts.contains(String(text)))
                }
            }
        }
    }

    /// What is written may be the name of a thing: a sign that says FISH.
    private static func withoutText(_ phrase: String) -> String {
        phrase.split(separator: " ").filter { !$0.allSatisfy { $0.isUppercase || $0.isNumber } }.joined(separator: " ")
    }

    @Test("pictures that nothing can be told of are blurred, and only they")
    func blurred() throws {
        let samples = try samples("scenes_blurred")
        for index in 0..<300 {
            let content = try samples.content(index)
            guard case .question(let question) = content.task else { continue }
            #expect((question.answers[0].text == "unanswerable") == (content.scenes[0].sharpness == .blurred))
        }
    }

    @Test("training and evaluation share no scene")
    func splits() throws {
        for task in SceneCatalog.heldIn {
            let train = try (0..<50).map { try samples(task.name, .train).content($0).scenes[0] }
            let test = try (0..<50).map { try samples(task.name, .test).content($0).scenes[0] }
            for scene in test { #expect(!train.contains(scene)) }
        }
    }

    @Test("no held-in set shows what is held out")
    func heldIn() throws {
        for task in SceneCatalog.heldIn {
            let samples = try samples(task.name)
            for index in 0..<500 {
                for scene in try samples.content(index).scenes {
                    #expect(scene.drawing == .painted && scene.sharpness != .blurred)
                    #expect(!scene.objects.contains(where: HeldOutCombinations.contains))
                    #expect(Set(scene.texts).isDisjoint(with: HeldOutCombinations.words))
                }
            }
        }
    }
}

extension SampleImage {
    func decoded() throws -> RGBImage {
        guard case .bytes(let bytes) = source else { throw DataError.badRecord(place: label, reason: "it is no picture in memory") }
        return try ImageSource.bytes(bytes).load()
    }
}

extension StringProtocol {
    func components(separatedBy separator: String) -> [String] {
        var parts = [""]
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts[parts.count - 1] += rest[..<range.lowerBound]
            parts.append("")
            rest = rest[range.upperBound...]
        }
        parts[parts.count - 1] += rest
        return parts
    }

    func components(separatedByAny separators: [String]) -> [String] {
        separators.reduce([String(self)]) { parts, separator in parts.flatMap { $0.components(separatedBy: separator) } }
    }
}
