import BlipJSON

/// Reads `tokenizer.json`, the complete description of a tokenizer.
struct TokenizerJSON {
    let root: JSONReader

    func definition() throws -> TokenizerDefinition {
        let preTokenizer = try root["pre_tokenizer"].map(Self.preTokenizer)
        let normalizer = try root["normalizer"].map { try ComponentReader.normalizer($0) }
        let decoder = try root["decoder"].map(Self.decoder)
        let model = try ModelReader(root.required("model")).model()
        var definition = TokenizerDefinition(
            algorithm: Self.algorithm(of: model, decoder: decoder), normalizer: normalizer, preTokenizer: preTokenizer, model: model,
            decoder: decoder)
        if let processor = root["post_processor"] { definition.postProcessor = try Self.postProcessor(processor) }
        let added = try root["added_tokens"]?.elements().map { try AddedToken($0, contentFrom: $0.required("content")) } ?? []
        definition.added.add(added, model: model.vocabulary)
        if let side = root["truncation"]?["direction"] { definition.truncationSide = try Side(side) }
        if let side = root["padding"]?["direction"] { definition.paddingSide = try Side(side) }
        return definition
    }

    /// Whether the file itself says which tokens go around a text.
    var hasPostProcessor: Bool { root["post_processor"] != nil }

    private static func algorithm(of model: TokenModel, decoder: [DecoderStep]?) -> Algorithm {
        switch model {
        case .wordPiece: return .wordPiece
        case .unigram: return .unigram
        case .bytePair(let model):
            if model.options.fallsBackToBytes { return .byteFallbackBPE }
            let decodesBytes = decoder?.contains { if case .byteLevel = $0 { true } else { false } } ?? false
            return decodesBytes ? .byteLevelBPE : .bpe
        }
    }

    private static func preTokenizer(_ json: JSONReader) throws -> PreTokenizer { try ComponentReader.preTokenizer(json) }

    private static func decoder(_ json: JSONReader) throws -> [DecoderStep] {
        let steps = try ComponentReader.decoder(json)
        try ComponentReader.checkGrowth(json, steps.map { if case .replace(_, let content) = $0 { content.count } else { 1 } })
        return steps
    }

    // MARK: Post-processors

    static func postProcessor(_ json: JSONReader) throws -> PostProcessor {
        switch try json.kind(PostProcessor.kinds) {
        case "TemplateProcessing": return try template(json)
        case "BertProcessing", "RobertaProcessing":
            return PostProcessor(before: [try tokenID(json.required("cls"))], after: [try tokenID(json.required("sep"))])
        case "Sequence":
            return try json.required("processors").elements().reduce(PostProcessor()) { try postProcessor($1).around($0) }
        default: return PostProcessor()
        }
    }

    /// `["[SEP]", 102]`
    private static func tokenID(_ json: JSONReader) throws -> Int {
        let parts = try json.elements()
        guard parts.count == 2 else { throw json.malformed("a token and its id") }
        return try parts[1].integer()
    }

    private static func template(_ json: JSONReader) throws -> PostProcessor {
        var processor = PostProcessor()
        var hasText = false
        let single = try json.required("single")
        for part in try single.elements() {
            if let token = part["SpecialToken"] {
                let name = try token.required("id").string()
                let ids = try json.required("special_tokens").required(name).required("ids").elements().map { try $0.integer() }
                if hasText { processor.after += ids } else { processor.before += ids }
            } else if let sequence = part["Sequence"], try sequence.required("id").string() == "A", !hasText {
                hasText = true
            } else {
                throw part.malformed("a SpecialToken, or the Sequence A once")
            }
        }
        guard hasText else { throw single.malformed("a template with the Sequence A") }
        return processor
    }
}

extension Side {
    init(_ json: JSONReader) throws {
        guard let side = Side(rawValue: try json.string().lowercased()) else { throw json.malformed("left or right") }
        self = side
    }
}

extension AddedToken {
    init(_ json: JSONReader, contentFrom content: JSONReader, isSpecial: Bool? = nil) throws {
        let isSpecial = try isSpecial ?? json.bool("special", default: false)
        self.init(
            try content.bytes(), isSpecial: isSpecial, isNormalized: try json["normalized"]?.bool(),
            stripsLeft: try json.bool("lstrip", default: false), stripsRight: try json.bool("rstrip", default: false),
            isSingleWord: try json.bool("single_word", default: false))
    }
}
