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
    /// Whose picture is shown.
    public let picture: EvaluationPicture
    private let circle: PictureCircle

    /// What shuffled pictures depend on.
    public static let pictureSeed: UInt64 = 42

    public var count: Int { places.count }

    /// - Parameter root: the folder that holds all datasets; scenes need none.
    /// - Throws: what is missing or broken; ``EvaluationError/nothingToEvaluate(benchmark:reason:)``.
    public init(_ benchmark: EvaluationBenchmark, root: String, limit: Limit = .all, picture: EvaluationPicture = .given) throws {
        try self.init(
            benchmark, NamedDatasets.dataset(benchmark.dataset).open(root, benchmark.split), limit: limit, picture: picture)
    }

    /// The same for samples from elsewhere.
    public init(
        _ benchmark: EvaluationBenchmark, _ collection: any SampleCollection, limit: Limit = .all, picture: EvaluationPicture = .given
    ) throws {
        (self.benchmark, self.collection, originalCount, self.picture) = (benchmark, collection, collection.count, picture)
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
        circle = PictureCircle(places.count, seed: Self.pictureSeed)
        guard !places.isEmpty else {
            throw EvaluationError.nothingToEvaluate(
                benchmark: benchmark.name, reason: "its split \(benchmark.split.rawValue) has no such samples")
        }
    }

    /// - Parameter number: `0..<count`.
    public func item(_ number: Int) throws -> EvaluationItem {
        let sample = try collection.sample(places[number])
        var item = try EvaluationItem(benchmark.prepare(sample) ?? sample, benchmark)
        // The caption is judged by what its own picture shows, whichever was given.
        if try benchmark.describesScenes, let scenes = collection as? SceneSamples {
            item.scene = try scenes.content(places[number]).scenes.first
        }
        switch picture {
        case .given: break
        case .none: item.images = []
        case .shuffled: item.images = try otherImages(than: sample.images, number)
        }
        return item
    }

    /// The pictures of the first sample behind this one in the circle that shows something else: datasets ask several questions about one picture.
    private func otherImages(than images: [SampleImage], _ number: Int) throws -> [SampleImage] {
        for other in circle.others(than: number) {
            let others: [SampleImage]
            // Where one cannot be read the next one serves as well.
            do { others = try collection.sample(places[other]).images } catch { continue }
            if !others.isEmpty, others.map(Self.identity) != images.map(Self.identity) { return others }
        }
        throw EvaluationError.nothingToEvaluate(benchmark: benchmark.name, reason: "no other sample has another picture")
    }

    private static func identity(_ image: SampleImage) -> String { image.identity ?? image.label }
}
