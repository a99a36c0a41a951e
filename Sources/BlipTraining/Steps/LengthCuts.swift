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

    /// Those rows of all that are one process's: neighbours in kind and length, so that few pieces come of them, and as much work as everybody's.
    ///
    /// - Parameter work: what a piece costs.
    /// - Returns: at least one, where there are as many rows as processes.
    static func share<Row>(
        _ rows: [Row], rank: Int, of count: Int, size: Int, length: (Row) -> Int, kind: (Row) -> Int, work: ([Row]) -> Int
    ) -> [Row] {
        guard count > 1 else { return rows }
        let sorted = rows.enumerated().map { (kind($0.element), length($0.element), $0.offset) }.sorted { $0 < $1 }.map { rows[$0.2] }
        func cost(_ range: Range<Int>) -> Int {
            pieces(Array(sorted[range]), size: size, length: length, kind: kind).reduce(0) { $0 + work($1) }
        }
        /// Where processes begin that do no more than `limit` each, as far as there are rows for all; nil if that is not all the work.
        func starts(_ limit: Int) -> [Int]? {
            var (starts, from) = ([Int](), 0)
            for left in (0..<count).reversed() {
                starts.append(from)
                guard from < sorted.count else { continue }
                var to = from + 1
                while to < sorted.count - left, cost(from..<to + 1) <= limit { to += 1 }
                from = to
            }
            return from == sorted.count ? starts : nil
        }
        var (low, high) = (0, cost(sorted.indices))
        var found = starts(high) ?? [Int](repeating: 0, count: count)
        while high - low > max(1, high / 64) {
            let limit = (low + high) / 2
            if let better = starts(limit) { (found, high) = (better, limit) } else { low = limit }
        }
        return Array(sorted[found[rank]..<(found + [sorted.count])[rank + 1]])
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
