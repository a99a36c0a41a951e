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
}

extension SampleCollection {
    public var size: Int { count }
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
}

/// Collections one after another, as one.
public struct JoinedSamples: SampleCollection {
    private let parts: [any SampleCollection]
    /// The number of the first sample of each part.
    private let starts: [Int]
    public let count: Int
    public let size: Int

    public init(_ parts: [any SampleCollection]) {
        self.parts = parts
        var starts: [Int] = []
        var count = 0
        for part in parts {
            starts.append(count)
            count += part.count
        }
        self.starts = starts
        self.count = count
        size = parts.reduce(0) { $0 + $1.size }
    }

    public func sample(_ index: Int) throws -> Sample {
        let part = (starts.firstIndex { $0 > index } ?? starts.count) - 1
        // An empty part shares its start with the next, which is the one that has the sample.
        return try parts[part].sample(index - starts[part])
    }
}
