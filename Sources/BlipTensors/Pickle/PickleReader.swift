import BlipJSON

/// The bytes of a pickle, taken from the front; every read is checked against the end.
struct PickleReader {
    let bytes: UnsafeRawBufferPointer
    let path: String
    private(set) var offset = 0

    /// Limits the reader to a range of a file.
    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    var remaining: Int { bytes.count - offset }

    mutating func take(_ count: Int, _ what: String) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw bad("\(count) bytes of \(what)", "\(remaining) bytes before the end") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type, _ what: String) throws -> Number {
        Number(littleEndian: try take(MemoryLayout<Number>.size, what).loadUnaligned(as: Number.self))
    }

    /// A length of 8 bytes.
    mutating func length(_ what: String) throws -> Int {
        let length = try integer(UInt64.self, what)
        guard let count = Int(exactly: length), count <= remaining else { throw bad("\(length) bytes of \(what)", "the end before") }
        return count
    }

    mutating func text(_ count: Int) throws -> JSONString {
        let bytes = Array(try take(count, "text"))
        guard String(validating: bytes, as: UTF8.self) != nil else { throw bad("a text in UTF-8", "other bytes") }
        return JSONString(bytes: bytes)
    }

    /// Up to the end of a line, which is passed; names are short.
    mutating func line() throws -> String {
        let rest = bytes[offset..<min(bytes.count, offset + 1024)]
        guard let end = rest.firstIndex(of: 0x0A) else { throw bad("a name of at most 1024 bytes", "no end of it") }
        let line = try text(end - offset)
        offset = end + 1
        return line.description
    }

    func bad(_ expected: String, _ found: String) -> PickleError {
        .badPickle(path: path, offset: offset, expected: expected, found: found)
    }
}
