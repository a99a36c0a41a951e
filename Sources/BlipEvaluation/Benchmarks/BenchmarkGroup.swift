import BlipData
import BlipScenes

/// Names that stand for several benchmarks.
public enum BenchmarkGroup: String, Sendable, CaseIterable {
    /// Everything.
    case all
    /// The paper's: its thirteen held-out sets, and those it trains on that have answers to compare with.
    case paper
    case heldIn = "held-in"
    case heldOut = "held-out"
    /// Every set of scenes.
    case scenes
    case scenesHeldIn = "scenes-held-in"
    case scenesHeldOut = "scenes-held-out"

    public var benchmarks: [String] {
        get throws {
            switch self {
            case .all: BenchmarkCatalog.names
            case .paper: BenchmarkCatalog.paper
            case .heldIn: try BenchmarkCatalog.paper.filter { try BenchmarkCatalog.benchmark($0).role != .heldOut }
            case .heldOut: try BenchmarkCatalog.paper.filter { try BenchmarkCatalog.benchmark($0).role == .heldOut }
            case .scenes: BenchmarkCatalog.scenes
            case .scenesHeldIn: SceneCatalog.heldIn.map(\.name)
            case .scenesHeldOut: SceneCatalog.heldOut.map(\.name)
            }
        }
    }
}

extension BenchmarkCatalog {
    /// Benchmarks by their names and by the names of groups, each once, in the order in which they were named.
    ///
    /// - Throws: ``EvaluationError/unknownBenchmark(name:nearest:available:)``.
    public static func benchmarks(named names: [String]) throws -> [EvaluationBenchmark] {
        var chosen: [EvaluationBenchmark] = []
        for name in names {
            for name in try BenchmarkGroup(rawValue: name)?.benchmarks ?? [name] where !chosen.contains(where: { $0.name == name }) {
                chosen.append(try benchmark(name))
            }
        }
        return chosen
    }
}
