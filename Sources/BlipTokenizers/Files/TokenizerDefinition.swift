/// Everything a tokenizer is made of, as read from its files.
struct TokenizerDefinition {
    var algorithm: Algorithm
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var model: TokenModel
    var postProcessor = PostProcessor()
    /// nil where tokens are joined by spaces.
    var decoder: [DecoderStep]?
    var added = AddedVocabulary()
    var special = SpecialTokens()
    var truncationSide = Side.right
    var paddingSide = Side.right
    var modelMaximumLength: Int?
}
