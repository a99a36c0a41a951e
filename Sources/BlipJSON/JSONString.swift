/// A JSON string as UTF-8 bytes, compared byte by byte.
///
/// Up to 15 bytes stand in the value itself: most of an annotation file's strings are names and single words, and an allocation for each
/// would take longer than reading it.
public struct JSONString: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    static let shortLimit = 15

    /// The first eight bytes, the first one lowest, zero where there are fewer.
    private let head: UInt64
    /// Of a short string the bytes from the ninth on, and the length in the highest byte; of a long one the length.
    private let tail: UInt64
    /// All bytes of a long string.
    private let long: [UInt8]?

    public init(bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { JSONString($0, long: bytes) }
    }

    public init(stringLiteral value: String) {
        var value = value
        self = value.withUTF8 { JSONString(copying: UnsafeRawBufferPointer($0)) }
    }

    init(copying bytes: UnsafeRawBufferPointer) {
        self.init(bytes, long: bytes.count > Self.shortLimit ? Array(bytes) : nil)
    }

    /// - Parameter long: the same bytes, kept if they are too many to stand in the value.
    private init(_ bytes: UnsafeRawBufferPointer, long: [UInt8]?) {
        let count = bytes.count
        guard count <= Self.shortLimit else {
            head = Self.word(bytes, at: 0)
            tail = UInt64(count)
            self.long = long
            return
        }
        self.long = nil
        let size = UInt64(count) << 56
        switch count {
        case 8...:
            head = Self.word(bytes, at: 0)
            // The last eight bytes, without those that the head has too.
            tail = Self.word(bytes, at: count - 8) >> UInt64(8 * (16 - count)) | size
        case 4...:
            let first = UInt64(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
            let last = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)))
            head = first | last << UInt64(8 * (count - 4))
            tail = size
        case 1...:
            let middle = UInt64(bytes[count / 2]) << UInt64(8 * (count / 2))
            head = UInt64(bytes[0]) | middle | UInt64(bytes[count - 1]) << UInt64(8 * (count - 1))
            tail = size
        default: (head, tail) = (0, size)
        }
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The bytes; of a short string they are copied each time.
    public var bytes: [UInt8] { long ?? withUnsafeBytes { Array($0) } }

    /// The text; an escaped lone surrogate, which UTF-8 cannot hold, was replaced by U+FFFD while parsing.
    public var description: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    /// The number of bytes.
    public var count: Int { Int(long == nil ? tail >> 56 : tail) }

    /// The bytes without a copy, valid until `body` returns.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        if let long { return try long.withUnsafeBytes(body) }
        return try Swift.withUnsafeBytes(of: (head.littleEndian, tail.littleEndian)) {
            try body(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }

    public static func == (left: JSONString, right: JSONString) -> Bool {
        guard left.head == right.head, left.tail == right.tail else { return false }
        return (left.long == nil && right.long == nil) || left.hasSameLongBytes(as: right)
    }

    /// Out of line, because the names of most objects already differ in their first bytes or in length.
    @inline(never)
    private func hasSameLongBytes(as other: JSONString) -> Bool { long == other.long }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(head)
        hasher.combine(tail)
        long?.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
