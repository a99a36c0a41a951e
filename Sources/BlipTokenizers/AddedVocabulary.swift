/// The added tokens of a tokenizer. Ids are given as `tokenizers` gives them: a text the model knows keeps the model's id, another one
/// gets the next free id, whatever the file says.
struct AddedVocabulary: Sendable {
    private(set) var ids: [[UInt8]: Int] = [:]
    private(set) var tokens: [Int: AddedToken] = [:]
    private(set) var specialContents: Set<[UInt8]> = []
    private var specials: [AddedToken] = []
    private var ordinary: [AddedToken] = []
    private var largestID: Int?

    mutating func add(_ added: [AddedToken], model: Vocabulary) {
        for token in added where token.isSpecial && !token.content.isEmpty && specialContents.insert(token.content).inserted {
            specials.append(token)
        }
        for token in added where !token.content.isEmpty {
            if let id = ids[token.content], tokens[id] == token { continue }
            let id = ids[token.content] ?? model.id(of: token.content) ?? nextID(modelCount: model.count)
            ids[token.content] = id
            tokens[id] = token
            largestID = max(largestID ?? id, id)
            if !specialContents.contains(token.content) { ordinary.append(token) }
        }
    }

    private func nextID(modelCount: Int) -> Int {
        guard let largestID, largestID >= modelCount || modelCount == 0 else { return modelCount }
        return largestID + 1
    }

    func contains(_ content: [UInt8]) -> Bool { ids[content] != nil }

    func isSpecial(_ content: [UInt8]) -> Bool { specialContents.contains(content) }

    /// What finds the tokens in a text.
    ///
    /// - Parameter includingSpecial: without them, a text is read as if no special token existed.
    func matchers(includingSpecial: Bool, normalizer: Normalizer?) -> (raw: AddedTokenMatcher, normalized: AddedTokenMatcher) {
        var raw = AddedTokenMatcher()
        var normalized = AddedTokenMatcher()
        for token in (includingSpecial ? specials : []) + ordinary {
            guard let id = ids[token.content], let current = tokens[id] else { continue }
            if !includingSpecial, isSpecial(token.content) { continue }
            if token.isNormalized {
                normalized.insert(normalizer.map { $0(token.content) } ?? token.content, id: id, rules: current)
            } else {
                raw.insert(token.content, id: id, rules: current)
            }
        }
        return (raw, normalized)
    }
}

/// Finds added tokens in a text: leftmost, and of those the longest.
struct AddedTokenMatcher: Sendable {
    private var trie = ByteTrie()
    private var begins = [Bool](repeating: false, count: 256)
    private var rules: [Int: AddedToken] = [:]

    mutating func insert(_ content: [UInt8], id: Int, rules token: AddedToken) {
        guard let first = content.first, trie.node(after: content).flatMap(trie.value) == nil else { return }
        trie.insert(content, value: id)
        begins[Int(first)] = true
        rules[id] = token
    }

    /// The text as a row of parts, each either a token or text for the next stage.
    func split(_ text: ArraySlice<UInt8>) -> [(range: Range<Int>, id: Int?)] {
        if rules.isEmpty { return text.isEmpty ? [] : [(text.startIndex..<text.endIndex, nil)] }
        var parts: [(range: Range<Int>, id: Int?)] = []
        var done = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            guard begins[Int(text[index])], let match = longest(in: text, at: index), let token = rules[match.id] else {
                index += 1
                continue
            }
            var (start, end) = (index, match.end)
            index = match.end
            if token.isSingleWord, Self.touchesWord(text, start, end) { continue }
            if token.stripsLeft { start = max(Self.skippingSpaces(in: text, before: start), done) }
            if token.stripsRight { end = Self.skippingSpaces(in: text, after: end) }
            if done < start { parts.append((done..<start, nil)) }
            parts.append((min(start, end)..<end, match.id))
            done = end
        }
        if done < text.endIndex { parts.append((done..<text.endIndex, nil)) }
        return parts
    }

    private func longest(in text: ArraySlice<UInt8>, at start: Int) -> (end: Int, id: Int)? {
        var node = ByteTrie.root
        var found: (end: Int, id: Int)?
        for index in start..<text.endIndex {
            guard let next = trie.child(of: node, text[index]) else { break }
            node = next
            if let id = trie.value(at: node) { found = (index + 1, id) }
        }
        return found
    }

    private static func touchesWord(_ text: ArraySlice<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if let before = scalar(in: text, before: start), UnicodeRules.isWord(before.scalar) { return true }
        return end < text.endIndex && UnicodeRules.isWord(UTF8Text.scalar(in: text, at: end).scalar)
    }

    private static func skippingSpaces(in text: ArraySlice<UInt8>, before index: Int) -> Int {
        var index = index
        while let before = scalar(in: text, before: index), UnicodeRules.isSpace(before.scalar) { index = before.start }
        return index
    }

    private static func skippingSpaces(in text: ArraySlice<UInt8>, after index: Int) -> Int {
        var index = index
        while index < text.endIndex {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            guard UnicodeRules.isSpace(scalar) else { break }
            index += length
        }
        return index
    }

    private static func scalar(in text: ArraySlice<UInt8>, before index: Int) -> (scalar: Unicode.Scalar, start: Int)? {
        guard index > text.startIndex else { return nil }
        var start = index - 1
        while start > text.startIndex, text[start] & 0xC0 == 0x80, index - start < 4 { start -= 1 }
        return (UTF8Text.scalar(in: text, at: start).scalar, start)
    }
}
