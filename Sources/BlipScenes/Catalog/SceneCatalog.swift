public import BlipData

/// Every set of scenes, in the order of the paper's categories. To add one, write its file and put its name here.
public enum SceneCatalog {
    public static let heldIn: [SceneTask] = [
        .captions, .readingCaptions, .questions, .knowledge, .reading, .questionGeneration, .details, .reasoning, .conversation,
    ]

    public static let heldOut: [SceneTask] = [
        .unseenCaptions, .sketchCaptions, .compositional, .spatial, .icons, .blurred, .science, .tokens,
        .motion, .change, .ending, .dialog, .labels,
    ]

    public static let tasks = heldIn + heldOut

    /// What all sets depend on: with another number they would be other scenes.
    public static let seed: UInt64 = 2_305

    /// The width and height of the sets' pictures, in pixels.
    public static let side = 96

    /// The sets as datasets beside those of `DatasetCatalog`. They need no files.
    public static let all: [DatasetDefinition] = tasks.map { definition($0) }

    /// A task as a dataset.
    ///
    /// - Parameter side: of its pictures, in pixels; opening it throws ``SceneError/sideOutOfRange(_:)`` where that cannot be.
    public static func definition(_ task: SceneTask, side: Int = SceneCatalog.side) -> DatasetDefinition {
        DatasetDefinition(
            DatasetCard(
                name: task.name, title: task.title, category: task.category, role: task.role, source: "made by this package, seed \(seed)",
                licence: "that of this package", splits: task.sizes.map { SplitFacts($0.split, $0.count * task.pairs, note: unit(task)) },
                evaluation: task.sizes.last?.split, metric: task.metric, files: [],
                notes: ["Pictures are \(side) pixels wide and drawn when they are asked for."] + task.notes),
            prompt: task.prompt, vocabulary: SceneWords.vocabulary
        ) { _, split in try SceneSamples(task, split, side: side) }
    }

    /// What parts are taught with before they are put together: no sets of the paper's categories.
    public static let lessons = [definition(.crowds)] + SceneText.Level.allCases.map(SceneText.definition)

    private static func unit(_ task: SceneTask) -> String {
        task.pairs > 1 ? "captions, \(task.pairs) of each picture" : task.category == .videoQuestions ? "clips" : "pictures"
    }
}
