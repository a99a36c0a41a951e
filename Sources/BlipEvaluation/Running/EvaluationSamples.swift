import BlipData
import BlipScenes

/// The samples of a benchmark that are asked: all of them, or a part that is spread evenly over them.
public struct EvaluationSamples: Sendable {
    /// How many.
    public enum Limit: Sendable, Equatable {
        case all
        case count(Int)
        /// In (0, 1].
        case share(Double)
    }

    private let collection: any SampleCollection
    /// Numbers in the collection.
    let places: [Int]
    /// Of the whole split, before options and limit.
    public let originalCount: Int
    private let benchmark: EvaluationBenchmark

    public var count: Int { places.count }

    /// - Parameter root: the folder that holds all datasets; scenes need none.
    /// - Throws: what is missing or broken; ``EvaluationError/nothingToEvaluate(benchmark:reason:)``.
    public init(_ benchmark: EvaluationBenchmark, root: String, limit: Limit = .all) throws {
        try self.init(benchmark, NamedDatasets.dataset(benchmark.dataset).open(root, benchmark.split), limit: limit)
    }

    /// The same for samples from elsewhere.
    public init(_ benchmark: EvaluationBenchmark, _ collection: any SampleCollection, limit: Limit = .all) throws {
        (self.benchmark, self.collection, originalCount) = (benchmark, collection, collection.count)
        var kept = Array(0..<collection.count)
        // Only options leave samples out, and most have none: then nothing needs to be read here.
        if benchmark.leavesOut {
            kept = kept.filter { place in
                // What is broken stays, and is told of when it is asked.
                do { return benchmark.prepare(try collection.sample(place)) != nil } catch { return true }
            }
        }
        let wanted =
            switch limit {
            case .all: kept.count
            case .count(let count): min(count, kept.count)
            case .share(let share): min(kept.count, max(1, Int((share * Double(kept.count)).rounded())))
            }
        places = (0..<wanted).map { kept[$0 * kept.count / max(1, wanted)] }
        guard !places.isEmpty else {
            throw EvaluationError.nothingToEvaluate(
                benchmark: benchmark.name, reason: "its split \(benchmark.split.rawValue) has no such samples")
        }
    }

    /// - Parameter number: `0..<count`.
    public func item(_ number: Int) throws -> EvaluationItem {
        let sample = try collection.sample(places[number])
        return try EvaluationItem(benchmark.prepare(sample) ?? sample, benchmark)
    }
}
