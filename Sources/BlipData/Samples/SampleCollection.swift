/// The samples of one split, each to be had by its number.
///
/// Opening one reads annotations only; a sample is parsed when it is asked for, on whichever thread asks.
public protocol SampleCollection: Sendable {
    var count: Int { get }
    /// How many pairs of picture and text there are, which is what the paper balances by: a picture with five captions counts five times.
    var size: Int { get }
    /// - Parameter index: `0..<count`.
    /// - Throws: ``DataError/badRecord(place:reason:)`` or ``RecordError`` for a record that is broken. The others stay readable.
    func sample(_ index: Int) throws -> Sample
    /// The number that a sample has in the file, where this collection is a choice from it.
    func origin(of index: Int) -> Int
}

extension SampleCollection {
    public var size: Int { count }
    public func origin(of index: Int) -> Int { index }
}

/// Samples made elsewhere.
public struct ListedSamples: SampleCollection {
    public var samples: [Sample]

    public init(_ samples: [Sample]) { self.samples = samples }

    public var count: Int { samples.count }
    public func sample(_ index: Int) throws -> Sample { samples[index] }
}

/// Samples of a collection, turned into others one by one: a question set read backwards, for example.
public struct MappedSamples: SampleCollection {
    private let base: any SampleCollection
    private let transform: @Sendable (Sample) throws -> Sample

    public init(_ base: any SampleCollection, _ transform: @escaping @Sendable (Sample) throws -> Sample) {
        self.base = base
        self.transform = transform
    }

    public var count: Int { base.count }
    public var size: Int { base.size }
    public func sample(_ index: Int) throws -> Sample { try transform(base.sample(index)) }
    public func origin(of index: Int) -> Int { base.origin(of: index) }
}

/// Some samples of a collection, by their numbers.
public struct ChosenSamples: SampleCollection {
    private let base: any SampleCollection
    private let chosen: [Int]
    public let size: Int

    /// - Parameter size: pairs of picture and text; as many as were chosen where nil.
    public init(_ base: any SampleCollection, _ chosen: [Int], size: Int? = nil) {
        self.base = base
        self.chosen = chosen
        self.size = size ?? chosen.count
    }

    public var count: Int { chosen.count }
    public func sample(_ index: Int) throws -> Sample { try base.sample(chosen[index]) }
    public func origin(of index: Int) -> Int { base.origin(of: chosen[index]) }
}
