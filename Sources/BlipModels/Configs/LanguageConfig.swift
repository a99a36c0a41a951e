/// The language model's config, one case per family. Adding a family adds a case here and in ``LanguageModelFamily``.
public enum LanguageConfig: Codable, Sendable, Equatable {
    case llama(LlamaConfig)
    case opt(OPTConfig)
    case t5(T5Config)

    private enum CodingKeys: String, CodingKey { case modelType = "model_type" }

    public init(from decoder: any Decoder) throws {
        let modelType = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .modelType)
        switch modelType {
        case "llama": self = .llama(try LlamaConfig(from: decoder))
        case "t5": self = .t5(try T5Config(from: decoder))
        // The reference takes a missing name for OPT.
        case "opt", nil: self = .opt(try OPTConfig(from: decoder))
        case let modelType?:
            throw ConfigError.unsupported(key: "text_config.model_type", found: modelType, supported: ["llama", "opt", "t5"])
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .llama(let config): try config.encode(to: encoder)
        case .opt(let config): try config.encode(to: encoder)
        case .t5(let config): try config.encode(to: encoder)
        }
    }

    public var familyName: String {
        switch self {
        case .llama: "llama"
        case .opt: "opt"
        case .t5: "t5"
        }
    }

    /// The width D of its embeddings.
    public var width: Int {
        switch self {
        case .llama(let config): config.hiddenSize
        case .opt(let config): config.hiddenSize
        case .t5(let config): config.width
        }
    }

    public var vocabularySize: Int {
        switch self {
        case .llama(let config): config.vocabularySize
        case .opt(let config): config.vocabularySize
        case .t5(let config): config.vocabularySize
        }
    }

    /// Ids that end an answer, as the config says. The published Vicuna files name an id the model never produces; see `StopRule`.
    public var endIDs: [Int] {
        switch self {
        case .llama(let config): config.endIDs
        case .opt(let config): config.endIDs
        case .t5(let config): config.endIDs
        }
    }

    /// What a prompt without any text consists of, as BLIP-2 captions.
    public var beginID: Int? {
        switch self {
        case .llama(let config): config.beginID
        case .opt(let config): config.beginID
        case .t5(let config): config.beginID
        }
    }

    public var padID: Int? {
        switch self {
        case .llama(let config): config.padID
        case .opt(let config): config.padID
        case .t5(let config): config.padID
        }
    }

    /// Positions a prompt may have.
    ///
    /// T5 has no limit, and neither has the reference; ours is a bound on memory, which grows with the square of the prompt, at four times
    /// the length FlanT5 was trained with.
    public var promptLimit: Int {
        switch self {
        case .llama(let config): config.positionCount - 1
        case .opt(let config): config.positionCount - 1
        case .t5: 2048
        }
    }

    /// Tokens an answer to a prompt of this length may have. T5's bound is ours, like ``promptLimit``: keys and values of the whole answer
    /// are set aside at once, and grow without end only on paper.
    public func answerLimit(after promptLength: Int) -> Int {
        switch self {
        case .llama(let config): max(0, config.positionCount - promptLength)
        case .opt(let config): max(0, config.positionCount - promptLength)
        case .t5: 16_384
        }
    }

    /// Weights that a file may leave out because they equal another one.
    public var tieableNames: Set<String> {
        switch self {
        case .llama(let config): config.tiesEmbeddings ? Self.head : []
        case .opt(let config): config.tiesEmbeddings ? Self.head : []
        case .t5(let config): config.tiesEmbeddings ? Self.head : []
        }
    }

    private static let head: Set = ["language_model.lm_head.weight"]

    /// Weights a new checkpoint does not store because they equal another one.
    public var tiedNames: Set<String> {
        switch self {
        case .llama, .opt: tieableNames
        case .t5(let config): config.scalesDecoderOutput ? tieableNames : []
        }
    }

    public var isEncoderDecoder: Bool {
        switch self {
        case .llama, .opt: false
        case .t5: true
        }
    }

    /// - Throws: ``ConfigError``.
    public func validate() throws {
        switch self {
        case .llama(let config): try config.validate()
        case .opt(let config): try config.validate()
        case .t5(let config): try config.validate()
        }
    }
}
