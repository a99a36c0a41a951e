/// What somebody who mistyped a name may have meant.
public enum Spelling {
    /// The nearest names, at most three, nearest first; none that differs in more than a third of its letters.
    public static func nearest(to name: String, among names: [String]) -> [String] {
        let word = Array(name.lowercased())
        return names.map { (name: $0, distance: distance(word, Array($0.lowercased()))) }
            .filter { $0.distance <= max(2, $0.name.count / 3) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .prefix(3).map(\.name)
    }

    /// Letters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein, restricted).
    static func distance(_ first: [Character], _ second: [Character]) -> Int {
        var older: [Int] = []
        var last = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var line = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(last[column + 1] + 1, line[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other { best = min(best, older[column - 1] + 1) }
                line.append(best)
            }
            (older, last) = (last, line)
        }
        return last[second.count]
    }
}
