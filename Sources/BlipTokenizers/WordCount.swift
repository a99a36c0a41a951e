/// Counts the words of texts, for small tokenizers that know them whole.
///
/// Words are runs of letters, with `▁` in front where a space or the text's beginning stands there. What is written in capitals or digits is
/// not counted: it stays spelled letter by letter, so that a model that has read some of it can read all.
public struct WordCount: Sendable {
    private var counts: [String: Int] = [:]

    public init() {}

    public mutating func add(_ text: String) {
        for part in text.split(whereSeparator: \.isWhitespace) {
            var word = ""
            var isFirst = true
            func isPart(_ character: Character) -> Bool { character.isLetter || (character == "-" && !word.isEmpty) }
            for character in part {
                if isPart(character) {
                    if word.isEmpty, isFirst { word = "▁" }
                    word.append(character)
                } else {
                    count(word)
                    word = ""
                }
                isFirst = false
            }
            count(word)
        }
    }

    private mutating func count(_ word: String) {
        let letters = word.drop { $0 == "▁" }
        guard letters.count > 1 || letters == "a", letters.dropFirst().allSatisfy({ !$0.isUppercase }), letters.last != "-" else { return }
        counts[word, default: 0] += 1
    }

    /// Those that came at least so often, the most frequent first; equally frequent ones in the order of their letters.
    public func words(atLeast count: Int = 1) -> [String] {
        counts.filter { $0.value >= count }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }
}
