import Synchronization

/// Reads ranges of a file; who reads them one after the other gets them out of a larger piece that was read at once.
///
/// Asking the system takes as long as parsing a short record.
final class ReadAhead: Sendable {
    private static let pieceSize = 1 << 16
    /// What may stand between two records that follow each other: a comma or line break, and white space.
    private static let gapLimit = 64

    private struct State {
        /// The end of the last range.
        var last: Int?
        var start = 0
        var piece: [UInt8] = []
    }

    private let file: DataFile
    private let state = Mutex(State())

    init(_ file: DataFile) { self.file = file }

    /// The bytes of a range inside the file.
    func bytes(_ range: Range<Int>) throws(RecordError) -> [UInt8] {
        // Threads that read at the same time are not held up, and do not read in order anyway.
        if let bytes = state.withLockIfAvailable({ bytes(range, &$0) }) ?? nil { return bytes }
        return try file.bytes(range)
    }

    /// Nil if the range does not follow the one before, or the piece cannot be read, of which the plain read then says why.
    private func bytes(_ range: Range<Int>, _ state: inout State) -> [UInt8]? {
        let isNext = state.last.map { ($0...$0 + Self.gapLimit).contains(range.lowerBound) } ?? false
        state.last = range.upperBound
        if range.lowerBound < state.start || range.upperBound > state.start + state.piece.count {
            guard isNext, range.count <= Self.pieceSize / 4 else { return nil }
            do throws(RecordError) {
                state.piece = try file.bytes(range.lowerBound..<min(range.lowerBound + Self.pieceSize, file.count))
                state.start = range.lowerBound
            } catch {
                return nil
            }
        }
        let place = range.lowerBound - state.start
        return Array(state.piece[place..<place + range.count])
    }
}
