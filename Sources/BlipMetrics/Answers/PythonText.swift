/// What Python does to a text, where an official script's result depends on it.
enum PythonText {
    /// `str.split()`: the parts between runs of white space.
    static func words(_ text: some Sequence<Unicode.Scalar>) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        for scalar in text {
            if !isSpace(scalar) {
                word.append(scalar)
            } else if !word.isEmpty {
                words.append(String(word))
                word = String.UnicodeScalarView()
            }
        }
        if !word.isEmpty { words.append(String(word)) }
        return words
    }

    /// `str.strip()`.
    static func stripped(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(scalars[first...last])
    }

    /// `str.isspace()` of one character: white space by Unicode's property, and the four separators of ASCII.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x1F, 0x20: true
        case ..<0x80: false
        default: scalar.properties.isWhitespace
        }
    }

    /// `str.lower()`: as Swift's, but a capital sigma that ends a word becomes "ς" (Unicode 16.0, table 3-17, Final_Sigma).
    static func lowercased(_ text: String) -> String {
        guard text.unicodeScalars.contains("Σ") else { return text.lowercased() }
        let scalars = Array(text.unicodeScalars)
        return lowercased(scalars) { place in
            scalars[..<place].last { !$0.properties.isCaseIgnorable }?.properties.isCased == true
                && scalars[(place + 1)...].first { !$0.properties.isCaseIgnorable }?.properties.isCased != true
        }
    }

    /// `toLowerCase(Locale.ENGLISH)` of Java, for which digits, and a mark between two letters, do not end a word.
    static func lowercasedInJava(_ text: String) -> String {
        guard text.unicodeScalars.contains("Σ") else { return text.lowercased() }
        let scalars = Array(text.unicodeScalars)
        return lowercased(scalars) { place in
            var after = scalars[(place + 1)...].prefix { $0.properties.numericType != nil }.endIndex
            if after == place + 1, after < scalars.count, "-'.\u{B7}\u{2019}".unicodeScalars.contains(scalars[after]) { after += 1 }
            let goesOn = after < scalars.count && scalars[after].properties.isCased
            return scalars[..<place].contains(where: \.properties.isCased) && !goesOn
        }
    }

    private static func lowercased(_ scalars: [Unicode.Scalar], isFinal: (Int) -> Bool) -> String {
        scalars.enumerated().map { $1 == "Σ" && isFinal($0) ? "ς" : $1.properties.lowercaseMapping }.joined()
    }
}
