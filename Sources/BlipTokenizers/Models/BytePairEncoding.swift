/// Byte-pair encoding: start from characters and join the pair of the lowest rank, leftmost first, until no pair is left.
struct BytePairEncoding: Sendable {
    struct Options: Sendable {
        var unknown: Int?
        var fusesUnknown = false
        var fallsBackToBytes = false
        var ignoresMerges = false
        var continuingPrefix: [UInt8] = []
        var endOfWordSuffix: [UInt8] = []
    }

    struct Merge: Sendable, Equatable {
        var rank: Int32
        var id: Int32
    }

    let vocabulary: Vocabulary
    let options: Options
    private let merges: [UInt64: Merge]
    /// The ids of the 256 byte tokens; empty if one is missing or they are not in use.
    private let byteIDs: [Int]

    init(vocabulary: Vocabulary, merges: [UInt64: Merge], options: Options) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        byteIDs = options.fallsBackToBytes ? (0..<256).map { vocabulary.id(of: ByteToken.text(of: UInt8($0))) ?? -1 } : []
    }

    static func key(_ left: Int, _ right: Int) -> UInt64 { UInt64(UInt32(left)) << 32 | UInt64(UInt32(right)) }

    /// - Throws: the text that no token has, for a merge of or into an unknown token.
    static func table(_ pairs: [(left: [UInt8], right: [UInt8])], _ vocabulary: Vocabulary, continuingPrefix: [UInt8])
        throws(UnknownMergeToken) -> [UInt64: Merge]
    {
        var table: [UInt64: Merge] = [:]
        table.reserveCapacity(pairs.count)
        for (rank, pair) in pairs.enumerated() {
            guard let left = vocabulary.id(of: pair.left) else { throw UnknownMergeToken(rank: rank, token: pair.left) }
            guard let right = vocabulary.id(of: pair.right) else { throw UnknownMergeToken(rank: rank, token: pair.right) }
            let joined = pair.left + pair.right.dropFirst(continuingPrefix.count)
            guard let id = vocabulary.id(of: joined) else { throw UnknownMergeToken(rank: rank, token: joined) }
            table[key(left, right)] = Merge(rank: Int32(truncatingIfNeeded: rank), id: Int32(id))
        }
        return table
    }

    struct UnknownMergeToken: Error {
        let rank: Int
        let token: [UInt8]
    }

    func encode(_ text: ArraySlice<UInt8>, withholding withheld: Set<Int>, into ids: inout [Int]) {
        if text.isEmpty { return }
        if options.ignoresMerges, let id = vocabulary.id(of: text), !withheld.contains(id) {
            ids.append(id)
            return
        }
        var symbols = Symbols(characterIDs(of: text))
        symbols.merge(by: merges)
        symbols.append(to: &ids)
    }

    /// One id per character, or one per byte where the character is not in the vocabulary.
    private func characterIDs(of text: ArraySlice<UInt8>) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count)
        var hasPendingUnknown = false
        var index = text.startIndex
        while index < text.endIndex {
            let length = min(UTF8Text.length(ofScalarStartingWith: text[index]), text.endIndex - index)
            var character = text[index..<index + length]
            if index > text.startIndex, !options.continuingPrefix.isEmpty { character = (options.continuingPrefix + character)[...] }
            index += length
            if index == text.endIndex, !options.endOfWordSuffix.isEmpty { character += options.endOfWordSuffix }

            if let id = vocabulary.id(of: character) {
                if hasPendingUnknown, let unknown = options.unknown { ids.append(Int32(unknown)) }
                hasPendingUnknown = false
                ids.append(Int32(id))
            } else if options.fallsBackToBytes, character.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                // An unknown token still pending stays pending, behind these bytes, as it does in `tokenizers`.
                ids.append(contentsOf: character.map { Int32(byteIDs[Int($0)]) })
            } else if let unknown = options.unknown {
                if hasPendingUnknown, !options.fusesUnknown { ids.append(Int32(unknown)) }
                hasPendingUnknown = true
            }
        }
        if hasPendingUnknown, let unknown = options.unknown { ids.append(Int32(unknown)) }
        return ids
    }
}
