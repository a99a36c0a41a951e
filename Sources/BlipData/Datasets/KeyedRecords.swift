import Synchronization

/// The records of a file by a key of theirs, for annotations that are published apart from what they annotate.
///
/// Official files keep the same order, so that the record wanted mostly stands where the other file's record stands. Only when it does not,
/// the whole file is read once for its keys. A record whose key cannot be read fails those whose record is not found without it.
public final class KeyedRecords: Sendable {
    private let file: RecordFile
    private let key: @Sendable (RecordFields) throws -> String
    private let index = Mutex<Index?>(nil)

    private struct Index {
        var places: [String: Int] = [:]
        /// Why the first record that has no key has none.
        var failure: (any Error)?
    }

    /// - Parameter key: the key of a record; equal keys mean the first record.
    public init(_ file: RecordFile, key: @escaping @Sendable (RecordFields) throws -> String) {
        self.file = file
        self.key = key
    }

    /// The record with a key; nil if there is none.
    ///
    /// - Parameter near: where it probably stands.
    public func record(_ wanted: String, near: Int) throws -> RecordFields? {
        var failure: (any Error)?
        if (0..<file.count).contains(near) {
            do {
                let record = try RecordFields(file, near)
                if try key(record) == wanted { return record }
            } catch {
                failure = error
            }
        }
        let known = index.withLock { index in
            let known = index ?? everyKey()
            index = known
            return known
        }
        if let place = known.places[wanted] { return try RecordFields(file, place) }
        if let failure = failure ?? known.failure { throw failure }
        return nil
    }

    /// The records that nobody asks for: no record of the other file has their key, or it has another of them already.
    ///
    /// Where both files have as many records, such a one leaves another without its own, which says so when it is its turn. So only files
    /// that differ are read for their keys.
    func strays(beside others: RecordFile) -> [Int] {
        guard file.count != others.count else { return [] }
        var free: Set<String> = []
        for place in 0..<others.count {
            // What cannot be read says so itself.
            do { free.insert(try key(RecordFields(others, place))) } catch { continue }
        }
        return (0..<file.count).filter { place in
            do { return free.remove(try key(RecordFields(file, place))) == nil } catch { return true }
        }
    }

    func record(at place: Int) throws -> RecordFields { try RecordFields(file, place) }
    func place(_ place: Int) -> String { file.place(place) }

    private func everyKey() -> Index {
        var index = Index()
        index.places.reserveCapacity(file.count)
        for place in 0..<file.count {
            do {
                let name = try key(RecordFields(file, place))
                if index.places[name] == nil { index.places[name] = place }
            } catch {
                index.failure = index.failure ?? error
            }
        }
        return index
    }
}
