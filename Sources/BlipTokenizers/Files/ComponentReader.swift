/// Reads the components of `tokenizer.json`: normalizers, pre-tokenizers and decoders, each by its `type`.
enum ComponentReader {
    // MARK: Normalizers

    static func normalizer(_ json: JSONReader) throws -> Normalizer {
        let (normalizer, growth) = try normalizerAndGrowth(json)
        try checkGrowth(json, growth)
        return normalizer
    }

    /// The normalizer, and by how much each of its replacements can make a text longer.
    private static func normalizerAndGrowth(_ json: JSONReader) throws -> (Normalizer, [Int]) {
        switch try json.kind(Normalizer.kinds) {
        case "Sequence":
            let parts = try json.required("normalizers").elements().map(normalizerAndGrowth)
            return (.sequence(parts.map(\.0)), parts.flatMap(\.1))
        case "BertNormalizer":
            let lowercases = try json.bool("lowercase", default: true)
            let normalizer = BertNormalizer(
                cleansText: try json.bool("clean_text", default: true),
                separatesIdeographs: try json.bool("handle_chinese_chars", default: true),
                stripsAccents: try json.bool("strip_accents", default: lowercases), lowercases: lowercases)
            return (.bert(normalizer), [])
        case "Precompiled": return (.precompiled(try charsmap(json.required("precompiled_charsmap"))), [])
        case "Prepend": return (.prepend(try json.required("prepend").bytes()), [])
        case "Replace":
            let content = try json.required("content").bytes()
            return (.replace(try pattern(json.required("pattern")), content: content), [content.count])
        case "NFD": return (.canonicalForm(.d), [])
        case "NFC": return (.canonicalForm(.c), [])
        case "NFKD": return (.canonicalForm(.kd), [])
        case "NFKC": return (.canonicalForm(.kc), [])
        case "Lowercase": return (.lowercase, [])
        case "StripAccents": return (.stripAccents, [])
        case "Strip":
            return (.strip(left: try json.bool("strip_left", default: true), right: try json.bool("strip_right", default: true)), [])
        case "Nmt": return (.nmt, [])
        default: return (.byteLevel, [2])
        }
    }

    private static func charsmap(_ json: JSONReader) throws -> Charsmap {
        guard let bytes = Base64.decode(try json.bytes()) else { throw json.malformed("base64") }
        guard let charsmap = Charsmap(bytes) else { throw json.malformed("a precompiled character map") }
        return charsmap
    }

    /// Refuses chains of replacements that could make a text more than a few thousand times longer.
    static func checkGrowth(_ json: JSONReader, _ factors: [Int]) throws {
        var total = 1
        for factor in factors {
            let (product, overflow) = total.multipliedReportingOverflow(by: max(1, factor))
            guard !overflow, product <= 1 << 14 else { throw json.malformed("replacements that keep the length of a text in bounds") }
            total = product
        }
    }

    static func pattern(_ json: JSONReader) throws -> Pattern {
        if let text = json["String"] { return .text(try text.bytes()) }
        let source = try json.required("Regex")
        do {
            return .expression(try RegularExpression(try source.string()))
        } catch let error as RegularExpressionError {
            throw source.unsupported(error.reason, ["literals, classes, groups, alternation, greedy repetition, look-ahead"])
        }
    }

    // MARK: Pre-tokenizers

    static func preTokenizer(_ json: JSONReader) throws -> PreTokenizer {
        switch try json.kind(PreTokenizer.kinds) {
        case "Sequence": return .sequence(try json.required("pretokenizers").elements().map(preTokenizer))
        case "BertPreTokenizer": return .bert
        case "Whitespace": return .whitespace
        case "WhitespaceSplit": return .whitespaceSplit
        case "Metaspace":
            return .metaspace(
                Metaspace(
                    replacement: UTF8Text.bytes(of: [try json["replacement"]?.scalar() ?? "▁"]), scheme: try scheme(json),
                    splits: try json.bool("split", default: true)))
        case "ByteLevel":
            return .byteLevel(
                addsPrefixSpace: try json.bool("add_prefix_space", default: true), splits: try json.bool("use_regex", default: true))
        case "Split":
            return .split(
                try pattern(json.required("pattern")), try behaviour(json.required("behavior")),
                isInverted: try json.bool("invert", default: false))
        case "Punctuation": return .punctuation(try json["behavior"].map(behaviour) ?? .isolated)
        default: return .digits(individually: try json.bool("individual_digits", default: false))
        }
    }

    private static func scheme(_ json: JSONReader) throws -> Metaspace.Scheme {
        guard let scheme = json["prepend_scheme"] else {
            // Files written before `prepend_scheme` existed.
            return try json.bool("add_prefix_space", default: true) ? .always : .never
        }
        guard let value = Metaspace.Scheme(rawValue: try scheme.string()) else {
            throw scheme.unsupported(try scheme.string(), Metaspace.Scheme.allCases.map(\.rawValue))
        }
        return value
    }

    private static func behaviour(_ json: JSONReader) throws -> SplitBehaviour {
        guard let behaviour = SplitBehaviour(rawValue: try json.string()) else {
            throw json.unsupported(try json.string(), SplitBehaviour.allCases.map(\.rawValue))
        }
        return behaviour
    }

    // MARK: Decoders

    static func decoder(_ json: JSONReader) throws -> [DecoderStep] {
        switch try json.kind(DecoderStep.kinds) {
        case "Sequence": return try json.required("decoders").elements().flatMap(decoder)
        case "Replace": return [.replace(try pattern(json.required("pattern")), content: try json.required("content").bytes())]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Strip":
            return [
                .strip(
                    try json["content"]?.scalar() ?? " ", start: try json["start"]?.integer() ?? 0, stop: try json["stop"]?.integer() ?? 0)
            ]
        case "WordPiece":
            return [
                .wordPiece(prefix: try json["prefix"]?.bytes() ?? Array("##".utf8), cleansUp: try json.bool("cleanup", default: true))
            ]
        case "Metaspace":
            return [.metaspace(try json["replacement"]?.scalar() ?? "▁", dropsFirst: try scheme(json) != .never)]
        default: return [.byteLevel]
        }
    }
}
