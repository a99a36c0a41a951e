import BlipData
import BlipScenes
import Foundation

/// A plan's data with its files open and its evaluation data left out: what training draws from.
public struct TrainingData: Sendable {
    public let plan: DataPlan
    public let sources: [OpenedSource]
    public let set: TrainingSet
    /// The evaluation sets kept out, and those of the paper's whose files are not there.
    public let excluded: [String]
    public let notChecked: [String]

    public enum Stage: Sendable {
        case excluding(String)
        case opening(String)
    }

    /// Opens every dataset of the plan.
    ///
    /// - Parameters:
    ///   - fingerprint: to leave out copies of evaluation pictures by what they look like, which reads every picture.
    ///   - progress: told what is read next, since annotations of gigabytes take a while.
    /// - Throws: ``DataError/missingFile(dataset:path:remedy:)`` and what else opening throws, and ``DataError/tooManyBadSamples(count:limit:last:)``.
    public init(
        _ plan: DataPlan, fingerprint: (@Sendable (SampleImage) throws -> PictureFingerprint)? = nil, progress: (Stage) -> Void = { _ in }
    ) throws {
        self.plan = plan
        let bad = BadSamples(limit: plan.maximumBadSamples)
        let problem = { (name: String, index: Int, error: any Error) throws in _ = try bad.add(name, index, "\(error)") }
        let evaluation = try Self.evaluation(plan)
        notChecked = evaluation.filter { $0.samples == nil }.map(\.name)
        var exclusions = Exclusions(fingerprint: fingerprint)
        var unreadable: [String: Int] = [:]
        for (name, samples) in evaluation {
            guard let samples else { continue }
            progress(.excluding(name))
            let dataset = name.split(separator: "/").first.map(String.init) ?? name
            try exclusions.add(samples(), named: name, of: dataset) { index, error in
                unreadable[name, default: 0] += 1
                try problem(name, index, error)
            }
        }
        excluded = exclusions.sets.map { name in unreadable[name].map { "\(name) (but for \($0) that cannot be read)" } ?? name }
        var sources: [OpenedSource] = []
        for source in plan.sources {
            progress(.opening(source.name))
            sources.append(try OpenedSource(source, root: plan.root).restricted(exclusions, seed: plan.seed, problem: problem))
        }
        self.sources = sources
        if plan.style.isForCaptions { for source in sources { try source.checkCaptions() } }
        set = TrainingSet(
            sources.map { $0.trainingPart(plan.style) }, try Mixture(sources.map(\.part), balance: plan.balance), seed: plan.seed, bad: bad)
    }

    /// The evaluation sets to leave out, each with a way to open it; nil where the paper's are meant and the files are not there.
    private static func evaluation(_ plan: DataPlan) throws -> [(name: String, samples: (() throws -> any SampleCollection)?)] {
        let root = plan.root.path
        switch plan.exclusion {
        case .nothing: return []
        case .paper:
            return DatasetCatalog.paper.compactMap { definition in
                guard let split = definition.card.evaluation else { return nil }
                let name = "\(definition.name)/\(split.rawValue)"
                return (name, definition.isThere(below: root, for: split) ? { try definition.open(root, split) } : nil)
            }
        case .named(let names):
            return try names.map { name in
                let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
                let definition = try NamedDatasets.dataset(parts.first ?? name)
                guard let split = parts.count > 1 ? Split(rawValue: parts[1]) : definition.card.evaluation else {
                    let splits = definition.card.splits.map(\.split.rawValue)
                    throw DataError.missingSplit(
                        dataset: definition.name, split: parts.dropFirst().first ?? "evaluation", available: splits)
                }
                return ("\(definition.name)/\(split.rawValue)", { try definition.open(root, split) })
            }
        }
    }
}
