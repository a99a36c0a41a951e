import Blip
import BlipEvaluation
import BlipMetrics
import BlipScenes
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipSceneModel

/// The built-in model scores what it scored when `Scripts/scenes-scores` recorded it. Whatever breaks an answer on its way from picture to score is seen here.
@Suite("The built-in model keeps its scores", .serialized) struct ScoreGateTests {
    @Test("on fixed samples of every set, no score falls by more than chance explains")
    func gate() async throws {
        let recorded = try SceneModel.scores()
        #expect(recorded.sets == SceneCatalog.tasks.map(\.name), "record the scores anew: make scenes-scores")
        let complaints = recorded.complaints(try await Self.measure(SceneModel.folder(), recorded))
        #expect(complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
    }

    /// Whether the model has learned what can be unlearned: of random weights nothing gets worse.
    static var isTrained: Bool {
        get throws { try SceneModel.scores().scores.contains { $0.set == "scenes_vqa" && $0.value > 0.3 } }
    }

    @Test("a model whose projection is turned round does not pass", .enabled("it is trained") { try Self.isTrained })
    func disturbed() async throws {
        let recorded = try SceneModel.scores()
        let some = RecordedScores(recorded.scores.filter { ["scenes_vqa", "scenes_caption"].contains($0.set) })
        try await withTemporaryFolder { place in
            let copy = place.appendingPathComponent("scenes")
            try FileManager.default.copyItem(at: SceneModel.folder(), to: copy)
            try Self.disturb("language_projection.weight", of: copy)
            let complaints = some.complaints(try await Self.measure(copy, some))
            #expect(complaints.count == some.scores.count, "\(complaints)")
        }
    }

    /// What a checkpoint scores on the samples that were recorded, by the public interface.
    static func measure(_ checkpoint: URL, _ recorded: RecordedScores) async throws -> [String: [String: Double]] {
        // As recorded: float32 is the same on every machine to a few bits.
        let assistant = try await Assistant.open(checkpoint, OpenOptions(dtype: .float32))
        var measured: [String: [String: Double]] = [:]
        for set in recorded.sets {
            let benchmark = try BenchmarkCatalog.benchmark(set)
            let count = recorded.scores.first { $0.set == set }?.count ?? 1
            let samples = try EvaluationSamples(benchmark, root: "", limit: .count(count))
            let outcomes = try await withTemporaryFolder { folder in
                var run = EvaluationRun(benchmark, samples, folder: folder)
                run.batchSize = 32
                return try await run.predict(with: { assistant })
            }
            let scores = try BenchmarkScores(benchmark, samples, try #require(outcomes))
            #expect(scores.failures.isEmpty)
            measured[set] = Dictionary(scores.metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        }
        return measured
    }

    /// Turns a tensor's numbers round, so that they are the same numbers in the wrong places.
    static func disturb(_ name: String, of checkpoint: URL) throws {
        let url = checkpoint.appendingPathComponent(WeightFiles.singleName)
        let file = try SafetensorsFile(url)
        let (info, place) = (try #require(file.info(of: name)), try file.bytes(of: name).range)
        var bytes = [UInt8](try Data(contentsOf: url))
        let width = info.type.byteCount
        let numbers = stride(from: place.lowerBound, to: place.upperBound, by: width).map { Array(bytes[$0..<$0 + width]) }
        bytes.replaceSubrange(place, with: numbers.reversed().joined())
        // The file is mapped, so it must not be written in place.
        try FileManager.default.removeItem(at: url)
        try Data(bytes).write(to: url)
    }
}
