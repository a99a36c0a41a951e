import Synchronization

/// The records of a file by a key of theirs, for annotations that are published apart from what they annotate.
///
/// Official files keep the same order, so that the record wanted mostly stands where the other file's record stands. Only when it does not,
/// the whole file is read once for its keys.
public final class KeyedRecords: Sendable {
    private let file: RecordFile
    private let key: @Sendable (RecordFields) throws -> String
    private let places = Mutex<[String: Int]?>(nil)

    /// - Parameter key: the key of a record; equal keys mean the first record.
    public init(_ file: RecordFile, key: @escaping @Sendable (RecordFields) throws -> String) {
        self.file = file
        self.key = key
    }

    /// The record with a key; nil if there is none.
    ///
    /// - Parameter near: where it probably stands.
    public func record(_ wanted: String, near: Int) throws -> RecordFields? {
        if (0..<file.count).contains(near) {
            let record = try RecordFields(file, near)
            if try key(record) == wanted { return record }
        }
        guard let place = try place(wanted) else { return nil }
        return try RecordFields(file, place)
    }

    private func place(_ wanted: String) throws -> Int? {
        try places.withLock { places in
            if let places { return places[wanted] }
            var found: [String: Int] = [:]
            found.reserveCapacity(file.count)
            for index in 0..<file.count {
                let name = try key(RecordFields(file, index))
                if found[name] == nil { found[name] = index }
            }
            places = found
            return found[wanted]
        }
    }
}
