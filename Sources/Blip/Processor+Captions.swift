import BlipModels
import BlipTokenizers

extension Processor {
    /// The ids of a caption that a BLIP-2 for retrieval is trained on, `[CLS] ... [SEP]`; the end of a long one is cut off.
    ///
    /// - Parameter limit: tokens with both; 32 in the reference.
    public func caption(_ text: String, limit: Int) throws -> [Int] {
        let ids = tokenizer.encode(text, maximumLength: min(limit, config.qformer.positionCount), cutting: .right)
        try check(ids, "Q-Former", rows: config.qformer.vocabularySize)
        return ids
    }

    /// What stands in front of a caption that is written, in place of `[CLS]`: `[DEC]`.
    ///
    /// - Throws: ``BlipError/invalidOption(name:found:expected:)`` for a tokenizer that has no such token.
    public func captionStart() throws -> Int {
        guard let start = tokenizer.special.bos else {
            throw BlipError.invalidOption(
                name: "the Q-Former's tokenizer", found: "without a token that begins a caption", expected: "[DEC] as its bos_token")
        }
        try check([start], "Q-Former", rows: config.qformer.vocabularySize)
        return start
    }
}
