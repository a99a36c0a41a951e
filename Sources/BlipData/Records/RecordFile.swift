import BlipJSON
import Foundation

/// The records of a file of any size, each readable alone: opening goes through the file once and keeps 12 bytes for each record.
///
/// ```swift
/// let questions = try RecordFile.jsonArray(url, at: ["questions"])
/// let third = try questions.json(2)
/// ```
/// A record that is broken inside fails when it is read and only then. The file stays open, and must not be changed meanwhile.
public final class RecordFile: Sendable {
    /// Called while a file is gone through, with the bytes done so far and the file's size in bytes.
    public typealias Progress = (_ done: Int, _ size: Int) -> Void

    /// The longest record that is read, in bytes, unless told otherwise.
    public static let usualRecordLimit = 256 << 20

    public let form: RecordForm
    private let file: DataFile
    private let ahead: ReadAhead
    private let index: RecordIndex
    /// Whether no line was left out, so that a record's line is known from its index.
    private let isEveryLineARecord: Bool

    /// The elements of the array at a path of member names, such as `["annotations"]` or `["data", "dialogs"]`; `[]` is the document.
    public static func jsonArray(_ url: URL, at keys: [String] = [], progress: Progress? = nil) throws(RecordError) -> RecordFile {
        try RecordFile(url, .jsonArray(at: keys), progress: progress)
    }

    /// The members of the object at a path of member names; ``key(_:)`` gives a member's name. A name that stands twice is two records.
    public static func jsonMembers(_ url: URL, at keys: [String] = [], progress: Progress? = nil) throws(RecordError) -> RecordFile {
        try RecordFile(url, .jsonMembers(at: keys), progress: progress)
    }

    /// The lines that hold more than white space.
    public static func lines(_ url: URL, progress: Progress? = nil) throws(RecordError) -> RecordFile {
        try RecordFile(url, .lines, progress: progress)
    }

    /// Goes through the file once.
    ///
    /// - Parameter recordLimit: the longest record, in bytes; a longer one is an error. At most `UInt32.max`.
    public convenience init(
        _ url: URL, _ form: RecordForm, recordLimit: Int = RecordFile.usualRecordLimit, progress: Progress? = nil
    ) throws(RecordError) {
        try self.init(url, form, recordLimit: recordLimit, progress: progress, chunkSize: ByteSource.usualChunkSize)
    }

    init(
        _ url: URL, _ form: RecordForm, recordLimit: Int = RecordFile.usualRecordLimit, progress: Progress? = nil, chunkSize: Int
    ) throws(RecordError) {
        let file = try DataFile(url)
        self.file = file
        ahead = ReadAhead(file)
        self.form = form
        var finder = try RecordFinder(file, form, keepsBytes: false, chunkSize: chunkSize, recordLimit: recordLimit)
        var index = RecordIndex()
        var lastLine = 0
        var reported = 0
        while let found = try finder.next() {
            index.append(found.range)
            lastLine = found.line ?? lastLine
            if let progress, found.range.upperBound - reported >= ByteSource.usualChunkSize {
                reported = found.range.upperBound
                progress(reported, file.count)
            }
        }
        progress?(file.count, file.count)
        self.index = index
        isEveryLineARecord = form == .lines && lastLine == index.count
    }

    public var path: String { file.path }
    public var count: Int { index.count }

    /// The value's bytes: without white space around JSON, without the line's end.
    ///
    /// - Precondition: `0 ≤ index < count`, as for all that follow.
    public func bytes(_ index: Int) throws(RecordError) -> [UInt8] { try content(index).bytes }

    /// A line or another record as text.
    public func text(_ index: Int) throws(RecordError) -> String {
        guard let text = String(validating: try bytes(index), as: UTF8.self) else { throw .notText(place: place(index)) }
        return text
    }

    /// The record as JSON.
    public func json(_ index: Int) throws(RecordError) -> JSONValue {
        let bytes = try bytes(index)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .brokenRecord(place: place(index), reason: error)
        }
    }

    /// The member's name; nil for other forms than ``RecordForm/jsonMembers(at:)``.
    public func key(_ index: Int) throws(RecordError) -> String? { try content(index).key?.description }

    /// Where the record stands, for messages: `questions.json, record 12 (byte 3456)`, or `train.jsonl, line 13`, counted from 1.
    public func place(_ index: Int) -> String { recordPlace(index).description }

    /// Where the record stands in the file; of a member of an object, from its name on.
    public func byteRange(_ index: Int) -> Range<Int> {
        precondition((0..<count).contains(index), "record \(index) of \(count)")
        return self.index[index]
    }

    /// The record with its name and place, read once.
    public func record(_ index: Int) throws(RecordError) -> Record {
        let content = try content(index)
        let place = recordPlace(index)
        return Record(
            index: index, offset: place.offset, line: place.line, bytes: content.bytes, key: content.key?.description,
            place: place.description)
    }

    /// Any bytes of the file.
    func bytes(in range: Range<Int>) throws(RecordError) -> [UInt8] { try file.bytes(range) }

    private func recordPlace(_ index: Int) -> RecordPlace {
        RecordPlace(file: file.name, index: index, offset: byteRange(index).lowerBound, line: isEveryLineARecord ? index + 1 : nil)
    }

    private func content(_ index: Int) throws(RecordError) -> RecordContent {
        try RecordContent(try ahead.bytes(byteRange(index)), form, place: recordPlace(index))
    }
}
