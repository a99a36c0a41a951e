/// The tokens written so far for each row, as a tree: every token follows another one, or the prompt.
///
/// An answer is a chain. Beams are branches that share their beginnings, and candidate answers are a trie; both live in one cache whose
/// slots are only ever appended to. Nothing is copied when beams change places: a token sees the slots on its own path and no others.
struct TokenTree {
    /// The parent of a token that follows the prompt.
    static let root = -1

    /// The slots on the way to each slot, itself last: `paths[row][slot]`.
    private var paths: [[[Int]]]
    /// Whether every slot follows the one before it, in all rows: then causality alone says what is seen.
    private(set) var isChain = true

    init(rows: Int) { paths = Array(repeating: [], count: rows) }

    /// Slots per row.
    var count: Int { paths.first?.count ?? 0 }

    /// Adds T slots to each row. Slots are numbered as they come, so a token may follow one that is added with it.
    mutating func append(_ parents: [[Int]]) {
        for row in paths.indices {
            for parent in parents[row] {
                let slot = paths[row].count
                if parent != slot - 1 { isChain = false }
                paths[row].append((parent == Self.root ? [] : paths[row][parent]) + [slot])
            }
        }
    }

    /// Forgets everything after the first `count` slots.
    mutating func truncate(to count: Int) {
        for row in paths.indices { paths[row].removeLast(max(0, paths[row].count - count)) }
        isChain = paths.allSatisfy { row in row.enumerated().allSatisfy { slot, path in path.count == slot + 1 } }
    }

    /// How many tokens stand between the prompt and a slot.
    func depth(_ row: Int, _ slot: Int) -> Int { paths[row][slot].count - 1 }

    /// The slots on the way from the prompt to a slot, itself last.
    func path(_ row: Int, to slot: Int) -> [Int] { paths[row][slot] }

    /// Which slots each of the last `added` tokens sees, row-major [B, added, count].
    func visibility(ofLast added: Int) -> [Bool] {
        var seen = [Bool](repeating: false, count: paths.count * added * count)
        for row in paths.indices {
            for (place, slot) in (count - added..<count).enumerated() {
                let start = (row * added + place) * count
                for ancestor in paths[row][slot] { seen[start + ancestor] = true }
            }
        }
        return seen
    }
}
