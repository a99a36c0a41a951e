#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where a record stands, and its bytes if they are collected.
struct FoundRecord {
    let range: Range<Int>
    let line: Int?
    let bytes: [UInt8]
}

/// Goes through a file once and finds where each record begins and ends; what the records say is not looked at.
struct RecordFinder: Sendable {
    let form: RecordForm
    /// Whether the records' bytes are collected.
    let keepsBytes: Bool
    var source: ByteSource
    private(set) var count = 0
    /// Lines that end before the next byte.
    private var endedLines = 0
    var stage = JSONStage.before

    enum JSONStage { case before, first, later, after }

    init(_ file: DataFile, _ form: RecordForm, keepsBytes: Bool, chunkSize: Int, recordLimit: Int) throws(RecordError) {
        self.form = form
        self.keepsBytes = keepsBytes
        source = try ByteSource(file, chunkSize: chunkSize, recordLimit: recordLimit)
    }

    /// The next record; nil after the last one, when the rest of the file was found in order.
    mutating func next() throws(RecordError) -> FoundRecord? {
        let found: FoundRecord?
        switch form {
        case .jsonArray(let keys): found = try nextJSON(keys, isArray: true)
        case .jsonMembers(let keys): found = try nextJSON(keys, isArray: false)
        case .lines: found = try nextLine()
        case .rows(let separator): found = try nextRow(separator.rawValue)
        }
        if found != nil { count += 1 }
        return found
    }

    private mutating func nextLine() throws(RecordError) -> FoundRecord? {
        var isAtEnd = false
        while !isAtEnd {
            guard try source.peek() != nil else { return nil }
            source.beginRecord(count, isKept: keepsBytes)
            let isBlank = try skipLine()
            let (range, bytes) = try source.endRecord()
            let line = endedLines + 1
            if try source.peek() != nil {
                source.position += 1
                endedLines += 1
            } else {
                isAtEnd = true
            }
            if !isBlank { return FoundRecord(range: range, line: line, bytes: bytes) }
        }
        return nil
    }

    /// Goes to the line's end; true if nothing but white space stood before it.
    private mutating func skipLine() throws(RecordError) -> Bool {
        var isBlank = true
        repeat {
            let (start, limit) = (source.position, source.limit)
            let (end, isStillBlank) = source.buffer.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<limit])
                let end = part.firstPlace(of: 0x0A).map { start + $0 }
                return (end, isBlank && bytes[start..<(end ?? limit)].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D })
            }
            isBlank = isStillBlank
            source.position = end ?? limit
            if end != nil { return isBlank }
        } while try source.refill()
        return isBlank
    }

    private mutating func nextRow(_ separator: UInt8) throws(RecordError) -> FoundRecord? {
        while let byte = try source.peek(), byte == 0x0A || byte == 0x0D {
            if byte == 0x0A { endedLines += 1 }
            source.position += 1
        }
        guard try source.peek() != nil else { return nil }
        let start = source.offset
        let line = endedLines + 1
        source.beginRecord(count, isKept: keepsBytes)
        var row = RowSkipper(separator: separator)
        var isEnded = false
        repeat {
            let limit = source.limit
            var position = source.position
            isEnded = source.buffer.withUnsafeBufferPointer { row.advance($0, position: &position, limit: limit) }
            source.position = position
            if isEnded { break }
        } while try source.refill()
        guard isEnded || !row.isInQuotes else {
            throw .structure(
                path: source.file.path, offset: source.offset, expected: "the quote that closes a field of the row at byte \(start)",
                found: "the end of the file")
        }
        endedLines += row.lineBreaks
        let (range, bytes) = try source.endRecord()
        return FoundRecord(range: range, line: line, bytes: bytes)
    }
}

/// Finds where a row of a table ends: at a line break outside of quotes. A quote opens a field only where the field begins.
struct RowSkipper {
    let separator: UInt8
    private(set) var isInQuotes = false
    /// Line breaks inside of quotes.
    private(set) var lineBreaks = 0
    private var isAtFieldStart = true
    /// After a quote inside of quotes, which closes the field unless another quote follows.
    private var isAfterQuote = false

    init(separator: UInt8) { self.separator = separator }

    /// Goes on from `position`; true if it then stands at the row's end.
    mutating func advance(_ bytes: UnsafeBufferPointer<UInt8>, position: inout Int, limit: Int) -> Bool {
        while position < limit {
            let byte = bytes[position]
            if isInQuotes {
                if byte == UInt8(ascii: "\"") {
                    isInQuotes = false
                    isAfterQuote = true
                } else if byte == 0x0A {
                    lineBreaks += 1
                }
            } else if byte == UInt8(ascii: "\"") && (isAtFieldStart || isAfterQuote) {
                isInQuotes = true
                isAfterQuote = false
                isAtFieldStart = false
            } else if byte == 0x0A || byte == 0x0D {
                return true
            } else {
                isAfterQuote = false
                isAtFieldStart = byte == separator
            }
            position += 1
        }
        return false
    }
}

extension UnsafeRawBufferPointer {
    /// The first place of a byte, found by the system's fast search.
    func firstPlace(of byte: UInt8) -> Int? {
        guard let baseAddress, let found = memchr(baseAddress, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - baseAddress
    }
}
