/// Cuts samples into pieces of like lengths, since all answers of a piece are as long as its longest.
///
/// Which samples share a piece changes no loss, as every token carries what it counts. It changes the time: a token beyond an answer's end costs what one
/// before it does, a piece costs its own thousands of small operations, and on a CPU every product of a new size is made ready at length. So
/// samples go by fours, and into few pieces.
enum LengthCuts {
    /// Samples that stay together.
    static let together = 4
    /// Tokens beyond its end that an answer may be given for the sake of fewer pieces.
    static let room = 16

    /// Places of ascending lengths, cut from the longest on.
    ///
    /// - Parameter size: the most samples of a piece.
    static func cut(_ lengths: [Int], size: Int) -> [Range<Int>] {
        let step = min(together, max(1, size))
        var (pieces, end) = ([Range<Int>](), lengths.count)
        while end > 0 {
            let longest = lengths[end - 1]
            var start = max(0, end - step)
            while start > 0, end - max(0, start - step) <= size, isLike(lengths[start - 1], longest) { start = max(0, start - step) }
            pieces.append(start..<end)
            end = start
        }
        return pieces.reversed()
    }

    private static func filled(_ count: Int, size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    private static func isLike(_ length: Int, _ longest: Int) -> Bool { longest - length <= room || 2 * length >= longest }

    /// Those of one kind share pieces; otherwise the order is that of lengths, and of the samples where these are the same.
    ///
    /// - Parameter cuts: false fills every piece, whatever the lengths.
    static func pieces<Row>(_ rows: [Row], size: Int, cuts: Bool = true, length: (Row) -> Int, kind: (Row) -> Int) -> [[Row]] {
        Dictionary(grouping: rows.enumerated(), by: { kind($0.element) }).sorted { $0.key < $1.key }.flatMap { _, group in
            let sorted = group.map { (length($0.element), $0.offset, $0.element) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            let ranges = cuts ? cut(sorted.map(\.0), size: size) : filled(sorted.count, size: max(1, size))
            return ranges.map { sorted[$0].map(\.2) }
        }
    }
}
