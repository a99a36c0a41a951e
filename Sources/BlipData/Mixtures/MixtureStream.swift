/// Which sample stands at each position of training, from the first to ever.
///
/// The stream is a function of the mixture and the seed alone: however many ranks and workers share it, position 1,000 is the same sample.
/// To start in the middle costs some nanoseconds for each position before it, so that a resumed run needs no state but its step.
public struct MixtureStream: Sendable, IteratorProtocol, Sequence {
    /// How long the stream stays with a dataset.
    public enum Grain: Sendable, Equatable {
        /// Every sample's dataset is drawn anew. Our default: each batch then has the mixture's proportions as near as its size allows, which
        /// keeps gradients of neighbouring steps alike.
        case sample
        /// So many positions in a row come of one dataset, as in the reference, which draws a dataset for a rank's whole batch.
        case batch(of: Int)
    }

    public let mixture: Mixture
    public let seed: UInt64
    public let grain: Grain
    /// The position of the next draw.
    public private(set) var position = 0
    /// How often each part was drawn before ``position``.
    private var drawn: [Int]
    private var orders: [(epoch: Int, order: SeededOrder)?]
    private var current = 0

    /// - Parameter position: the first position to give.
    public init(_ mixture: Mixture, seed: UInt64, grain: Grain = .sample, position: Int = 0) {
        self.mixture = mixture
        self.seed = seed
        self.grain = grain
        drawn = Array(repeating: 0, count: mixture.parts.count)
        orders = Array(repeating: nil, count: mixture.parts.count)
        skip(position)
    }

    /// Never nil.
    public mutating func next() -> Draw? { draw() }

    public mutating func draw() -> Draw {
        let part = advance()
        let count = mixture.parts[part].count
        let (epoch, place) = (drawn[part] - 1).quotientAndRemainder(dividingBy: count)
        if orders[part]?.epoch != epoch {
            let name = SeededGenerator.key(mixture.parts[part].name)
            orders[part] = (epoch, SeededOrder(count: count, SeededGenerator(seed: seed, Purpose.order.rawValue, name, UInt64(epoch))))
        }
        return Draw(position: position - 1, part: part, epoch: epoch, index: orders[part]?.order[place] ?? place)
    }

    public mutating func skip(_ count: Int) {
        for _ in 0..<count { _ = advance() }
    }

    /// The part that the next position takes.
    private mutating func advance() -> Int {
        let block: Int
        switch grain {
        case .sample: block = position
        case .batch(let size): block = position / Swift.max(1, size)
        }
        if grain == .sample || position % grain.size == 0 || position == 0 {
            var generator = SeededGenerator(seed: seed, Purpose.part.rawValue, UInt64(block))
            current = generator.place(among: mixture.probabilities) ?? 0
        }
        position += 1
        drawn[current] += 1
        return current
    }

    /// Keeps streams of numbers for different purposes apart.
    enum Purpose: UInt64 {
        case part = 1, order, example, replacement, picture
    }
}

extension MixtureStream.Grain {
    fileprivate var size: Int {
        switch self {
        case .sample: 1
        case .batch(let size): max(1, size)
        }
    }
}

/// One position of training.
public struct Draw: Sendable, Equatable {
    public var position: Int
    /// The place of the dataset among the mixture's parts.
    public var part: Int
    /// How many times the dataset was gone through before.
    public var epoch: Int
    /// The number of the sample in its collection.
    public var index: Int

    public init(position: Int, part: Int, epoch: Int, index: Int) {
        self.position = position
        self.part = part
        self.epoch = epoch
        self.index = index
    }

    /// What templates, answers and augmentation of this draw are drawn with.
    public func generator(_ dataset: String, seed: UInt64) -> SeededGenerator {
        SeededGenerator(
            seed: seed, MixtureStream.Purpose.example.rawValue, SeededGenerator.key(dataset), UInt64(epoch), UInt64(index))
    }
}
