public import BlipData

/// A scene of none of the sets, and one instruction of each of five kinds about it with what is right: what a model is shown off with.
public struct SceneInterview: Sendable {
    /// One instruction.
    public struct Item: Sendable {
        /// `question`, `caption`, `reading`, `counting` or `statement`.
        public let name: String
        /// What is asked, without the words around it.
        public let question: String
        /// What a model is told: the question in the prompt of the set it is like.
        public let instruction: String
        /// What is right, the usual word first. Of a caption one that would do, among many.
        public let answers: [String]
        /// What to choose from, where the answer is chosen; empty where it is written.
        public let candidates: [String]

        /// Whether other answers may be as right.
        public var isOpen: Bool { name == "caption" }
    }

    public let seed: UInt64
    public let scene: Scene
    public let items: [Item]

    /// - Parameter seed: the same seed gives the same scene and the same instructions on every machine.
    /// - Throws: ``DataError/badRecord(place:reason:)``, which would be a mistake in this package.
    public init(seed: UInt64) throws(DataError) {
        var style = SceneStyle(objects: 3...4, overlap: 0)
        (style.text, style.signs) = (1, 1)
        var generator = SeededGenerator(seed: seed, SeededGenerator.key("interview"))
        guard let (scene, drafts) = SceneTask.found(style, &generator, Self.drafts) else {
            throw .badRecord(
                place: "interview \(seed)", reason: "no scene drawn suits all instructions, which is a mistake in this package")
        }
        (self.seed, self.scene) = (seed, scene)
        var items: [Item] = []
        for draft in drafts { items.append(try draft.item()) }
        self.items = items
    }

    /// What is asked, and the set whose prompt goes around it.
    private struct Draft {
        let name: String
        let like: SceneTask
        let task: SampleTask

        func item() throws(DataError) -> Item {
            let template = like.prompt?.template ?? "{question}"
            let instruction = try InstructionWriter().instruction(template, Sample(id: name, images: [], task: task))
            switch task {
            case .question(let question):
                return Item(
                    name: name, question: question.text, instruction: instruction,
                    answers: question.answers.sorted { $0.weight > $1.weight }.map(\.text), candidates: question.candidates)
            case .caption(let captions):
                return Item(name: name, question: instruction, instruction: instruction, answers: captions.references, candidates: [])
            case .questionGeneration, .instruction:
                return Item(name: name, question: instruction, instruction: instruction, answers: [], candidates: [])
            }
        }
    }

    private static func drafts(_ scene: Scene, _ generator: inout SeededGenerator) -> [Draft]? {
        let writer = QuestionWriter(scene)
        let kinds: [SceneQuestion.Kind] = [.color, .kind, .position]
        // Every word that is right, since a person might use any of them.
        func ask(_ name: String, _ like: SceneTask, _ question: SceneQuestion) -> Draft {
            let answers = [WeightedAnswer(question.answer, weight: 2)] + question.synonyms.map { WeightedAnswer($0) }
            return Draft(name: name, like: like, task: .question(VisualQuestion(question.text, answers: answers)))
        }
        guard let question = writer.question(kinds[generator.below(kinds.count)], &generator), let text = writer.text(&generator),
            let count = writer.count(&generator), let caption = SceneCaptions(scene).captions(1, &generator).first,
            let (statement, _) = SceneTask.statement(scene, &generator)
        else { return nil }
        return [
            ask("question", .questions, question), Draft(name: "caption", like: .captions, task: .caption(Captions([caption]))),
            ask("reading", .reading, text), ask("counting", .questions, count),
            Draft(name: "statement", like: .spatial, task: .question(statement)),
        ]
    }
}
