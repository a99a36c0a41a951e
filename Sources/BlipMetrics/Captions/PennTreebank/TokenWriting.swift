import Foundation

extension TokenRule.Writing {
    /// The text of a token, before it is put into lower case.
    func text(of units: UnsafeBufferPointer<UInt16>) -> String {
        let text = String(decoding: units, as: UTF16.self)
        switch self {
        case .nothing: return ""
        case .asIs, .split, .periodTwice: return text
        case .softened: return Self.withoutSoftHyphens(text)
        case .spaced: return Self.unbroken(text)
        case .quote(let isOpening): return Self.quotes(text, isOpening: isOpening)
        case .text(let text): return text
        case .hyphens: return (3...4).contains(units.count) ? "--" : text
        case .vulgarFraction: return Self.fractions[text] ?? text
        case .currency: return Self.currencies[text] ?? text
        case .ampersand: return text.replacingOccurrences(of: "&amp;", with: "&", options: .caseInsensitive)
        case .bracketed: return Self.unbroken(Self.replaced(text) { $0 == "(" ? "-LRB-" : $0 == ")" ? "-RRB-" : nil })
        }
    }

    private static func withoutSoftHyphens(_ text: String) -> String {
        guard text.utf16.contains(0xAD) else { return text }
        let rest = replaced(text) { $0 == "\u{AD}" ? "" : nil }
        return rest.isEmpty ? "-" : rest
    }

    private static func unbroken(_ text: String) -> String { replaced(text) { $0 == " " ? "\u{A0}" : nil } }

    private static func quotes(_ text: String, isOpening: Bool) -> String {
        let plain = text.replacingOccurrences(of: "&apos;", with: "'").replacingOccurrences(of: "&quot;", with: "\"")
        return replaced(plain) { scalar in
            switch scalar {
            case "'": isOpening ? "`" : "'"
            case "\"": isOpening ? "``" : "''"
            case "\u{91}", "\u{2018}", "\u{201B}", "\u{2039}": "`"
            case "\u{92}", "\u{2019}", "\u{203A}": "'"
            case "\u{93}", "\u{201C}", "\u{AB}": "``"
            case "\u{94}", "\u{201D}", "\u{BB}": "''"
            default: nil
            }
        }
    }

    private static func replaced(_ text: String, _ other: (Unicode.Scalar) -> String?) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let other = other(scalar) { result.append(contentsOf: other.unicodeScalars) } else { result.append(scalar) }
        }
        return String(result)
    }

    private static let fractions = [
        "\u{BC}": "1/4", "\u{BD}": "1/2", "\u{BE}": "3/4", "\u{2153}": "1/3", "\u{2154}": "2/3",
    ]

    private static let currencies = ["\u{A2}": "cents", "\u{A3}": "#", "\u{80}": "$", "\u{A4}": "$", "\u{20A0}": "$", "\u{20AC}": "$"]
}
