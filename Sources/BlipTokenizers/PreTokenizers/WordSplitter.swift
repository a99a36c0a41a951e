/// GPT-2's rule for cutting text into words:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
///
/// Written out by hand because every text for OPT passes through it.
enum WordSplitter {
    static func ranges(in text: ArraySlice<UInt8>) -> [Range<Int>] {
        var offsets: [Int] = []
        var kinds: [UnicodeRules.Kind] = []
        offsets.reserveCapacity(text.count + 1)
        kinds.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let (scalar, length) = UTF8Text.scalar(in: text, at: index)
            offsets.append(index)
            kinds.append(UnicodeRules.kind(of: scalar))
            index += length
        }
        offsets.append(text.endIndex)

        var ranges: [Range<Int>] = []
        var place = 0
        while place < kinds.count {
            let end = contraction(in: text, at: offsets[place]).map { place + $0 } ?? endOfRun(kinds, from: place, text, offsets)
            ranges.append(offsets[place]..<offsets[end])
            place = end
        }
        return ranges
    }

    private static func endOfRun(_ kinds: [UnicodeRules.Kind], from start: Int, _ text: ArraySlice<UInt8>, _ offsets: [Int]) -> Int {
        var first = start
        if text[offsets[start]] == 0x20, start + 1 < kinds.count { first = start + 1 }
        let kind = kinds[first]
        if kind != .space {
            var end = first + 1
            while end < kinds.count, kinds[end] == kind { end += 1 }
            return end
        }
        var end = start + 1
        while end < kinds.count, kinds[end] == .space { end += 1 }
        // The last space of several stays for the word that follows.
        return end < kinds.count && end > start + 1 ? end - 1 : end
    }

    /// How many characters of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` begin here.
    private static func contraction(in text: ArraySlice<UInt8>, at index: Int) -> Int? {
        guard text[index] == UInt8(ascii: "'"), index + 1 < text.endIndex else { return nil }
        let next = text[index + 1]
        switch next {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return index + 2 < text.endIndex && text[index + 2] == UInt8(ascii: "e") ? 3 : nil
        case UInt8(ascii: "l"): return index + 2 < text.endIndex && text[index + 2] == UInt8(ascii: "l") ? 3 : nil
        default: return nil
        }
    }
}
