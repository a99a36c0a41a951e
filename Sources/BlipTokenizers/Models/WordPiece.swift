/// BERT's model: the longest token that fits, again and again; a word that does not come out even is unknown as a whole.
struct WordPiece: Sendable {
    let vocabulary: Vocabulary
    let unknown: Int
    let maximumScalars: Int
    private let trie: ByteTrie
    /// Where tokens that continue a word begin in the trie; nil if there is none.
    private let continuation: Int32?

    init(vocabulary: Vocabulary, unknown: Int, continuingPrefix: [UInt8] = Array("##".utf8), maximumScalars: Int = 100) {
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.maximumScalars = maximumScalars
        var trie = ByteTrie()
        vocabulary.forEach { text, id in trie.insert(text, value: id) }
        self.trie = trie
        continuation = trie.node(after: continuingPrefix)
    }

    func encode(_ word: ArraySlice<UInt8>, withholding withheld: Set<Int>, into ids: inout [Int]) {
        let scalars = word.count { $0 & 0xC0 != 0x80 }
        guard scalars <= maximumScalars else {
            ids.append(unknown)
            return
        }
        let before = ids.count
        var start = word.startIndex
        while start < word.endIndex {
            guard let found = longest(in: word, from: start, withholding: withheld) else {
                ids.removeSubrange(before...)
                ids.append(unknown)
                return
            }
            ids.append(found.id)
            start = found.end
        }
    }

    private func longest(in word: ArraySlice<UInt8>, from start: Int, withholding withheld: Set<Int>) -> (id: Int, end: Int)? {
        var found: (id: Int, end: Int)?
        guard var node = start == word.startIndex ? ByteTrie.root : continuation else { return nil }
        for index in start..<word.endIndex {
            guard let next = trie.child(of: node, word[index]) else { break }
            node = next
            if let id = trie.value(at: node), !withheld.contains(id) { found = (id, index + 1) }
        }
        return found
    }
}
