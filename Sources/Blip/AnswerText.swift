import BlipTokenizers
import Foundation

/// The text of an answer while it is written.
///
/// White space at the beginning is dropped, and what may turn out to be the end (white space, or the beginning of a stop string) is held
/// back, so that the pieces given out add up to the answer's text.
struct AnswerText {
    private var decoder: StreamDecoder
    private let stops: [String]
    private var held = ""
    private(set) var whole = ""
    /// Whether a stop string came; nothing is given out after it.
    private(set) var hasStopped = false

    init(_ tokenizer: Tokenizer, stops: [String] = []) {
        decoder = tokenizer.makeStreamDecoder(skippingSpecialTokens: true)
        self.stops = stops.filter { !$0.isEmpty }
    }

    /// The text of complete ids.
    static func text(_ ids: [Int], _ tokenizer: Tokenizer, stops: [String] = []) -> String {
        var text = AnswerText(tokenizer, stops: stops)
        for id in ids { _ = text.append(id) }
        _ = text.finish()
        return text.whole
    }

    /// What the token adds to the text, as far as it is certain.
    mutating func append(_ id: Int) -> String {
        held += decoder.append(id)
        return give(isEnd: false)
    }

    /// What is left when the answer is complete.
    mutating func finish() -> String {
        held += decoder.finish()
        return give(isEnd: true)
    }

    private mutating func give(isEnd: Bool) -> String {
        guard !hasStopped else { return "" }
        if let stop = stops.compactMap({ held.range(of: $0)?.lowerBound }).min() {
            held = String(held[..<stop])
            hasStopped = true
        }
        if whole.isEmpty { held = String(held.drop(while: \.isWhitespace)) }
        let certain = isEnd || hasStopped ? held.endIndex : held.index(held.endIndex, offsetBy: -longestBegunStop)
        guard let last = held[..<certain].lastIndex(where: { !$0.isWhitespace }) else { return "" }
        let end = held.index(after: last)
        let given = String(held[..<end])
        held = String(held[end...])
        whole += given
        return given
    }

    /// Characters at the end of what is held that may be the beginning of a stop string.
    private var longestBegunStop: Int {
        stops.map { stop in
            (1..<max(1, stop.count)).last { $0 <= held.count && held.hasSuffix(stop.prefix($0)) } ?? 0
        }.max() ?? 0
    }
}
