import BlipData
import BlipScenes
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
            let definition = try NamedDatasets.dataset(name)
            samples = try definition.open(root.path, source.split)
            (category, title) = (definition.card.category.rawValue, definition.card.title)
        case .path(let path):
            samples = try OwnData.open(
                path, format: source.format, images: source.images, annotations: source.annotations, trustsPaths: source.trustsPaths
            ).samples
            (category, title) = ("Own data", source.name)
        }
    }

    private init(_ other: OpenedSource, _ samples: any SampleCollection, removed: [Exclusions.Reason: Int]) {
        (source, category, title) = (other.source, other.category, other.title)
        self.samples = samples
        self.removed = removed
    }

    /// Without what evaluation sets have, and with as many samples as the plan allows.
    func restricted(_ exclusions: Exclusions, seed: UInt64, problem: (String, Int, any Error) throws -> Void) throws -> OpenedSource {
        let kept = try exclusions.filter(samples, of: dataset) { try problem(name, $0, $1) }
        let left = kept.samples
        if left.count == 0, samples.count > 0 {
            let sets = Set(kept.removed.keys.map(\.evaluation)).sorted().joined(separator: ", ")
            throw DataError.badMixture(
                reason:
                    "all \(samples.count) samples of \(name) are kept out of training for \(sets); leave out the dataset, or exclude less")
        }
        guard let limit = source.limit, limit < left.count else { return OpenedSource(self, left, removed: kept.removed) }
        let order = SeededOrder(count: left.count, SeededGenerator(seed: seed, SeededGenerator.key(name)))
        let chosen = (0..<limit).map { order[$0] }.sorted()
        // Where a sample is one pair, none of them has to be read for it.
        let size = left.size == left.count ? limit : chosen.reduce(0) { $0 + pairs(left, $1) }
        return OpenedSource(self, ChosenSamples(left, chosen, size: size), removed: kept.removed)
    }

    /// The pairs of a sample; one that cannot be read is met again when it is drawn.
    private func pairs(_ samples: any SampleCollection, _ index: Int) -> Int {
        do { return try samples.sample(index).pairs } catch { return 1 }
    }

    /// Whether it seems to hold captions: its first sample does. Others are met when they are drawn.
    func checkCaptions() throws {
        guard samples.count > 0 else { return }
        let first: Sample
        // One that cannot be read is counted when it is drawn.
        do { first = try samples.sample(0) } catch { return }
        do { try ExampleMaker.checkCaption(first) } catch { throw DataError.badPlan(place: name, reason: "\(error)") }
    }

    /// Within which ids of questions are unique.
    private var dataset: String {
        if case .named(let name) = source.origin { name } else { name }
    }

    var part: Mixture.Part {
        Mixture.Part(name, count: samples.count, size: source.size ?? samples.size, weight: source.weight, cap: source.cap)
    }

    func trainingPart(_ style: InstructionStyle) -> TrainingPart {
        TrainingPart(samples, ExampleMaker(dataset: name, category: category, title: title, style: style))
    }
}
