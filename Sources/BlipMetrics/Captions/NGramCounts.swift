/// How often each run of one to four words stands in each caption, runs being called by numbers.
struct NGramCounts: Sendable {
    static let orders = 4

    /// Runs of a caption and an order follow each other, by rising number.
    private var ids: [Int32] = []
    private var counts: [Int32] = []
    /// Where the runs of a caption and an order begin, and at last where all end.
    private var starts: [Int] = [0]
    private(set) var lengths: [Int] = []
    private var tables = (0..<orders - 1).map { _ in RunTable() }
    /// The words' numbers are their ids, so of the first order there are as many runs as words.
    private var words: Int32 = 0
    private var scratch: [Int32] = []

    /// Adds a caption by its words' numbers; captions are called by the order in which they came.
    mutating func add(_ caption: [Int32]) {
        lengths.append(caption.count)
        var runs = caption
        words = max(words, (caption.max() ?? -1) + 1)
        append(runs)
        for order in 1..<Self.orders {
            // A run of n words is one of n - 1 and a word behind it.
            guard caption.count > order else {
                starts.append(ids.count)
                continue
            }
            runs = (0..<caption.count - order).map { tables[order - 1].number(of: runs[$0], caption[$0 + order]) }
            append(runs)
        }
    }

    /// How many different runs of an order there are, or more; 0 for single words.
    func size(ofOrder order: Int) -> Int { order == 0 ? Int(words) : tables[order - 1].count }

    /// Where a caption's runs stand in ``id(_:)`` and ``count(_:)``.
    func range(_ caption: Int, order: Int) -> Range<Int> {
        let place = caption * Self.orders + order
        return starts[place]..<starts[place + 1]
    }

    func id(_ place: Int) -> Int32 { ids[place] }
    func count(_ place: Int) -> Int32 { counts[place] }

    private mutating func append(_ runs: [Int32]) {
        var last: Int32 = -1
        for run in runs.sorted() {
            if run == last {
                counts[counts.count - 1] += 1
            } else {
                ids.append(run)
                counts.append(1)
                last = run
            }
        }
        starts.append(ids.count)
    }
}

/// Numbers for pairs of numbers.
struct RunTable: Sendable {
    private(set) var count = 0
    private var keys = [UInt64](repeating: Self.empty, count: 1024)
    private var values = [Int32](repeating: 0, count: 1024)

    /// No number is that large.
    private static let empty = UInt64.max

    mutating func number(of first: Int32, _ second: Int32) -> Int32 {
        let key = UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
        if 2 * count >= keys.count { grow() }
        let slot = slot(of: key)
        if keys[slot] == Self.empty {
            keys[slot] = key
            values[slot] = Int32(count)
            count += 1
        }
        return values[slot]
    }

    private func slot(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 20) & (keys.count - 1)
        while keys[slot] != key, keys[slot] != Self.empty { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = [UInt64](repeating: Self.empty, count: 2 * oldKeys.count)
        values = [Int32](repeating: 0, count: keys.count)
        for (key, value) in zip(oldKeys, oldValues) where key != Self.empty {
            let slot = slot(of: key)
            (keys[slot], values[slot]) = (key, value)
        }
    }
}
