import Foundation

/// A table of text with named columns, as Python's `csv` and pandas write them; any row can be read alone.
///
/// Quotes follow RFC 4180, also between tabs: a field that begins with a quote ends at the next single one, may hold separators and line
/// breaks, and writes a quote twice. Empty lines are left out. Fields may be large (pictures in base64, of many megabytes).
public final class TableFile: Sendable {
    public let columns: [String]
    public let separator: FieldSeparator
    private let records: RecordFile
    /// How many records come before the first row: 1 for the header.
    private let headerCount: Int

    /// Goes through the file once.
    ///
    /// - Parameters:
    ///   - separator: nil: a tab for `.tsv` and `.tab`, else a comma.
    ///   - columns: names of the columns of a file without a header; nil: the first row names them.
    public convenience init(
        _ url: URL, separator: FieldSeparator? = nil, columns: [String]? = nil, progress: RecordFile.Progress? = nil
    ) throws(RecordError) {
        try self.init(url, separator: separator, columns: columns, progress: progress, chunkSize: ByteSource.usualChunkSize)
    }

    init(
        _ url: URL, separator: FieldSeparator? = nil, columns: [String]? = nil, progress: RecordFile.Progress? = nil, chunkSize: Int,
        recordLimit: Int = RecordFile.usualRecordLimit
    ) throws(RecordError) {
        let separator = separator ?? (["tsv", "tab"].contains(url.pathExtension.lowercased()) ? .tab : .comma)
        self.separator = separator
        records = try RecordFile(url, .rows(separator), recordLimit: recordLimit, progress: progress, chunkSize: chunkSize)
        headerCount = columns == nil ? 1 : 0
        if let columns {
            self.columns = columns
        } else {
            guard records.count > 0 else {
                throw .structure(path: records.path, offset: 0, expected: "a row that names the columns", found: "the end of the file")
            }
            self.columns = try TableRow.Fields(Array(records.text(0).utf8), separator).names
        }
        var seen: Set<[UInt8]> = []
        for column in self.columns where !column.isEmpty && !seen.insert(Array(column.utf8)).inserted {
            throw .duplicateColumn(path: records.path, column: column)
        }
    }

    public var path: String { records.path }

    /// Rows, without the header.
    public var count: Int { records.count - headerCount }

    /// A row as text. A row with fewer fields than columns has none in the last of them; one with more is an error.
    ///
    /// - Precondition: `0 ≤ index < count`.
    public func row(_ index: Int) throws(RecordError) -> TableRow {
        precondition((0..<count).contains(index), "row \(index) of \(count)")
        let record = index + headerCount
        let bytes = try records.bytes(record)
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .notText(place: place(index)) }
        let fields = TableRow.Fields(bytes, separator)
        guard fields.ranges.count <= columns.count else {
            throw .wrongFieldCount(place: place(index), expected: columns.count, found: fields.ranges.count)
        }
        return TableRow(columns: columns, fields: fields, offset: records.byteRange(record).lowerBound, place: place(index))
    }

    /// Names a row in messages; rows count from 1, the header not being one.
    public func place(_ index: Int) -> String {
        let offset = records.byteRange(index + headerCount).lowerBound
        return "\(URL(filePath: path).lastPathComponent), row \(index + 1) (byte \(offset))"
    }

    /// The text of a cell that ``TableRow/cell(_:)`` told of, read from the file.
    public func text(of cell: TableCell) throws(RecordError) -> String {
        let bytes = try records.bytes(in: cell.range)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .notText(place: "\(path), a cell (byte \(cell.range.lowerBound))")
        }
        return cell.isQuoted ? TableRow.Fields(bytes, separator).text(0) : text
    }

    /// - Throws: ``RecordError/missingColumn(path:column:columns:)`` for the first of these names that the table lacks.
    public func require(_ names: String...) throws(RecordError) {
        for name in names where !columns.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
            throw .missingColumn(path: path, column: name, columns: columns)
        }
    }
}

/// Where a cell of a table stands in its file, so that a large one can be read when it is needed.
public struct TableCell: Sendable, Equatable {
    /// Bytes of the file, the quotes around a quoted field included.
    public let range: Range<Int>
    public let isQuoted: Bool
}
