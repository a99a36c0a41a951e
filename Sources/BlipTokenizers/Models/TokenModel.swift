/// The part that turns a piece of text into ids.
enum TokenModel: Sendable {
    case wordPiece(WordPiece)
    case unigram(Unigram)
    case bytePair(BytePairEncoding)

    static let kinds = ["WordPiece", "Unigram", "BPE"]

    var vocabulary: Vocabulary {
        switch self {
        case .wordPiece(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .bytePair(let model): model.vocabulary
        }
    }

    /// - Parameter withheld: ids that text must not become (special tokens typed by a user).
    func encode(_ text: ArraySlice<UInt8>, withholding withheld: Set<Int>, into ids: inout [Int]) {
        switch self {
        case .wordPiece(let model): model.encode(text, withholding: withheld, into: &ids)
        case .unigram(let model): model.encode(text, withholding: withheld, into: &ids)
        case .bytePair(let model): model.encode(text, withholding: withheld, into: &ids)
        }
    }
}
