/// A kind of token: what it looks like, what must follow, and what is written for it.
struct TokenRule: Sendable {
    let pattern: TokenPattern
    /// What stands behind the token and is not part of it.
    let following: TokenPattern?
    /// Where the token ends, if something must follow.
    let end: End
    let writing: Writing

    enum End: Sendable {
        case whole
        /// So many units before the end of what was matched.
        case before(Int)
        /// At the first space or line end.
        case beforeSpace
        /// Before a digit, and a space before it if there is one.
        case beforeNumber
    }

    /// What is written for a token.
    enum Writing: Sendable {
        case nothing
        case asIs
        /// Without soft hyphens.
        case softened
        /// The token ends so many units earlier; the rest is read again.
        case split(Int)
        /// As it is, but its last unit, a period, is read again as a token of its own.
        case periodTwice
        /// Spaces that belong to a token cannot be broken.
        case spaced
        /// A quotation mark or apostrophe in the manner of LaTeX.
        case quote(isOpening: Bool)
        case text(String)
        /// Three or four hyphens are a dash.
        case hyphens
        /// ½ as digits.
        case vulgarFraction
        case currency
        case ampersand
        /// Round brackets by name, spaces that cannot be broken.
        case bracketed
    }

    init(_ pattern: TokenPattern, _ writing: Writing = .asIs) {
        (self.pattern, following, end, self.writing) = (pattern, nil, .whole, writing)
    }

    /// - Parameter end: of `following` alone the length is told, see ``End``.
    init(_ pattern: TokenPattern, before following: TokenPattern, end: End = .before(1), _ writing: Writing = .asIs) {
        (self.pattern, self.following, self.end, self.writing) = (pattern, following, end, writing)
    }
}
