/// Where the records of a file stand: 12 bytes for each, in pieces, so that growing never needs room for a copy.
struct RecordIndex: Sendable {
    private struct Entry {
        let low: UInt32
        let high: UInt32
        let count: UInt32
    }

    private static let pieceBits = 14
    private static let pieceSize = 1 << pieceBits

    private var pieces: [[Entry]] = []
    private(set) var count = 0

    /// - Precondition: the range is not longer than `UInt32.max`; ``ByteSource`` sees to it.
    mutating func append(_ range: Range<Int>) {
        if count & (Self.pieceSize - 1) == 0 {
            var piece: [Entry] = []
            // Small files are many: the first piece grows as any array does.
            if count > 0 { piece.reserveCapacity(Self.pieceSize) }
            pieces.append(piece)
        }
        let start = UInt64(range.lowerBound)
        pieces[pieces.count - 1].append(
            Entry(low: UInt32(truncatingIfNeeded: start), high: UInt32(truncatingIfNeeded: start >> 32), count: UInt32(range.count)))
        count += 1
    }

    subscript(index: Int) -> Range<Int> {
        let entry = pieces[index >> Self.pieceBits][index & (Self.pieceSize - 1)]
        let start = Int(entry.high) << 32 | Int(entry.low)
        return start..<start + Int(entry.count)
    }
}
