public import BlipData

/// Text about scenes in the format of every task, with the scene in words in place of a picture.
///
/// Language models learn from it what FlanT5 and Vicuna knew before they saw a picture: the formats, also those of the sets that are held out
/// from training on pictures, and to find in what they are told what they are asked for.
public struct SceneText: SampleCollection {
    public let count: Int
    private let level: Level

    /// How much there is to learn at once.
    public enum Level: String, Sendable, CaseIterable {
        /// Bare questions about few objects: to find what is asked for has to be learned first, and is learned there soonest.
        case primer = "scenes_primer"
        case all = "scenes_text"
        /// Questions for which several things have to be found at once: to count, to compare, to tell where one is from another.
        case drill = "scenes_drill"
        /// Questions about what holds between two things, step by step, in capital letters, and over the frames of clips.
        case relations = "scenes_relations"
        /// Questions whether one thing is two things at once: a star and red, where something else is red.
        case matches = "scenes_matches"
        /// Long answers: everything in a scene, line by line, and conversations of several turns.
        case accounts = "scenes_accounts"

        fileprivate var title: String {
            switch self {
            case .primer: "Scene Primer"
            case .all: "Scene Text"
            case .drill: "Scene Drill"
            case .relations: "Scene Relations"
            case .matches: "Scene Matches"
            case .accounts: "Scene Accounts"
            }
        }

        fileprivate var about: String {
            switch self {
            case .primer: "Bare questions about one to three objects."
            case .all: "The formats of all other sets are in it."
            case .drill: "Questions for which several things have to be found at once."
            case .relations: "Questions about what holds between two things, step by step."
            case .matches: "Questions whether one thing is two things at once."
            case .accounts: "Long answers: everything in a scene, and conversations of several turns."
            }
        }
    }

    /// - Parameter count: how many samples there are; each is made when it is asked for.
    public init(_ level: Level = .all, count: Int = SceneText.size) { (self.level, self.count) = (level, count) }

    public static let size = 2_000_000

    /// How often each task comes; formats with more to learn come more often.
    static let shares: [(task: SceneTask, share: Double)] = [
        (.questions, 10), (.captions, 3), (.readingCaptions, 1), (.knowledge, 1.5), (.reading, 2), (.questionGeneration, 1),
        (.details, 0.6),
        (.reasoning, 1.5), (.conversation, 1), (.unseenCaptions, 0.5), (.sketchCaptions, 0.5), (.compositional, 4), (.spatial, 3),
        (.icons, 1),
        (.blurred, 1), (.science, 1), (.tokens, 1), (.motion, 0.7), (.change, 0.5), (.ending, 0.7), (.dialog, 1), (.labels, 1),
    ]

    /// Of drills; the first stands for bare questions.
    private static let drills: [(task: SceneTask, share: Double)] = [(.questions, 6), (.compositional, 2), (.spatial, 2), (.motion, 0.3)]

    /// Likewise of relations. Clips are told frame by frame, so that what moves has to be found by comparing.
    private static let relations: [(task: SceneTask, share: Double)] = [
        (.questions, 20), (.motion, 1), (.change, 0.5), (.ending, 0.5), (.labels, 0.5),
    ]

    /// Likewise of matches, and what else goes by them.
    private static let matches: [(task: SceneTask, share: Double)] = [(.questions, 8), (.compositional, 1), (.labels, 1)]

    /// Likewise of accounts.
    private static let accounts: [(task: SceneTask, share: Double)] = [
        (.details, 6), (.captions, 1), (.readingCaptions, 1), (.conversation, 8),
    ]

    /// The share of samples without any description, from which is learned what answers there are.
    private static let undescribed = 0.02

    /// Words that are better read as their stem and its ending. Whole, "mushrooms" is a word of which nothing is known that was learned of "mushroom",
    /// and it comes too rarely to learn it again.
    public static let inflections = Set(ObjectKind.allCases.filter { $0.plural != $0.name }.map(\.plural))

    public static func definition(_ level: Level) -> DatasetDefinition {
        DatasetDefinition(card(level)) { _, _ in SceneText(level) }
    }

    private static func card(_ level: Level) -> DatasetCard {
        DatasetCard(
            name: level.rawValue, title: level.title, category: .instructions, role: .extra,
            source: "made by this package, seed \(SceneCatalog.seed)",
            licence: "that of this package", splits: [SplitFacts(.train, size, note: "texts without pictures")], files: [],
            notes: [
                "For training language models before they see pictures: scenes are told in words. "
                    + level.about
            ])
    }

    public func sample(_ index: Int) throws -> Sample {
        var generator = SeededGenerator(seed: SceneCatalog.seed, SeededGenerator.key(level.rawValue), UInt64(index))
        if level == .primer { return try primer(index, &generator) }
        let shares =
            switch level {
            case .primer, .all: Self.shares
            case .drill: Self.drills
            case .relations: Self.relations
            case .matches: Self.matches
            case .accounts: Self.accounts
            }
        for _ in 0..<100 {
            guard let place = generator.place(among: shares.map(\.share)) else { continue }
            if place == 0, level == .drill { return try drill(index, &generator) }
            if place == 0, level == .relations { return try relation(index, &generator) }
            if place == 0, level == .matches { return try match(index, &generator) }
            if let content = shares[place].task.draw(&generator) {
                return try Self.sample(content, of: shares[place].task, index, &generator)
            }
        }
        throw DataError.badRecord(
            place: "\(level.rawValue), sample \(index + 1)", reason: "no scene drawn suits a task, which is a mistake in it")
    }

    private func primer(_ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        let kinds: [SceneQuestion.Kind] = [
            .color, .color, .color, .kind, .kind, .count, .existence, .position, .position, .size, .texture, .comparison, .surroundings,
            .text,
        ]
        let kind = kinds[generator.below(kinds.count)]
        return try bare(kind, SceneStyle(objects: 1...3, text: kind == .text ? 1 : 0.1, overlap: 0.1), index, &generator)
    }

    private func drill(_ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        let kinds: [SceneQuestion.Kind] = [
            .count, .count, .count, .count, .comparison, .comparison, .comparison, .existence, .existence, .existence, .position, .text,
        ]
        let kind = kinds[generator.below(kinds.count)]
        var style = SceneStyle.training
        if kind == .count { (style.repetition, style.objects) = (0.75, 1...6) }
        if kind == .comparison { style.objects = 2...5 }
        if kind == .text { style.text = 1 }
        return try bare(kind, style, index, &generator)
    }

    private func relation(_ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        switch generator.below(16) {
        // To count is to find several things at once, too.
        case 0..<4:
            var style = SceneStyle.training
            (style.repetition, style.objects) = (0.75, 1...6)
            return try bare(.count, style, index, &generator)
        // A name in capitals is found where letters mean words.
        case 4: return try bare(SceneStyle(objects: 1...4), index, &generator, SceneTask.inCapitals)
        case 5: return try relation(.which, index, &generator)
        case 6..<10: return try relation(.first, index, &generator)
        case 10..<13: return try relation(.thought, index, &generator)
        default: return try relation(.direct, index, &generator)
        }
    }

    private func relation(_ form: RelationWriter.Form, _ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        try bare(SceneStyle(objects: 2...5, overlap: 0.5), index, &generator) { RelationWriter($0).question(form, &$1) }
    }

    private func match(_ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        let form: MatchWriter.Form = generator.below(3) == 0 ? .thought : .direct
        return try bare(SceneStyle(objects: 2...6, overlap: 0.5), index, &generator) { MatchWriter($0).question(form, &$1) }
    }

    private func bare(_ kind: SceneQuestion.Kind, _ style: SceneStyle, _ index: Int, _ generator: inout SeededGenerator) throws -> Sample {
        try bare(style, index, &generator) { QuestionWriter($0).question(kind, &$1) }
    }

    private func bare(
        _ style: SceneStyle, _ index: Int, _ generator: inout SeededGenerator, _ ask: (Scene, inout SeededGenerator) -> SceneQuestion?
    ) throws -> Sample {
        guard let (scene, question) = SceneTask.found(style, &generator, ask) else {
            throw DataError.badRecord(
                place: "\(level.rawValue), sample \(index + 1)", reason: "no scene drawn suits its question, which is a mistake in it")
        }
        return Sample(
            id: "\(index)", images: [], task: .instruction(WrittenInstruction(question.text, response: question.answer)),
            facts: ["task": level.rawValue], descriptions: [scene.words])
    }

    /// Everything that a sample says: instruction, response, and the words of its descriptions.
    public func texts(_ index: Int) throws -> [String] {
        let sample = try sample(index)
        guard case .instruction(let written) = sample.task else { return [] }
        let words = sample.descriptions.flatMap(\.things).flatMap(\.words).map(\.text)
        return [written.instruction, written.response ?? ""] + words
    }

    /// The instruction is written here, since it differs from task to task.
    private static func sample(
        _ content: SceneContent, of task: SceneTask, _ index: Int, _ generator: inout SeededGenerator
    ) throws -> Sample {
        var templates = TemplateSet.paper
        // Half of the questions stand bare: what is asked is harder to learn than how, and short texts are read faster.
        if generator.below(2) == 0 { templates.questions = ["{question}"] }
        if task.role == .heldOut, let own = task.prompt?.template, generator.below(2) == 0 {
            (templates.captions, templates.questions) = ([own], [own])
        }
        let maker = ExampleMaker(dataset: task.name, category: task.category.rawValue, title: task.title, style: .templates(templates))
        let example = try maker.example(Sample(id: "\(index)", images: [], task: content.task), &generator)
        let isDescribed = generator.unit() >= undescribed
        return Sample(
            id: "\(index)", images: [], task: .instruction(WrittenInstruction(example.instruction, response: example.answer)),
            facts: ["task": task.name], descriptions: content.scenes.map { isDescribed ? $0.words : PictureDescription([]) })
    }
}
