import BlipJSON

/// The side files: `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.
struct TokenizerConfiguration {
    /// A value of `bos_token` and its like.
    enum Role: String, CaseIterable {
        case bos = "bos_token"
        case eos = "eos_token"
        case unknown = "unk_token"
        case sep = "sep_token"
        case pad = "pad_token"
        case cls = "cls_token"
        case mask = "mask_token"
    }

    enum Token {
        /// The file says that there is none.
        case none
        case token(AddedToken)
    }

    var roles: [Role: Token] = [:]
    var extraSpecials: [AddedToken] = []
    /// Tokens with ids, in the order of the ids.
    var added: [AddedToken] = []
    /// Whether `added` has all flags (from `added_tokens_decoder`) and so wins over `tokenizer.json`; `added_tokens.json` has none.
    var knowsFlags = false
    var className: String?
    var addsBOS: Bool?
    var addsEOS: Bool?
    var truncationSide: Side?
    var paddingSide: Side?
    var maximumLength: Int?
    var isLegacy = false
    var addsPrefixSpace: Bool?
    var extraIDs = 100
    var lowercases = true
    var stripsAccents: Bool?
    var separatesIdeographs = true

    init(configuration: JSONReader?, specialTokensMap: JSONReader?, addedTokens: JSONReader?) throws {
        if let configuration { try read(configuration) }
        if configuration?["added_tokens_decoder"] == nil {
            // Older layout: the two other files count only where the configuration does not list the tokens itself.
            if let specialTokensMap { try readRoles(specialTokensMap) }
            if let addedTokens { try readAdded(addedTokens) }
        }
        useListedTokens()
    }

    private mutating func read(_ json: JSONReader) throws {
        try readRoles(json)
        className = try json["tokenizer_class"]?.string()
        addsBOS = try json["add_bos_token"]?.bool()
        addsEOS = try json["add_eos_token"]?.bool()
        truncationSide = try json["truncation_side"].map { try Side($0) }
        paddingSide = try json["padding_side"].map { try Side($0) }
        // Hugging Face writes 10^30 for "no limit".
        if let length = json["model_max_length"]?.value.double, length >= 1, length <= Double(Int32.max) { maximumLength = Int(length) }
        isLegacy = try json.bool("legacy", default: false)
        addsPrefixSpace = try json["add_prefix_space"]?.bool()
        extraIDs = try json["extra_ids"]?.integer(0...10_000) ?? 100
        lowercases = try json.bool("do_lower_case", default: true)
        stripsAccents = try json["strip_accents"]?.bool()
        separatesIdeographs = try json.bool("tokenize_chinese_chars", default: true)

        guard let listed = json["added_tokens_decoder"] else { return }
        let entries = try listed.members().map { key, entry in
            guard let id = Int(String(decoding: key, as: UTF8.self)) else { throw entry.malformed("an id as the name") }
            return (id: id, token: try AddedToken(entry, contentFrom: entry.required("content")))
        }
        added = entries.sorted { $0.id < $1.id }.map(\.token)
        knowsFlags = true
    }

    private mutating func readRoles(_ json: JSONReader) throws {
        for (key, value) in try json.members() {
            let name = String(decoding: key, as: UTF8.self)
            if let role = Role(rawValue: name) {
                roles[role] = value.value == .null ? Token.none : .token(try Self.token(value))
            } else if name == "additional_special_tokens" || name == "extra_special_tokens", value.value.array != nil {
                extraSpecials = try value.elements().map(Self.token)
            }
        }
    }

    /// A token as a text or as an object with flags.
    private static func token(_ json: JSONReader) throws -> AddedToken {
        if json.value.bytes != nil { return AddedToken(try json.bytes(), isSpecial: true) }
        return try AddedToken(json, contentFrom: json.required("content"), isSpecial: true)
    }

    /// `{"<image>": 32001}`
    private mutating func readAdded(_ json: JSONReader) throws {
        let special = Set(specialTokens.map(\.content))
        let entries = try json.members().map { (content: $0.key, id: try $0.value.integer()) }
        // Without flags, what looks like a mark is one: a placeholder that somebody types is text, as with the flags.
        added = entries.sorted { $0.id < $1.id }.map {
            AddedToken($0.content, isSpecial: special.contains($0.content) || Self.isMark($0.content))
        }
    }

    /// `<image>`, `[DEC]`
    private static func isMark(_ content: [UInt8]) -> Bool {
        guard content.count > 2, let first = content.first, let last = content.last else { return false }
        return (first, last) == (UInt8(ascii: "<"), UInt8(ascii: ">")) || (first, last) == (UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    /// The flags in the list of tokens win over those of a role.
    private mutating func useListedTokens() {
        let listed = Dictionary(added.map { ($0.content, $0) }) { first, _ in first }
        for (role, token) in roles {
            if case .token(let token) = token, let known = listed[token.content] { roles[role] = .token(known) }
        }
    }

    func content(of role: Role) -> [UInt8]? {
        if case .token(let token) = roles[role] { token.content } else { nil }
    }

    /// The tokens with a role and the extra ones, in a fixed order.
    var specialTokens: [AddedToken] {
        let named = Role.allCases.compactMap { role -> AddedToken? in
            if case .token(let token) = roles[role] { token } else { nil }
        }
        return named + extraSpecials
    }
}
