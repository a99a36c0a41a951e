/// The symbols of one word while they are merged: a linked list, and a heap of the merges to do.
///
/// Every merge takes one symbol away and adds at most two candidates, so a text of n characters takes O(n log n).
struct Symbols {
    private var ids: [Int32]
    private var next: [Int32]
    private var previous: [Int32]
    private var heap: [Candidate] = []
    private static let gone: Int32 = -2

    private struct Candidate {
        var rank: Int32
        var place: Int32
        var id: Int32

        func precedes(_ other: Candidate) -> Bool { rank != other.rank ? rank < other.rank : place < other.place }
    }

    init(_ ids: [Int32]) {
        self.ids = ids
        let count = Int32(truncatingIfNeeded: ids.count)
        next = (0..<count).map { $0 + 1 < count ? $0 + 1 : -1 }
        previous = (0..<count).map { $0 - 1 }
    }

    mutating func merge(by merges: [UInt64: BytePairEncoding.Merge]) {
        guard ids.count > 1 else { return }
        for place in 0..<ids.count - 1 { propose(Int32(place), merges) }
        while let candidate = pop() {
            let place = Int(candidate.place)
            let right = Int(next[place])
            // The list may have changed since the candidate was proposed.
            guard ids[place] != Self.gone, right >= 0,
                merges[BytePairEncoding.key(Int(ids[place]), Int(ids[right]))]?.id == candidate.id
            else { continue }
            ids[place] = candidate.id
            ids[right] = Self.gone
            next[place] = next[right]
            if next[right] >= 0 { previous[Int(next[right])] = candidate.place }
            if previous[place] >= 0 { propose(previous[place], merges) }
            propose(candidate.place, merges)
        }
    }

    func append(to result: inout [Int]) {
        for id in ids where id != Self.gone { result.append(Int(id)) }
    }

    private mutating func propose(_ place: Int32, _ merges: [UInt64: BytePairEncoding.Merge]) {
        let right = next[Int(place)]
        guard right >= 0, let merge = merges[BytePairEncoding.key(Int(ids[Int(place)]), Int(ids[Int(right)]))] else { return }
        push(Candidate(rank: merge.rank, place: place, id: merge.id))
    }

    private mutating func push(_ candidate: Candidate) {
        var index = heap.count
        heap.append(candidate)
        while index > 0 {
            let parent = (index - 1) / 2
            guard candidate.precedes(heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = candidate
    }

    private mutating func pop() -> Candidate? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        let count = heap.count
        if count == 0 { return top }
        var index = 0
        while true {
            var child = 2 * index + 1
            if child >= count { break }
            if child + 1 < count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(last) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
        return top
    }
}
