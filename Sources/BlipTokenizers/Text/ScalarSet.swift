/// One place of a regular expression: the characters it accepts. Classes are those of Oniguruma with Unicode 16, which `tokenizers` uses.
struct ScalarSet: Sendable, Equatable {
    enum Item: Sendable, Equatable {
        case range(ClosedRange<UInt32>)
        case space, digit, word
        /// A general category, by its one- or two-letter name.
        case category(String)
        indirect case not(Item)
    }

    var items: [Item]
    var isNegated = false
    var ignoresCase = false

    static let categories: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp",
    ]

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var found = items.contains { Self.accepts($0, scalar) }
        if !found, ignoresCase {
            found = Self.caseVariants(of: scalar).contains { variant in items.contains { Self.accepts($0, variant) } }
        }
        return found != isNegated
    }

    private static func accepts(_ item: Item, _ scalar: Unicode.Scalar) -> Bool {
        switch item {
        case .range(let range): return range.contains(scalar.value)
        case .space: return UnicodeRules.isSpace(scalar)
        case .digit: return scalar.properties.generalCategory == .decimalNumber && UnicodeRules.isAssigned(scalar, by: 16)
        case .word:
            // Oniguruma counts the superscript digits and vulgar fractions of Latin-1 as word characters, and not the joiners.
            switch scalar.value {
            case 0xB2, 0xB3, 0xB9, 0xBC...0xBE: return true
            case 0x200C, 0x200D: return false
            default: return UnicodeRules.isWord(scalar)
            }
        case .category(let name):
            // ʕ was a lowercase letter until Unicode 17.
            if scalar.value == 0x295, name == "Ll" || name == "Lo" { return name == "Ll" }
            return isIn(name, scalar.properties.generalCategory) && (scalar.value < 0x80 || UnicodeRules.isAssigned(scalar, by: 16))
        case .not(let item): return !accepts(item, scalar)
        }
    }

    private static func caseVariants(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        let lower = single(scalar.properties.lowercaseMapping)
        let upper = single(scalar.properties.uppercaseMapping)
        let folded = upper.flatMap { single($0.properties.lowercaseMapping) }
        return [lower, upper, folded].compactMap(\.self)
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        text.unicodeScalars.count == 1 ? text.unicodeScalars.first : nil
    }

    private static func isIn(_ name: String, _ category: Unicode.GeneralCategory) -> Bool {
        switch name {
        case "L": UnicodeRules.isLetter(category)
        case "M": UnicodeRules.isMark(category)
        case "N": UnicodeRules.isNumber(category)
        case "P": UnicodeRules.isPunctuation(category)
        case "S": UnicodeRules.isSymbol(category)
        case "Z": category == .spaceSeparator || category == .lineSeparator || category == .paragraphSeparator
        case "Lu": category == .uppercaseLetter
        case "Ll": category == .lowercaseLetter
        case "Lt": category == .titlecaseLetter
        case "Lm": category == .modifierLetter
        case "Lo": category == .otherLetter
        case "Mn": category == .nonspacingMark
        case "Mc": category == .spacingMark
        case "Me": category == .enclosingMark
        case "Nd": category == .decimalNumber
        case "Nl": category == .letterNumber
        case "No": category == .otherNumber
        case "Pc": category == .connectorPunctuation
        case "Pd": category == .dashPunctuation
        case "Ps": category == .openPunctuation
        case "Pe": category == .closePunctuation
        case "Pi": category == .initialPunctuation
        case "Pf": category == .finalPunctuation
        case "Po": category == .otherPunctuation
        case "Sm": category == .mathSymbol
        case "Sc": category == .currencySymbol
        case "Sk": category == .modifierSymbol
        case "So": category == .otherSymbol
        case "Zs": category == .spaceSeparator
        case "Zl": category == .lineSeparator
        case "Zp": category == .paragraphSeparator
        default: false
        }
    }
}
