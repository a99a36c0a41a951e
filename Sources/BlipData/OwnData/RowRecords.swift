import BlipJSON
import Foundation

/// Rows of a JSON or JSON lines file.
struct RowRecords: OwnRecords {
    let file: RecordFile
    let reader: RowReader
    /// What the ids of rows without one begin with, where there are several files.
    let prefix: String
    /// Conversations give a sample for each answer.
    var isOneSampleEach: Bool { false }

    init(_ file: RecordFile, _ reader: RowReader, prefix: String = "") {
        self.file = file
        self.reader = reader
        self.prefix = prefix
    }

    var count: Int { file.count }
    func place(_ record: Int) -> String { file.place(record) }
    func sampleCount(_ record: Int) throws -> Int {
        guard reader.mayHaveTurns(try file.bytes(record)) else { return 1 }
        return try reader.count(RecordFields(file, record))
    }
    func sample(_ record: Int, part: Int) throws -> Sample {
        try reader.sample(RecordFields(file, record), part: part, number: prefix + String(record))
    }
    func unknownKeys(_ record: Int) throws -> [String] { try reader.unknownKeys(RecordFields(file, record)) }

    /// A file of rows: a JSON list, or one object a line.
    static func file(_ url: URL, _ progress: RecordFile.Progress?) throws -> RecordFile {
        try RecordFile(url, try FileStart(url).rowForm, progress: progress)
    }
}

/// Rows of a table with named columns; a cell that is empty is not there.
struct TableRecords: OwnRecords {
    let file: TableFile
    let reader: RowReader
    var prefix = ""
    var isOneSampleEach: Bool { false }

    /// Columns whose cells may hold a JSON list.
    private static let lists = ["answers", "answer", "options", "choices", "captions", "ocr_tokens", "images", "history"]

    var count: Int { file.count }
    func place(_ record: Int) -> String { file.place(record) }
    func sampleCount(_ record: Int) throws -> Int { try reader.count(fields(record)) }
    func sample(_ record: Int, part: Int) throws -> Sample {
        try reader.sample(fields(record), part: part, number: prefix + String(record))
    }
    func unknownKeys(_ record: Int) throws -> [String] { try reader.unknownKeys(fields(record)) }

    private func fields(_ record: Int) throws -> RecordFields {
        let row = try file.row(record)
        var members: [(key: JSONString, value: JSONValue)] = []
        for (number, column) in row.columns.enumerated() where number < row.count && !row[number].isEmpty {
            let cell = row[number]
            var value = JSONValue.string(JSONString(stringLiteral: cell))
            if cell.hasPrefix("["), Self.lists.contains(column) {
                do throws(JSONError) {
                    value = try JSONValue(parsing: Array(cell.utf8))
                } catch {
                    throw DataError.badRecord(place: row.place, reason: "its \"\(column)\" begins as a JSON list and is none: \(error)")
                }
            }
            members.append((JSONString(stringLiteral: column), value))
        }
        return RecordFields(.object(JSONObject(members)), place: row.place)
    }
}

/// What a text file begins with, which tells how it is divided.
struct FileStart {
    let url: URL
    /// The first byte that is neither white space nor a byte order mark; nil for an empty file.
    let first: UInt8?

    init(_ url: URL) throws {
        self.url = url
        let file = try DataFile(url)
        let bytes = try file.bytes(0..<min(file.count, 1 << 16))
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        first = text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    }

    /// - Throws: ``DataError/unknownFormat(path:reason:)`` for what holds no rows.
    var rowForm: RecordForm {
        get throws {
            switch first {
            case UInt8(ascii: "["): return .jsonArray()
            case UInt8(ascii: "{"): return .lines
            case nil: throw DataError.unknownFormat(path: url.path, reason: "it is empty")
            default:
                throw DataError.unknownFormat(
                    path: url.path, reason: "it begins neither with [ nor with {; expected a JSON list, or an object a line")
            }
        }
    }

    /// The names in the first row.
    func firstNames() throws -> [String] {
        var scanner = try RecordScanner(url, try rowForm)
        guard let record = try scanner.next() else { return [] }
        return try record.json().object?.members.map(\.key.description) ?? []
    }
}
