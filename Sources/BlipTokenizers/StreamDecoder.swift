/// Turns ids into text one at a time, as a model produces them.
///
/// All pieces followed by `finish()` make exactly the text that `Tokenizer.decode` gives for all ids: characters are held back until all
/// their bytes are there (and, where a tokenizer spells characters in byte tokens, until the row of byte tokens ends).
public struct StreamDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skippingSpecialTokens: Bool
    private var chain: DecoderChain

    init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skippingSpecialTokens = skippingSpecialTokens
        chain = DecoderChain(tokenizer.decoder)
    }

    /// The text that is certain after one more id; often empty. Ids that no token has are passed over.
    public mutating func append(_ id: Int) -> String {
        guard let token = tokenizer.decodableToken(of: id, skippingSpecialTokens: skippingSpecialTokens) else { return "" }
        return String(decoding: chain.append(token), as: UTF8.self)
    }

    /// What was held back. The decoder is then as new.
    public mutating func finish() -> String {
        let rest = String(decoding: chain.finish(), as: UTF8.self)
        chain = DecoderChain(tokenizer.decoder)
        return rest
    }
}
