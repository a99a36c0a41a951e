/// Walks the fields of one protocol-buffer message. Only what SentencePiece models need: no groups.
struct ProtobufReader {
    enum Field {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private let bytes: ArraySlice<UInt8>
    private var place: Int
    private let file: String

    init(_ bytes: ArraySlice<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
        place = bytes.startIndex
    }

    /// The next field and its number; nil at the end.
    mutating func next() throws -> (number: Int, field: Field)? {
        if place == bytes.endIndex { return nil }
        let key = try varint()
        let number = Int(truncatingIfNeeded: key >> 3 & 0x1FFF_FFFF)
        switch key & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try littleEndian(8)))
        case 2:
            let length = try varint()
            guard length <= UInt64(bytes.endIndex - place) else { throw broken("\(length) more bytes", "\(bytes.endIndex - place)") }
            defer { place += Int(length) }
            return (number, .bytes(bytes[place..<place + Int(length)]))
        case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try littleEndian(4))))
        default: throw broken("a field of a known kind", "kind \(key & 7)")
        }
    }

    private mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place < bytes.endIndex else { throw broken("more bytes", "the end") }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw broken("a number of at most ten bytes", "a longer one")
    }

    private mutating func littleEndian(_ count: Int) throws -> UInt64 {
        guard bytes.endIndex - place >= count else { throw broken("\(count) more bytes", "\(bytes.endIndex - place)") }
        var value: UInt64 = 0
        for offset in 0..<count { value |= UInt64(bytes[place + offset]) << UInt64(8 * offset) }
        place += count
        return value
    }

    private func broken(_ expected: String, _ found: String) -> TokenizerError {
        .malformed(file: file, place: "byte \(place)", expected: expected, found: found)
    }
}
