import BlipData

/// Which picture a question is asked about: what a model scores without the right one shows how much of its score needs no seeing.
public enum EvaluationPicture: String, Sendable, CaseIterable {
    /// The sample's own.
    case given
    /// None: the same language model reads the same prompt alone, without what stands for a picture.
    case none
    /// Another sample's.
    case shuffled
}

/// Numbers in a circle in random order: whoever goes on from any of them meets all others before it meets itself.
struct PictureCircle: Sendable {
    private let next: [Int]

    /// - Parameter seed: the same circle for the same count and seed, on every machine.
    init(_ count: Int, seed: UInt64) {
        var order = Array(0..<count)
        var generator = SeededGenerator(seed: seed, SeededGenerator.key("pictures"))
        for place in stride(from: count - 1, to: 0, by: -1) { order.swapAt(place, generator.below(place + 1)) }
        var next = order
        for (place, number) in order.enumerated() { next[number] = order[(place + 1) % count] }
        self.next = next
    }

    /// The numbers that come behind one, nearest first, without itself.
    func others(than number: Int) -> some Sequence<Int> {
        sequence(state: number) { current -> Int? in
            current = next[current]
            return current == number ? nil : current
        }
    }
}
