public import BlipData

/// A set of scenes with something to do about each: what a dataset is in the real world.
///
/// To add one, write a file with such a value and put its name into ``SceneCatalog/tasks``.
public struct SceneTask: Sendable {
    /// How commands and plans call it: `scenes_vqa`.
    public var name: String
    public var title: String
    public var category: TaskCategory
    public var role: DatasetRole
    /// How many samples each split has. A sample is made when it is asked for, so that they cost nothing.
    public var sizes: [(split: Split, count: Int)]
    /// Pairs of picture and text to a sample: the captions it has.
    public var pairs = 1
    public var metric: String
    public var prompt: EvaluationPrompt?
    /// What a reader of the card should know.
    public var notes: [String]
    /// Draws a scene and what is said of it; nil where the scene drawn does not suit, and another is to be drawn.
    public var draw: @Sendable (inout SeededGenerator) -> SceneContent?

    /// A set to train on.
    static func heldIn(
        _ name: String, _ title: String, _ category: TaskCategory, train: Int, pairs: Int = 1, metric: String, _ prompt: Template? = nil,
        notes: [String] = [], draw: @escaping @Sendable (inout SeededGenerator) -> SceneContent?
    ) -> SceneTask {
        SceneTask(
            name: name, title: title, category: category, role: .heldIn,
            sizes: [(.train, train), (.validation, validationCount), (.test, testCount)],
            pairs: pairs, metric: metric, prompt: prompt.map { EvaluationPrompt($0, evidence: evidence) }, notes: notes, draw: draw)
    }

    /// A set to evaluate on without having trained on it.
    static func heldOut(
        _ name: String, _ title: String, _ category: TaskCategory, test: Int, pairs: Int = 1, metric: String, _ prompt: Template,
        _ answering: EvaluationPrompt.Answering = .generate, notes: [String] = [],
        draw: @escaping @Sendable (inout SeededGenerator) -> SceneContent?
    ) -> SceneTask {
        SceneTask(
            name: name, title: title, category: category, role: .heldOut, sizes: [(.test, test)], pairs: pairs, metric: metric,
            prompt: EvaluationPrompt(prompt, answering, evidence: evidence), notes: notes, draw: draw)
    }

    /// For choosing between checkpoints, and for the figures to report.
    private static let (validationCount, testCount) = (2_000, 2_000)
    private static let evidence = "the prompt that the paper uses for its nearest dataset, or ours"
}

extension SceneTask {
    /// The first scene drawn that something can be made of.
    ///
    /// What is asked for is chosen before the scene and stays chosen while scenes are drawn anew, so that questions that few scenes suit are no rarer
    /// than the others.
    static func found<Result>(
        _ style: SceneStyle, _ generator: inout SeededGenerator, _ make: (Scene, inout SeededGenerator) -> Result?
    ) -> (scene: Scene, result: Result)? {
        let scenes = SceneGenerator(style)
        for _ in 0..<400 {
            let scene = scenes.scene(&generator)
            if let result = make(scene, &generator) { return (scene, result) }
        }
        return nil
    }
}

/// What one sample shows and says.
public struct SceneContent: Sendable {
    /// One, or the frames of a clip.
    public var scenes: [Scene]
    public var task: SampleTask
    /// What breakdowns need besides, `question_type` for example.
    public var facts: [String: String]

    public init(_ scenes: [Scene], _ task: SampleTask, facts: [String: String] = [:]) {
        self.scenes = scenes
        self.task = task
        self.facts = facts
    }
}
