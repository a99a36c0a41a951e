/// BERT's cleaning: control characters out, ideographs apart, accents off, lower case.
struct BertNormalizer: Sendable {
    var cleansText = true
    var separatesIdeographs = true
    var stripsAccents = true
    var lowercases = true

    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        var text = text
        if cleansText { text = Normalizer.mapped(text, Self.cleaned) }
        if separatesIdeographs { text = Self.withSpacesAroundIdeographs(text) }
        if stripsAccents { text = Normalizer.mapped(CanonicalForm.d(text)) { UnicodeRules.isNonspacingMark($0) ? nil : $0 } }
        return lowercases ? Normalizer.lowercased(text) : text
    }

    private static func cleaned(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        if UnicodeRules.isDroppedByCleaning(scalar) { return nil }
        return UnicodeRules.isSpace(scalar) ? " " : scalar
    }

    private static func withSpacesAroundIdeographs(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Text.scalar(in: text[...], at: index)
            let isIdeograph = UnicodeRules.isIdeograph(scalar)
            if isIdeograph { result.append(0x20) }
            result.append(contentsOf: text[index..<index + length])
            if isIdeograph { result.append(0x20) }
            index += length
        }
        return result
    }
}
