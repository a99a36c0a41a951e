/// The bytes of a file from front to back, a chunk at a time; the bytes of one record can be kept across chunks.
struct ByteSource: Sendable {
    static let usualChunkSize = 1 << 20

    let file: DataFile
    private(set) var buffer: [UInt8]
    /// The next byte in ``buffer``, up to ``limit``.
    var position = 0
    private(set) var limit = 0
    /// Where ``buffer`` begins in the file.
    private var base = 0

    private let recordLimit: Int
    private var record: OpenRecord?

    private struct OpenRecord {
        let index: Int
        let start: Int
        let isKept: Bool
        /// Where the part of it begins that is not kept yet.
        var mark: Int
        var kept: [UInt8] = []
    }

    /// Skips a UTF-8 byte order mark.
    init(_ file: DataFile, chunkSize: Int, recordLimit: Int) throws(RecordError) {
        precondition(chunkSize > 0 && recordLimit > 0 && recordLimit <= Int(UInt32.max))
        self.file = file
        self.recordLimit = recordLimit
        buffer = [UInt8](repeating: 0, count: max(1, min(chunkSize, file.count)))
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if file.count >= mark.count, try file.bytes(0..<mark.count) == mark { base = mark.count }
    }

    /// Place of the next byte in the file.
    var offset: Int { base + position }

    /// The next byte, which stays; nil at the end of the file.
    mutating func peek() throws(RecordError) -> UInt8? {
        if position == limit, try !refill() { return nil }
        return buffer[position]
    }

    /// Gets the next chunk when ``position`` has reached ``limit``; false at the end of the file.
    mutating func refill() throws(RecordError) -> Bool {
        try keepChunk()
        base += limit
        position = 0
        limit = 0
        let count = min(buffer.count, file.count - base)
        guard count > 0 else { return false }
        var failure: RecordError?
        buffer.withUnsafeMutableBytes { bytes in
            do throws(RecordError) {
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: base)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        limit = count
        return true
    }

    /// A record begins at the next byte. Its length is bounded from now on; its bytes are collected if asked for.
    mutating func beginRecord(_ index: Int, isKept: Bool) {
        record = OpenRecord(index: index, start: offset, isKept: isKept, mark: position)
    }

    /// The record ends before the next byte: its place in the file, and its bytes where they were asked for.
    mutating func endRecord() throws(RecordError) -> (range: Range<Int>, bytes: [UInt8]) {
        try keepChunk()
        guard let ended = record else { return (offset..<offset, []) }
        record = nil
        return (ended.start..<offset, ended.kept)
    }

    private mutating func keepChunk() throws(RecordError) {
        guard let open = record else { return }
        guard offset - open.start <= recordLimit else {
            throw .tooLong(place: "\(file.path), record \(open.index + 1) (byte \(open.start))", limit: recordLimit)
        }
        if open.isKept { record?.kept.append(contentsOf: buffer[open.mark..<position]) }
        record?.mark = 0
    }
}
