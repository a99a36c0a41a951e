import Synchronization

/// The members of a JSON object by their names, for annotations that are published as one object keyed by id.
final class KeyedMembers: Sendable {
    private let file: RecordFile
    private let places = Mutex<[[UInt8]: Int]?>(nil)

    /// - Parameter file: opened with ``RecordFile/jsonMembers(_:at:progress:)``.
    init(_ file: RecordFile) { self.file = file }

    var path: String { file.path }

    /// The member with a name; nil if there is none. The first time, the file is read once for its names.
    func record(_ name: String) throws -> RecordFields? {
        guard let place = place(Array(name.utf8)) else { return nil }
        return try RecordFields(file, place)
    }

    private func place(_ name: [UInt8]) -> Int? {
        places.withLock { places in
            if let places { return places[name] }
            var found: [[UInt8]: Int] = [:]
            found.reserveCapacity(file.count)
            for index in 0..<file.count {
                let key: [UInt8]
                // A name that cannot be read is nobody's: the other members stay readable.
                do { key = Array((try file.key(index) ?? "").utf8) } catch { continue }
                if found[key] == nil { found[key] = index }
            }
            places = found
            return found[name]
        }
    }
}
