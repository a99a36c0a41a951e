public import BlipData

/// The samples of one split of a task, each drawn and rendered when it is asked for.
public struct SceneSamples: SampleCollection {
    public let task: SceneTask
    public let split: Split
    public let count: Int
    private let renderer: SceneRenderer

    /// How often a scene is drawn anew for a sample before that is taken for a mistake in the task.
    private static let maximumDraws = 1_000

    /// - Parameter side: of the pictures, in pixels.
    /// - Throws: ``SceneError/sideOutOfRange(_:)``, or ``DataError/missingSplit(dataset:split:available:)``.
    public init(_ task: SceneTask, _ split: Split, side: Int = SceneCatalog.side) throws {
        guard let size = task.sizes.first(where: { $0.split == split }) else {
            throw DataError.missingSplit(dataset: task.name, split: split.rawValue, available: task.sizes.map(\.split.rawValue))
        }
        self.task = task
        self.split = split
        count = size.count
        renderer = try SceneRenderer(side: side)
    }

    public var size: Int { count * task.pairs }

    /// The scenes of a sample and what is said of them, without drawing a picture: for learning from text alone.
    public func content(_ index: Int) throws -> SceneContent {
        for attempt in 0..<Self.maximumDraws {
            var generator = SeededGenerator(
                seed: SceneCatalog.seed, SeededGenerator.key(task.name), SeededGenerator.key(split.rawValue), UInt64(index), UInt64(attempt)
            )
            if let content = task.draw(&generator) { return content }
        }
        throw DataError.badRecord(
            place: "\(task.name)/\(split.rawValue), sample \(index + 1)", reason: "no scene drawn suits the task, which is a mistake in it")
    }

    public func sample(_ index: Int) throws -> Sample {
        let content = try content(index)
        let id = "\(split.rawValue)-\(index)"
        let images = content.scenes.enumerated().map { frame, scene in
            let name = "\(task.name)/\(id)" + (content.scenes.count > 1 ? "/\(frame)" : "")
            return SampleImage(.bytes(renderer.png(scene)), identity: name)
        }
        var facts = content.facts
        facts["image_id"] = "\(task.name)/\(id)"
        return Sample(id: id, images: images, task: content.task, facts: facts, descriptions: content.scenes.map(\.words))
    }
}
