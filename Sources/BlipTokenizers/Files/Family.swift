/// What Hugging Face's tokenizer classes take for granted where the files are silent.
enum Family {
    case bert, t5, llama, gpt2

    init?(className: String?) {
        switch className?.replacing("Fast", with: "") {
        case "BertTokenizer": self = .bert
        case "T5Tokenizer": self = .t5
        case "LlamaTokenizer": self = .llama
        case "GPT2Tokenizer": self = .gpt2
        default: return nil
        }
    }

    init?(_ algorithm: Algorithm) {
        switch algorithm {
        case .wordPiece: self = .bert
        case .unigram: self = .t5
        case .byteFallbackBPE: self = .llama
        case .byteLevelBPE: self = .gpt2
        case .bpe: return nil
        }
    }

    var paddingSide: Side { self == .llama ? .left : .right }

    /// Candidates for each role, the first one in the vocabulary counts.
    var tokens: [(role: TokenizerConfiguration.Role, candidates: [String])] {
        switch self {
        case .bert: [(.unknown, ["[UNK]"]), (.sep, ["[SEP]"]), (.pad, ["[PAD]"]), (.cls, ["[CLS]"]), (.mask, ["[MASK]"])]
        case .t5: [(.eos, ["</s>"]), (.unknown, ["<unk>"]), (.pad, ["<pad>"])]
        case .llama: [(.bos, ["<s>"]), (.eos, ["</s>"]), (.unknown, ["<unk>"])]
        // OPT uses GPT-2's class with tokens of its own; its texts begin with </s>.
        case .gpt2:
            [
                (.bos, ["</s>", "<|endoftext|>"]), (.eos, ["</s>", "<|endoftext|>"]), (.unknown, ["</s>", "<|endoftext|>"]),
                (.pad, ["<pad>"]),
            ]
        }
    }
}
