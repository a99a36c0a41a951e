import BlipData
import Foundation

/// A dataset of a plan with its files open.
public struct OpenedSource: Sendable {
    public let source: DataPlan.Source
    public let samples: any SampleCollection
    /// What it is called in the prefix of plain instructions.
    public let category: String
    public let title: String
    /// Samples left out because an evaluation set has their picture or question.
    public var removed: [Exclusions.Reason: Int] = [:]

    public var name: String { source.name }

    /// - Parameter root: the folder of the catalog's datasets.
    public init(_ source: DataPlan.Source, root: URL) throws {
        self.source = source
        switch source.origin {
        case .named(let name):
            let definition = try DatasetCatalog.dataset(name)
            samples = try definition.open(root.path, source.split)
            (category, title) = (definition.card.category.rawValue, definition.card.title)
        case .path(let path):
            samples = try OwnData.open(path, format: source.format, images: source.images).samples
            (category, title) = ("Own data", source.name)
        }
    }

    private init(_ other: OpenedSource, _ samples: any SampleCollection, removed: [Exclusions.Reason: Int]) {
        (source, category, title) = (other.source, other.category, other.title)
        self.samples = samples
        self.removed = removed
    }

    /// Without what evaluation sets have, and with as many samples as the plan allows.
    func restricted(_ exclusions: Exclusions, seed: UInt64, problem: (String, Int, any Error) throws -> Void) rethrows -> OpenedSource {
        let kept = try exclusions.filter(samples) { try problem(name, $0, $1) }
        guard let limit = source.limit, limit < kept.samples.count else { return OpenedSource(self, kept.samples, removed: kept.removed) }
        let order = SeededOrder(count: kept.samples.count, SeededGenerator(seed: seed, SeededGenerator.key(name)))
        let chosen = ChosenSamples(kept.samples, (0..<limit).map { order[$0] }.sorted())
        return OpenedSource(self, chosen, removed: kept.removed)
    }

    var part: Mixture.Part {
        Mixture.Part(name, count: samples.count, size: source.size ?? samples.size, weight: source.weight, cap: source.cap)
    }

    func trainingPart(_ style: InstructionStyle) -> TrainingPart {
        TrainingPart(samples, ExampleMaker(dataset: name, category: category, title: title, style: style))
    }
}
