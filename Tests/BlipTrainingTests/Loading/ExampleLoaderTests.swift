import BlipData
import BlipImages
import BlipTraining
import Foundation
import Testing

@Suite("What training reads depends on the seed and the step alone")
struct ExampleLoaderTests {
    /// Pictures of noise, every fifth one broken.
    private static func samples(_ count: Int, _ seed: UInt64) throws -> ListedSamples {
        var generator = SeededGenerator(seed: seed)
        return ListedSamples(
            try (0..<count).map { number in
                let (width, height) = (12 + generator.below(20), 12 + generator.below(20))
                let pixels = (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                var bytes = [UInt8](try RGBImage(width: width, height: height, pixels: pixels).pngData())
                if number % 5 == 4 { bytes.removeLast(bytes.count / 2) }
                return Sample(
                    id: "\(seed)-\(number)", images: [SampleImage(.bytes(bytes))],
                    task: .question(VisualQuestion("What is it?", answers: [WeightedAnswer("a net"), WeightedAnswer("noise", weight: 2)])))
            })
    }

    private func set() throws -> TrainingSet {
        let collections = [try Self.samples(7, 1), try Self.samples(23, 2)]
        let mixture = try Mixture([.init("few", count: 7), .init("many", count: 23)])
        let parts = zip(["few", "many"], collections).map { TrainingPart($1, ExampleMaker(dataset: $0, category: "c", title: $0)) }
        return TrainingSet(parts, mixture, seed: 11, bad: BadSamples(limit: 100))
    }

    private func batches(_ set: TrainingSet, workers: Int, rank: Int = 0, of ranks: Int = 1, step: Int = 0, count: Int) throws
        -> [[LoadedExample]]
    {
        var processor = ImageProcessor()
        (processor.width, processor.height) = (8, 8)
        let loader = try ExampleLoader(
            set, try ShardedBatches(set.mixture, seed: set.seed, globalBatch: 4, rank: rank, of: ranks, step: step),
            PictureLoader(processor, .blip2), workers: workers, depth: 9)
        return try (0..<count).map { _ in try loader.batch() }
    }

    private func bytes(_ batches: [[LoadedExample]]) -> [Data] {
        batches.joined().map { loaded in
            var data = Data("\(loaded.example.sample)|\(loaded.example.instruction)|\(loaded.example.answer)|".utf8)
            for value in loaded.frames.flatMap(\.values) { withUnsafeBytes(of: value) { data.append(contentsOf: $0) } }
            return data
        }
    }

    @Test("0, 1, 2 and 4 threads give the same bytes", arguments: [1, 2, 4])
    func workers(_ workers: Int) throws {
        let expected = try bytes(batches(set(), workers: 0, count: 25))
        let set = try set()
        #expect(try bytes(batches(set, workers: workers, count: 25)) == expected)
        #expect(set.bad.count == 5)
    }

    @Test("one, two and four ranks give the same bytes", arguments: [2, 4])
    func ranks(_ ranks: Int) throws {
        let expected = try bytes(batches(set(), workers: 0, count: 12))
        let shards = try (0..<ranks).map { try batches(set(), workers: 1, rank: $0, of: ranks, count: 12) }
        let together = (0..<12).map { step in shards.flatMap { $0[step] } }
        #expect(bytes(together) == expected)
    }

    @Test("a run resumed at any step goes on with the same bytes")
    func resume() throws {
        let expected = try bytes(batches(set(), workers: 2, count: 10))
        for step in 0..<10 {
            #expect(try bytes(batches(set(), workers: 2, step: step, count: 1)) == Array(expected[step * 4..<step * 4 + 4]))
        }
    }

    @Test("bad samples beyond the limit reach whoever asks for the batch")
    func limit() throws {
        let samples = try Self.samples(10, 3)
        let broken = TrainingSet(
            [TrainingPart(samples, ExampleMaker(dataset: "x", category: "c", title: "x"))], try Mixture([.init("x", count: 10)]), seed: 1,
            bad: BadSamples(limit: 1))
        #expect { _ = try batches(broken, workers: 2, count: 20) } throws: {
            "\($0)".contains("2 samples could not be read, more than the 1 allowed")
        }
    }

    @Test("a loader that was cancelled gives no more batches")
    func cancel() throws {
        let set = try set()
        let loader = try ExampleLoader(
            set, try ShardedBatches(set.mixture, seed: 1, globalBatch: 2), PictureLoader(ImageProcessor()), workers: 2, depth: 4)
        _ = try loader.batch()
        loader.cancel()
        #expect(throws: CancellationError.self) { try loader.batch() }
    }
}
