/// A dataset as training takes it: its samples and how instructions are written around them.
public struct TrainingPart: Sendable {
    public var samples: any SampleCollection
    public var maker: ExampleMaker

    public init(_ samples: any SampleCollection, _ maker: ExampleMaker) {
        self.samples = samples
        self.maker = maker
    }
}

/// Several datasets drawn from in proportion, as examples.
public struct TrainingSet: Sendable {
    public let parts: [TrainingPart]
    public let mixture: Mixture
    public let seed: UInt64
    /// Where samples go that cannot be used.
    public let bad: BadSamples

    /// - Parameter mixture: one part for each of `parts`, in the same order.
    public init(_ parts: [TrainingPart], _ mixture: Mixture, seed: UInt64, bad: BadSamples) {
        precondition(parts.count == mixture.parts.count, "a mixture of \(mixture.parts.count) parts for \(parts.count) datasets")
        self.parts = parts
        self.mixture = mixture
        self.seed = seed
        self.bad = bad
    }

    /// Draws of another sample for one that cannot be used, before that is an error.
    public static let maximumReplacements = 100

    /// The example for a draw, made ready by `load`.
    ///
    /// A sample that is broken, or whose picture cannot be loaded, is noted and another of the same dataset is drawn in its place: the same one
    /// for whoever asks, so that runs stay alike.
    ///
    /// - Parameter load: turns the example into what is wanted, or throws if its pictures are unusable. It is told the draw that is used, and the
    ///   generator is that draw's own, for augmentation.
    public func example<T>(_ draw: Draw, load: (Example, Draw, inout SeededGenerator) throws -> T) throws -> T {
        var draw = draw
        let part = parts[draw.part]
        var replacements = SeededGenerator(
            seed: seed, MixtureStream.Purpose.replacement.rawValue, UInt64(draw.part), UInt64(draw.epoch), UInt64(draw.index))
        for _ in 0...Self.maximumReplacements {
            do {
                var generator = draw.generator(part.maker.dataset, seed: seed)
                let example = try part.maker.example(part.samples.sample(draw.index), &generator)
                return try load(example, draw, &generator)
            } catch let error as CancellationError {
                throw error
            } catch {
                try bad.add(part.maker.dataset, part.samples.origin(of: draw.index), "\(error)")
                draw.index = replacements.below(part.samples.count)
            }
        }
        let last = bad.entries.last.map { "\($0.dataset), sample \($0.index + 1): \($0.reason)" } ?? "none"
        throw DataError.badMixture(
            reason: "\(Self.maximumReplacements + 1) samples of \(part.maker.dataset) in a row could not be used; the last one: \(last)")
    }
}
