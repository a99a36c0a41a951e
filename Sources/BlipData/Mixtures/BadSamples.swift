import Synchronization

/// The samples that could not be used: counted, named, and a limit to their number.
public final class BadSamples: Sendable {
    public struct Entry: Sendable, Equatable {
        public var dataset: String
        /// Its number in its collection.
        public var index: Int
        public var reason: String
    }

    /// More than these end a run.
    public let limit: Int
    private let state = Mutex((entries: [Entry](), seen: Set<UInt64>()))

    public init(limit: Int) { self.limit = limit }

    /// In the order in which they were met; a sample that was met twice stands once.
    public var entries: [Entry] { state.withLock { $0.entries } }
    public var count: Int { state.withLock { $0.entries.count } }

    /// - Returns: false if the sample was known already.
    /// - Throws: ``DataError/tooManyBadSamples(count:limit:last:)``.
    @discardableResult
    public func add(_ dataset: String, _ index: Int, _ reason: String) throws(DataError) -> Bool {
        let count: Int? = state.withLock { state in
            guard state.seen.insert(SeededGenerator.key("\(index) \(dataset)")).inserted else { return nil }
            state.entries.append(Entry(dataset: dataset, index: index, reason: reason))
            return state.entries.count
        }
        guard let count else { return false }
        if count > limit { throw .tooManyBadSamples(count: count, limit: limit, last: "\(dataset), sample \(index + 1): \(reason)") }
        return true
    }
}
