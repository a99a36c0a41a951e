import BlipTokenizers

/// The text of an answer while it is written.
///
/// White space at the beginning is dropped, and white space that may turn out to be the end is held back, so that the pieces given out add
/// up to the trimmed text.
struct AnswerText {
    private var decoder: StreamDecoder
    private var held = ""
    private(set) var whole = ""

    init(_ tokenizer: Tokenizer) { decoder = tokenizer.makeStreamDecoder(skippingSpecialTokens: true) }

    /// What the token adds to the text, as far as it is certain.
    mutating func append(_ id: Int) -> String { give(decoder.append(id)) }

    /// What is left when the answer is complete.
    mutating func finish() -> String { give(decoder.finish()) }

    private mutating func give(_ piece: String) -> String {
        held += piece
        if whole.isEmpty { held = String(held.drop(while: \.isWhitespace)) }
        guard let last = held.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        let end = held.index(after: last)
        let given = String(held[..<end])
        held = String(held[end...])
        whole += given
        return given
    }
}
