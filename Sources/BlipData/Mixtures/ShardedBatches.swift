/// The draws of one rank, batch after batch.
///
/// A step takes the next `globalBatch` positions of the stream; ranks take equal stretches of them, so that together they see what one rank
/// alone would, each sample once.
public struct ShardedBatches: Sendable, IteratorProtocol, Sequence {
    private var stream: MixtureStream
    private let globalBatch: Int
    private let mine: Range<Int>
    /// The step of the next batch.
    public private(set) var step: Int

    /// - Parameters:
    ///   - globalBatch: samples of a step over all ranks; a multiple of `ranks`.
    ///   - step: the first step to give, counted from 0.
    public init(
        _ mixture: Mixture, seed: UInt64, grain: MixtureStream.Grain = .sample, globalBatch: Int, rank: Int = 0, of ranks: Int = 1,
        step: Int = 0
    ) throws(DataError) {
        guard ranks > 0, (0..<ranks).contains(rank) else { throw .badMixture(reason: "there is no rank \(rank) among \(ranks)") }
        guard globalBatch > 0, globalBatch % ranks == 0 else {
            throw .badMixture(reason: "a batch of \(globalBatch) cannot be shared equally by \(ranks) ranks")
        }
        self.globalBatch = globalBatch
        let share = globalBatch / ranks
        mine = rank * share..<(rank + 1) * share
        self.step = step
        stream = MixtureStream(mixture, seed: seed, grain: grain, position: step * globalBatch)
    }

    /// Never nil.
    public mutating func next() -> [Draw]? { batch() }

    public mutating func batch() -> [Draw] {
        stream.skip(mine.lowerBound)
        let draws = mine.map { _ in stream.draw() }
        stream.skip(globalBatch - mine.upperBound)
        step += 1
        return draws
    }
}
