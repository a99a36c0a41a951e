/// An instruction with holes that a sample fills: `Question: {question} Short answer:`.
///
/// Braces that are meant as braces are doubled.
public struct Template: Sendable, Equatable, CustomStringConvertible {
    public enum Hole: String, Sendable, CaseIterable {
        case question, answer
        /// All options, lettered: `(a) red (b) blue`.
        case options
        /// Words found in the picture, comma-separated.
        case ocr
        case context
        /// What was said before.
        case history
        /// A caption that is given, not wanted.
        case caption
    }

    enum Part: Sendable, Equatable {
        case text(String)
        case hole(Hole)
    }

    /// As it was written.
    public let text: String
    let parts: [Part]

    public var description: String { text }
    public var holes: [Hole] {
        parts.compactMap { part in
            if case .hole(let hole) = part { hole } else { nil }
        }
    }

    /// Whether it writes the period behind a question itself.
    var closesQuestion: Bool {
        guard let place = parts.firstIndex(of: .hole(.question)), place + 1 < parts.count, case .text(let next) = parts[place + 1] else {
            return false
        }
        return next.hasPrefix(".")
    }

    /// - Throws: ``DataError/badTemplate(text:reason:)`` for a hole that is not known, or a brace without its partner.
    public init(_ text: String) throws(DataError) {
        self.text = text
        var parts: [Part] = []
        var plain = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                plain.append(character)
                rest.removeFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw .badTemplate(text: text, reason: "a \"{\" is not closed") }
                let name = String(rest[..<end])
                guard let hole = Hole(rawValue: name) else {
                    let known = Hole.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                    throw .badTemplate(text: text, reason: "there is no hole {\(name)}; there are \(known)")
                }
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.hole(hole))
                rest = rest[rest.index(after: end)...]
            case "}": throw .badTemplate(text: text, reason: "a \"}\" was not opened; write }} for a brace")
            default: plain.append(character)
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        self.parts = parts
    }

    /// The template with each hole filled.
    ///
    /// - Throws: what `value` throws for a hole that it has nothing for.
    public func filled(_ value: (Hole) throws(DataError) -> String) throws(DataError) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .hole(let hole): result += try value(hole)
            }
        }
        return result
    }
}

extension Template: ExpressibleByStringLiteral {
    /// For templates in this package's own source; a mistake there is found by the first test that touches it.
    public init(stringLiteral text: String) {
        do { try self.init(text) } catch { preconditionFailure("\(error)") }
    }
}
