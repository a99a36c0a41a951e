/// The character classes of the `tokenizers` library.
///
/// Its parts were built from different Unicode versions (its Rust standard library, a regular-expression engine and three older
/// tables), and a token id must not depend on which one we have. A class here therefore says up to which Unicode version its
/// characters count; the few characters whose category changed since are named. Checked over all code points against tokenizers 0.23.3.
enum UnicodeRules {
    typealias Category = Unicode.GeneralCategory

    /// White_Space, the same in every version since 6.3.
    @inline(__always)
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value == 0x20 || (9...13).contains(scalar.value) }
        return scalar.properties.isWhitespace
    }

    /// ASCII symbols and punctuation, or category P in Unicode 8.
    @inline(__always)
    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 0x80 {
            return (33...47).contains(value) || (58...64).contains(value) || (91...96).contains(value) || (123...126).contains(value)
        }
        if value == 0x166D || value == 0x111C9 { return true }
        return isPunctuation(scalar.properties.generalCategory) && isAssigned(scalar, by: 8)
    }

    /// A digit or another number (N), in the current Unicode version.
    @inline(__always)
    static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return (48...57).contains(scalar.value) }
        return isNumber(scalar.properties.generalCategory)
    }

    /// What BERT's text cleaning drops: U+0000, U+FFFD, and control, format and private-use characters other than tab and line ends.
    static func isDroppedByCleaning(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 0x80 { return (value < 32 && value != 9 && value != 10 && value != 13) || value == 127 }
        switch scalar.properties.generalCategory {
        case .control, .privateUse: return true
        case .format: return isAssigned(scalar, by: 7)
        default: return value == 0xFFFD
        }
    }

    /// The ideographs that BERT sets apart with spaces.
    static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// The nonspacing marks (Mn of Unicode 8) that BERT drops after decomposition.
    static func isNonspacingMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x300: return false
        case 0x1734, 0x1171E: return true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        default: return scalar.properties.generalCategory == .nonspacingMark && isAssigned(scalar, by: 8)
        }
    }

    /// The marks (M of Unicode 9) that the normalizer StripAccents drops.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x300: return false
        case 0x1CF2, 0x1CF3: return true
        case 0x111C9: return false
        default: return isMark(scalar.properties.generalCategory) && isAssigned(scalar, by: 9)
        }
    }

    /// A word character (\w) where the library uses Rust's regular expressions (Unicode 16).
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 0x80 { return (48...57).contains(value) || (65...90).contains(value) || (97...122).contains(value) || value == 95 }
        if value == 0x200C || value == 0x200D { return true }
        let category = scalar.properties.generalCategory
        return
            (isLetter(category) || isMark(category) || category == .decimalNumber || category == .connectorPunctuation
            || scalar.properties.isAlphabetic) && isAssigned(scalar, by: 16)
    }

    /// The four kinds of character that GPT-2's splitting rule tells apart (Unicode 16).
    enum Kind { case letter, number, space, other }

    @inline(__always)
    static func kind(of scalar: Unicode.Scalar) -> Kind {
        let value = scalar.value
        if value < 0x80 {
            if (65...90).contains(value) || (97...122).contains(value) { return .letter }
            if (48...57).contains(value) { return .number }
            return value == 32 || (9...13).contains(value) ? .space : .other
        }
        let category = scalar.properties.generalCategory
        if isLetter(category) { return isAssigned(scalar, by: 16) ? .letter : .other }
        if isNumber(category) { return isAssigned(scalar, by: 16) ? .number : .other }
        return scalar.properties.isWhitespace ? .space : .other
    }

    /// Whether the character existed in the given Unicode version.
    static func isAssigned(_ scalar: Unicode.Scalar, by major: Int) -> Bool {
        guard let age = scalar.properties.age else { return false }
        return age.major < major || (age.major == major && age.minor == 0)
    }

    static func isLetter(_ category: Category) -> Bool {
        switch category {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    static func isMark(_ category: Category) -> Bool {
        category == .nonspacingMark || category == .spacingMark || category == .enclosingMark
    }

    static func isNumber(_ category: Category) -> Bool {
        category == .decimalNumber || category == .letterNumber || category == .otherNumber
    }

    static func isPunctuation(_ category: Category) -> Bool {
        switch category {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation:
            true
        default: false
        }
    }

    static func isSymbol(_ category: Category) -> Bool {
        category == .mathSymbol || category == .currencySymbol || category == .modifierSymbol || category == .otherSymbol
    }
}
