/// One row of a table.
public struct TableRow: Sendable {
    public let columns: [String]
    /// File, row and offset, for messages.
    public let place: String
    private let fields: Fields
    private let offset: Int

    init(columns: [String], fields: Fields, offset: Int, place: String) {
        self.columns = columns
        self.fields = fields
        self.offset = offset
        self.place = place
    }

    /// How many fields the row has; at most as many as there are columns.
    public var count: Int { fields.ranges.count }

    /// The field in a column, without its quotes; nil where the table has no such column or the row ends before it.
    public subscript(column: String) -> String? {
        number(of: column).map { fields.text($0) }
    }

    /// The field at a place counted from 0.
    ///
    /// - Precondition: `0 ≤ number < count`.
    public subscript(number: Int) -> String { fields.text(number) }

    /// Where the field in a column stands in the file; nil as for the subscript.
    public func cell(_ column: String) -> TableCell? {
        number(of: column).map { number in
            let range = fields.ranges[number]
            return TableCell(range: offset + range.lowerBound..<offset + range.upperBound, isQuoted: fields.isQuoted(number))
        }
    }

    private func number(of column: String) -> Int? {
        columns.firstIndex { $0.utf8.elementsEqual(column.utf8) }.flatMap { $0 < count ? $0 : nil }
    }
}

extension TableRow {
    /// The fields of a row's bytes.
    struct Fields: Sendable {
        private let bytes: [UInt8]
        /// Where the fields stand in ``bytes``, quotes included.
        let ranges: [Range<Int>]

        init(_ bytes: [UInt8], _ separator: FieldSeparator) {
            var ranges: [Range<Int>] = []
            var place = 0
            bytes.withUnsafeBytes { bytes in
                while true {
                    let start = place
                    if place < bytes.count, bytes[place] == Self.quote { place = Self.endOfQuotes(bytes, from: place) }
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
                    guard let length = rest.firstPlace(of: separator.rawValue) else {
                        ranges.append(start..<bytes.count)
                        return
                    }
                    ranges.append(start..<place + length)
                    place += length + 1
                }
            }
            self.bytes = bytes
            self.ranges = ranges
        }

        var names: [String] { ranges.indices.map { text($0) } }

        func isQuoted(_ number: Int) -> Bool { bytes[ranges[number]].first == Self.quote }

        /// The field without its quotes; what stands between the closing quote and the separator belongs to it, as in Python.
        func text(_ number: Int) -> String {
            let field = bytes[ranges[number]]
            guard field.first == Self.quote else { return String(decoding: field, as: UTF8.self) }
            let end = field.withUnsafeBytes { Self.endOfQuotes($0, from: 0) } + field.startIndex
            let isClosed = end > field.startIndex + 1 && field[end - 1] == Self.quote
            var text: [UInt8] = []
            text.reserveCapacity(field.count)
            var isSecond = false
            for byte in field[(field.startIndex + 1)..<(isClosed ? end - 1 : end)] {
                isSecond = byte == Self.quote && !isSecond
                if !isSecond { text.append(byte) }
            }
            text += field[end...]
            return String(decoding: text, as: UTF8.self)
        }

        private static let quote = UInt8(ascii: "\"")

        /// The place after the quote that closes the field, or the end if none does.
        private static func endOfQuotes(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
            var place = start + 1
            while let length = UnsafeRawBufferPointer(rebasing: bytes[min(place, bytes.count)...]).firstPlace(of: quote) {
                place += length + 1
                guard place < bytes.count, bytes[place] == quote else { return place }
                place += 1
            }
            return bytes.count
        }
    }
}
