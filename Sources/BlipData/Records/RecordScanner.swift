import BlipJSON
import Foundation

/// The records of a file from front to back, in constant memory and without an index.
///
/// ```swift
/// var scanner = try RecordScanner(url, .lines)
/// while let record = try scanner.next() { print(record.place) }
/// ```
/// After an error in the file's structure nothing more can be read; after a member's broken name the next member can.
public struct RecordScanner: Sendable {
    private var finder: RecordFinder
    private var isStopped = false

    /// Opens a file; a JSON document is not looked at before ``next()``.
    public init(_ url: URL, _ form: RecordForm, recordLimit: Int = RecordFile.usualRecordLimit) throws(RecordError) {
        try self.init(url, form, recordLimit: recordLimit, chunkSize: ByteSource.usualChunkSize)
    }

    init(_ url: URL, _ form: RecordForm, recordLimit: Int = RecordFile.usualRecordLimit, chunkSize: Int) throws(RecordError) {
        finder = try RecordFinder(DataFile(url), form, keepsBytes: true, chunkSize: chunkSize, recordLimit: recordLimit)
    }

    /// Size of the file in bytes, and how many of them were gone through.
    public var progress: (done: Int, of: Int) { (finder.source.offset, finder.source.file.count) }

    /// The next record; nil after the last.
    ///
    /// - Throws: ``RecordError`` where the file's outer structure is broken, or a member's name is.
    public mutating func next() throws(RecordError) -> Record? {
        guard !isStopped else { return nil }
        let index = finder.count
        isStopped = true
        guard let found = try finder.next() else { return nil }
        isStopped = false
        let place = RecordPlace(file: finder.source.file.name, index: index, offset: found.range.lowerBound, line: found.line)
        let content = try RecordContent(found.bytes, finder.form, place: place)
        return Record(
            index: index, offset: found.range.lowerBound, line: found.line, bytes: content.bytes, key: content.key?.description,
            place: place.description)
    }
}

/// Names a record in messages.
struct RecordPlace: CustomStringConvertible {
    let file: String
    let index: Int
    let offset: Int
    let line: Int?

    var description: String {
        if let line { "\(file), line \(line)" } else { "\(file), record \(index + 1) (byte \(offset))" }
    }
}

/// The part of a record's bytes that is its value, and its name.
struct RecordContent {
    let bytes: [UInt8]
    let key: JSONString?

    init(_ found: [UInt8], _ form: RecordForm, place: RecordPlace) throws(RecordError) {
        switch form {
        case .rows: (bytes, key) = (found, nil)
        case .lines: (bytes, key) = (found.last == 0x0D ? found.dropLast() : found, nil)
        case .jsonArray: (bytes, key) = (Self.trimmed(found, from: 0), nil)
        case .jsonMembers:
            let nameEnd = Self.endOfString(found)
            let colon = found[nameEnd...].firstIndex { !Self.isSpace($0) }
            do {
                guard let colon, found[colon] == UInt8(ascii: ":") else {
                    throw JSONError.unexpected(offset: colon ?? found.count, found: "something else", expected: "':' after a name")
                }
                guard case .string(let name) = try JSONValue(parsing: Array(found[..<nameEnd])) else {
                    throw JSONError.unexpected(offset: 0, found: "something else", expected: "a name in quotes")
                }
                key = name
                bytes = Self.trimmed(found, from: colon + 1)
            } catch let error as JSONError {
                throw .brokenRecord(place: place.description, reason: error)
            } catch {
                throw .notText(place: place.description)
            }
        }
    }

    /// The place after the quote that closes the string at the beginning.
    private static func endOfString(_ bytes: [UInt8]) -> Int {
        var place = 1
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\"") { return place + 1 }
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return bytes.count
    }

    /// Most values have no white space around them, and are not copied.
    private static func trimmed(_ found: [UInt8], from first: Int) -> [UInt8] {
        var (start, end) = (first, found.count)
        while start < end, isSpace(found[start]) { start += 1 }
        while start < end, isSpace(found[end - 1]) { end -= 1 }
        return start == 0 && end == found.count ? found : Array(found[start..<end])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}
