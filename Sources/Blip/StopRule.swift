import BlipModels
import BlipTokenizers

/// Which ids end an answer.
///
/// The published Vicuna files say `eos_token_id: 1`, which the model never produces: it ends with the tokenizer's end of sequence, 2. The
/// reference reads the config alone and runs on to the length limit, unless its caller passes the right id.
public enum StopRule: Sendable {
    /// The config's ids and the tokenizer's end of sequence.
    case configAndTokenizer
    /// The config's ids alone, as transformers does.
    case configOnly

    func ids(_ config: LanguageConfig, _ tokenizer: Tokenizer) -> Set<Int> {
        switch self {
        case .configOnly: Set(config.endIDs)
        case .configAndTokenizer: Set(config.endIDs + [tokenizer.special.eos].compactMap(\.self))
        }
    }
}
