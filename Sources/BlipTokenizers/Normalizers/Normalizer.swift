/// What happens to the text before it is split. Works on UTF-8 and yields UTF-8.
indirect enum Normalizer: Sendable {
    case sequence([Normalizer])
    case bert(BertNormalizer)
    case precompiled(Charsmap)
    case prepend([UInt8])
    case replace(Pattern, content: [UInt8])
    case canonicalForm(CanonicalForm)
    case lowercase
    case stripAccents
    case strip(left: Bool, right: Bool)
    case nmt
    case byteLevel

    static let kinds = [
        "Sequence", "BertNormalizer", "Precompiled", "Prepend", "Replace", "NFD", "NFC", "NFKD", "NFKC", "Lowercase", "StripAccents",
        "Strip", "Nmt", "ByteLevel",
    ]

    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        switch self {
        case .sequence(let parts): return parts.reduce(text) { $1($0) }
        case .bert(let normalizer): return normalizer(text)
        case .precompiled(let charsmap): return charsmap.normalize(text)
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let content): return pattern.replacingMatches(in: text, with: content)
        case .canonicalForm(let form): return form(text)
        case .lowercase: return Self.lowercased(text)
        case .stripAccents: return Self.mapped(text) { UnicodeRules.isMark($0) ? nil : $0 }
        case .strip(let left, let right): return Self.stripped(text, left: left, right: right)
        case .nmt: return Self.mapped(text, Self.nmt)
        case .byteLevel: return ByteAlphabet.characters(for: text[...])
        }
    }

    /// Lowercases character by character, without regard to context (a final sigma becomes σ).
    static func lowercased(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                result.append((65...90).contains(byte) ? byte + 32 : byte)
                index += 1
            } else {
                let (scalar, length) = UTF8Text.scalar(in: text[...], at: index)
                result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
                index += length
            }
        }
        return result
    }

    static func mapped(_ text: [UInt8], _ change: (Unicode.Scalar) -> Unicode.Scalar?) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Text.scalar(in: text[...], at: index)
            if let changed = change(scalar) { UTF8Text.append(changed, to: &result) }
            index += length
        }
        return result
    }

    private static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        let scalars = UTF8Text.scalars(of: text[...])
        var kept = scalars[...]
        if left { kept = kept.drop(while: UnicodeRules.isSpace) }
        if right { while let last = kept.last, UnicodeRules.isSpace(last) { kept.removeLast() } }
        return kept.count == scalars.count ? text : UTF8Text.bytes(of: kept)
    }

    /// SentencePiece's "nmt" cleaning: control characters vanish, unusual spaces and invisible marks become a space.
    private static func nmt(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: " "
        default: scalar
        }
    }
}
