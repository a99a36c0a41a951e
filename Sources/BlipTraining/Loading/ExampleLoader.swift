public import BlipData
public import BlipImages
import BlipPictures
import Foundation

/// An example with its pictures ready for the network.
public struct LoadedExample: Sendable {
    public var draw: Draw
    public var example: Example
    /// One for each picture, or each frame of a clip; none where pictures are told in words.
    public var frames: [PixelPlanes]
}

/// The batches of one rank, made ready ahead of the network by threads of their own.
///
/// What a batch holds depends on the set, the seed and the step alone: neither the number of threads nor where a run was resumed changes a byte.
public final class ExampleLoader: Sendable {
    private let prefetch: OrderedPrefetch<LoadedExample>
    private let share: Int

    /// - Parameters:
    ///   - batches: where to begin; its batches are drawn as they are needed.
    ///   - pictures: nil leaves pictures unread.
    ///   - frames: frames of a clip.
    ///   - workers: threads that read pictures; with 0 they are read when a batch is asked for.
    ///   - depth: examples made ready ahead.
    public init(
        _ set: TrainingSet, _ batches: ShardedBatches, _ pictures: PictureLoader?, frames: Int = FrameSampling.defaultCount, workers: Int,
        depth: Int
    ) throws {
        var batches = batches
        let first = batches.batch()
        share = first.count
        let draws = DrawQueue(batches, first)
        prefetch = try OrderedPrefetch(0..<Int.max, workers: workers, depth: depth) { number in
            try set.example(draws.draw(number)) { example, draw, generator in
                guard let pictures else { return LoadedExample(draw: draw, example: example, frames: []) }
                let planes = try example.images.flatMap { image in try image.planes(pictures, frames: frames, &generator) }
                guard !planes.isEmpty else {
                    throw DataError.badRecord(place: "sample \(example.sample)", reason: "it has no picture; the network cannot do without")
                }
                return LoadedExample(draw: draw, example: example, frames: planes)
            }
        }
    }

    /// The next batch of this rank.
    ///
    /// - Throws: ``DataError/tooManyBadSamples(count:limit:last:)``, or `CancellationError` after ``cancel()``.
    public func batch() throws -> [LoadedExample] {
        try (0..<share).map { _ in
            guard let next = prefetch.next() else { throw CancellationError() }
            return try next.get()
        }
    }

    public func cancel() { prefetch.cancel() }
}

extension SampleImage {
    /// What the network sees of it. Frames of one clip are all varied alike.
    func planes(_ loader: PictureLoader, frames: Int, _ generator: inout SeededGenerator) throws -> [PixelPlanes] {
        let source = try imageSource()
        guard case .clip = self.source else { return [try loader.planes(of: source, using: &generator)] }
        let pictures = try source.frames(frames, limits: loader.limits)
        guard let first = pictures.first else { throw DataError.badRecord(place: label, reason: "it has no frames") }
        let plan = loader.augmentation.plan(width: first.width, height: first.height, using: &generator)
        return try pictures.map { try loader.processor($0, plan) }
    }
}

/// Draws in the order of their numbers, for threads that ask in nearly that order.
///
/// Unchecked: everything is touched under the lock alone.
private final class DrawQueue: @unchecked Sendable {
    private let lock = NSLock()
    private var batches: ShardedBatches
    /// Draws not asked for yet, by their numbers.
    private var waiting: [Int: Draw] = [:]
    private var drawn = 0

    init(_ batches: ShardedBatches, _ first: [Draw]) {
        self.batches = batches
        add(first)
    }

    private func add(_ draws: [Draw]) {
        for draw in draws {
            waiting[drawn] = draw
            drawn += 1
        }
    }

    func draw(_ number: Int) -> Draw {
        lock.withLock {
            while drawn <= number { add(batches.batch()) }
            guard let draw = waiting.removeValue(forKey: number) else { preconditionFailure("draw \(number) was asked for twice") }
            return draw
        }
    }
}
