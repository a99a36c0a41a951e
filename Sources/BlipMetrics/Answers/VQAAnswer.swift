/// How the official evaluation of VQA rewrites answers before it compares them, with its oddities.
///
/// ```swift
/// VQAAnswer.normalized("The two dogs.")  // "2 dogs"
/// ```
/// Source: `PythonEvaluationTools/vqaEvaluation/vqaEval.py` of GT-Vision-Lab/VQA, as of commit c4e6a0e; LAVIS has the same rules.
public enum VQAAnswer {
    /// A prediction as it is compared.
    public static func normalized(_ answer: String) -> String { withoutArticles(withoutPunctuation(trimmed(answer))) }

    /// Line ends and tabulators become spaces, and none is left outside.
    static func trimmed(_ answer: String) -> String {
        PythonText.stripped(String(String.UnicodeScalarView(answer.unicodeScalars.map { $0 == "\n" || $0 == "\t" ? " " : $0 })))
    }

    /// Whether a reference is rewritten too depends on the others of its question; see ``VQAAccuracy``.
    ///
    /// Each mark of ``punctuation`` vanishes if it stands beside a space somewhere in the answer as it was given, or if a comma stands between
    /// two digits anywhere; otherwise it becomes a space. Then periods vanish, but those before a digit; only the first 32, because the script
    /// passes a flag where the number of replacements belongs.
    public static func withoutPunctuation(_ answer: String) -> String {
        let scalars = Array(answer.unicodeScalars)
        guard scalars.contains(where: { punctuation.contains($0) || $0 == "." }) else { return answer }
        var beside: Set<Unicode.Scalar> = []
        var hasGroupedDigits = false
        for (place, scalar) in scalars.enumerated() where punctuation.contains(scalar) {
            let (before, after) = (place > 0 ? scalars[place - 1] : nil, place + 1 < scalars.count ? scalars[place + 1] : nil)
            if before == " " || after == " " { beside.insert(scalar) }
            if scalar == ",", isDigit(before), isDigit(after) { hasGroupedDigits = true }
        }
        let replaced = scalars.compactMap { scalar -> Unicode.Scalar? in
            guard punctuation.contains(scalar) else { return scalar }
            return hasGroupedDigits || beside.contains(scalar) ? nil : " "
        }
        var result = String.UnicodeScalarView()
        var periods = 0
        for (place, scalar) in replaced.enumerated() {
            if scalar == ".", periods < 32, place + 1 == replaced.count || !isDigit(replaced[place + 1]) {
                periods += 1
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// In lower case, with digits for the words from none to ten, without articles, contractions with their apostrophe.
    public static func withoutArticles(_ answer: String) -> String {
        PythonText.words(PythonText.lowercased(answer).unicodeScalars)
            .map { numbers[Array($0.utf8)] ?? $0 }
            .filter { !articles.contains(Array($0.utf8)) }
            .map { contractions[Array($0.utf8)] ?? $0 }
            .joined(separator: " ")
    }

    static let punctuation: Set<Unicode.Scalar> = [
        ";", "/", "[", "]", "\"", "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",", "?", "!",
    ]

    /// Words are keyed by bytes: a dictionary of `String` would take a decomposed letter for a composed one.
    private static let numbers: [[UInt8]: String] = keyed([
        ("none", "0"), ("zero", "0"), ("one", "1"), ("two", "2"), ("three", "3"), ("four", "4"), ("five", "5"), ("six", "6"),
        ("seven", "7"), ("eight", "8"), ("nine", "9"), ("ten", "10"),
    ])

    private static let articles: Set<[UInt8]> = Set(["a", "an", "the"].map { Array($0.utf8) })

    private static let contractions: [[UInt8]: String] = keyed(VQAContractions.all)

    private static func keyed(_ pairs: [(String, String)]) -> [[UInt8]: String] {
        Dictionary(pairs.map { (Array($0.0.utf8), $0.1) }) { $1 }
    }

    /// `\d` of a Python pattern: a decimal digit of any script.
    private static func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        if scalar.isASCII { return ("0"..."9").contains(scalar) }
        return scalar.properties.generalCategory == .decimalNumber
    }
}
