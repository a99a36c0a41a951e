/// SentencePiece's precompiled character map: a double-array trie from text to the places of its replacements.
///
/// Layout: the trie's size in bytes (UInt32, little-endian), its units (UInt32 each), then the replacements, each ended by a zero byte.
/// In a unit, bits 0-7 are the label, bit 8 says that the node has a value, bits 10-30 are the offset to the children (times 256 where
/// bit 9 is set); a unit with bit 31 is a value. Applied as `tokenizers` does (see `normalize`), every index checked.
struct Charsmap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]
    /// Longer replacements are dropped; the longest one of Unicode has 33 bytes. Keeps a broken map from inflating a text.
    private static let longestReplacement = 1024

    /// - Returns: nil where the bytes are too short for what they announce, or a replacement is not UTF-8.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4 else { return nil }
        let size = Int(Self.word(in: bytes, at: 0))
        guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
        units = (0..<size / 4).map { Self.word(in: bytes, at: 4 + 4 * $0) }
        replacements = Array(bytes[(4 + size)...])
        guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
    }

    private static func word(in bytes: [UInt8], at index: Int) -> UInt32 {
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24
    }

    /// Replaces what the map knows, grapheme cluster by grapheme cluster.
    ///
    /// A cluster shorter than six bytes is looked up first, and if any *prefix* of it is in the map, the shortest one's replacement stands
    /// for the whole cluster. Otherwise each scalar is looked up by itself. (Odd, but published ids depend on it.)
    func normalize(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if Self.isAlone(text, index) {
                replace(text[index..<index + 1], into: &result)
                index += 1
                continue
            }
            // Clusters are found in the run up to the next place that is certainly a boundary: between two ASCII characters.
            var end = index + 1
            while end < text.count, !(text[end - 1] < 0x80 && Self.isAlone(text, end)) { end += 1 }
            for cluster in String(decoding: text[index..<end], as: UTF8.self) {
                normalize(cluster: Array(cluster.utf8), into: &result)
            }
            index = end
        }
        return result
    }

    /// Whether the byte is an ASCII character that no neighbour to the right joins. (CR LF is one cluster.)
    private static func isAlone(_ text: [UInt8], _ index: Int) -> Bool {
        let byte = text[index]
        guard byte < 0x80, byte != 0x0D, byte != 0x0A else { return false }
        return index + 1 == text.count || text[index + 1] < 0x80
    }

    private func normalize(cluster: [UInt8], into result: inout [UInt8]) {
        if cluster.count < 6, let place = lookUp(cluster[...]) {
            appendReplacement(at: place, to: &result)
            return
        }
        var index = 0
        while index < cluster.count {
            let length = min(UTF8Text.length(ofScalarStartingWith: cluster[index]), cluster.count - index)
            replace(cluster[index..<index + length], into: &result)
            index += length
        }
    }

    private func replace(_ part: ArraySlice<UInt8>, into result: inout [UInt8]) {
        if let place = lookUp(part) {
            appendReplacement(at: place, to: &result)
        } else {
            result.append(contentsOf: part)
        }
    }

    private func appendReplacement(at place: Int, to result: inout [UInt8]) {
        var end = place
        while end < replacements.count, replacements[end] != 0 { end += 1 }
        if end - place <= Self.longestReplacement { result.append(contentsOf: replacements[place..<end]) }
    }

    /// Where the replacement of the shortest prefix stands; nil where the map has none, or leads outside itself.
    private func lookUp(_ key: ArraySlice<UInt8>) -> Int? {
        guard let root = units.first else { return nil }
        var node = Self.offset(root)
        for byte in key {
            if byte == 0 { return nil }
            node ^= Int(byte)
            guard node < units.count else { return nil }
            let unit = units[node]
            guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
            node ^= Self.offset(unit)
            if unit >> 8 & 1 == 1 {
                guard node < units.count else { return nil }
                let place = Int(units[node] & 0x7FFF_FFFF)
                // A replacement begins at the beginning of the text or after the zero that ends another one.
                guard place < replacements.count, place == 0 || replacements[place] & 0xC0 != 0x80 else { return nil }
                return place
            }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
