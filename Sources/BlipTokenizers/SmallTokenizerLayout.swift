/// Which tokens a small tokenizer has, under which ids, and the files that say so.
struct SmallTokenizerLayout {
    private let kind: SmallTokenizers.Kind
    /// The model's tokens; the place is the id.
    private var tokens: [String] = []
    private var merges: [(String, String)] = []
    /// Special tokens by id, in the order of the ids.
    private var specials: [(id: Int, token: String)] = []
    private var extraIDs = 0
    /// Given ones, in place of common English.
    private let words: [String]?

    init(_ kind: SmallTokenizers.Kind, size: Int, imageTokenID: Int?, words: [String]? = nil) throws {
        self.kind = kind
        self.words = words
        guard (1...Vocabulary.idLimit).contains(size) else {
            throw TokenizerError.invalidRequest(reason: "a vocabulary cannot have \(size) tokens")
        }
        var (size, appended) = try Self.appended(kind, size: size, imageTokenID: imageTokenID)
        var fixed: [Int: String] = [:]
        for (id, token) in Self.roles(kind).enumerated() { fixed[id] = token }
        let alphabet = Self.alphabet(kind)
        let needed = Self.roles(kind).count + alphabet.count
        guard size >= needed else {
            throw TokenizerError.invalidRequest(
                reason: "a \(kind.rawValue) tokenizer needs at least \(needed) tokens, not \(size); raise vocab_size in the config")
        }
        if kind == .byteFallbackBPE {
            for byte in 0..<256 { fixed[3 + byte] = String(decoding: ByteToken.text(of: UInt8(byte)), as: UTF8.self) }
        }
        if let image = imageTokenID, image < size {
            guard fixed[image] == nil, size > needed else {
                throw TokenizerError.invalidRequest(
                    reason: "<image> cannot have the id \(image): it is taken, or \(size) tokens leave no room")
            }
            fixed[image] = "<image>"
            appended.removeAll { $0 == "<image>" }
            specials.append((image, "<image>"))
        }
        if kind == .unigram {
            extraIDs = min(100, max(0, size - needed - (words?.count ?? 0) - (imageTokenID == nil ? 0 : 1)))
            for index in 0..<extraIDs where fixed[size - 1 - index] == nil { fixed[size - 1 - index] = "<extra_id_\(index)>" }
        }
        try fill(size, fixed, alphabet)
        for (id, token) in Self.roles(kind).enumerated() { specials.append((id, token)) }
        for (id, token) in fixed where token.hasPrefix("<extra_id_") { specials.append((id, token)) }
        for (offset, token) in appended.enumerated() { specials.append((size + offset, token)) }
        specials.sort { $0.id < $1.id }
    }

    /// The tokens behind the model's own, and the size that puts `<image>` where it is asked for.
    private static func appended(_ kind: SmallTokenizers.Kind, size: Int, imageTokenID: Int?) throws -> (Int, [String]) {
        guard let image = imageTokenID else {
            switch kind {
            case .wordPiece: return (size, ["[DEC]"])
            case .byteFallbackBPE: return (size, ["[PAD]", "<image>"])
            case .unigram, .byteLevelBPE: return (size, ["<image>"])
            }
        }
        guard kind != .wordPiece else { throw TokenizerError.invalidRequest(reason: "a wordPiece tokenizer has no <image> token") }
        guard (0..<Vocabulary.idLimit).contains(image) else {
            throw TokenizerError.invalidRequest(reason: "<image> cannot have the id \(image)")
        }
        guard kind == .byteFallbackBPE else { return (max(size, image < size ? size : image), ["<image>"]) }
        if image > size { return (image - 1, ["[PAD]", "<image>"]) }
        return (size, image == size ? ["<image>", "[PAD]"] : ["[PAD]", "<image>"])
    }

    private static func roles(_ kind: SmallTokenizers.Kind) -> [String] {
        switch kind {
        case .wordPiece: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        case .unigram: ["<pad>", "</s>", "<unk>"]
        case .byteFallbackBPE: ["<unk>", "<s>", "</s>"]
        case .byteLevelBPE: ["<s>", "<pad>", "</s>", "<unk>"]
        }
    }

    /// What every tokenizer of the kind must have.
    private static func alphabet(_ kind: SmallTokenizers.Kind) -> [String] {
        let printable = (33...126).map { String(Unicode.Scalar(UInt8($0))) }
        switch kind {
        case .wordPiece:
            let lower = printable.filter { $0.lowercased() == $0 }
            return lower + lower.map { "##" + $0 }
        case .unigram: return ["▁"] + printable
        // The byte tokens count too: they stand at fixed ids, so they are told apart from these where the ids are given out.
        case .byteFallbackBPE: return (0..<256).map { String(decoding: ByteToken.text(of: UInt8($0)), as: UTF8.self) } + ["▁"] + printable
        case .byteLevelBPE: return ByteAlphabet.scalars.map { String($0) }
        }
    }

    /// Gives out ids: fixed ones first, then alphabet, words and pieces in order, then fillers.
    private mutating func fill(_ size: Int, _ fixed: [Int: String], _ alphabet: [String]) throws {
        let taken = Set(fixed.values)
        var waiting = (alphabet.filter { !taken.contains($0) } + pieces()).makeIterator()
        var fillers = 0
        var known = taken
        for id in 0..<size {
            if let token = fixed[id] {
                tokens.append(token)
                continue
            }
            var next = waiting.next()
            while let token = next, !known.insert(token).inserted { next = waiting.next() }
            if let next {
                tokens.append(next)
            } else {
                tokens.append("<unused_\(fillers)>")
                fillers += 1
            }
        }
        if words != nil, let next = pieces().first(where: { !known.contains($0) }) {
            throw TokenizerError.invalidRequest(
                reason:
                    "a \(kind.rawValue) tokenizer of \(size) tokens has no room for \"\(next)\" and what comes behind it; raise vocab_size in "
                    + "the config")
        }
        guard kind == .byteFallbackBPE || kind == .byteLevelBPE else { return }
        let present = Set(tokens)
        merges = wordMerges().filter { present.contains($0.0) && present.contains($0.1) && present.contains($0.0 + $0.1) }
    }

    private func pieces() -> [String] {
        if let words {
            switch kind {
            case .unigram: return words
            case .wordPiece:
                // It lowers capitals, and parts words before it looks them up.
                let plain = words.flatMap { $0.drop { $0 == "▁" }.lowercased().split(separator: "-").map(String.init) }
                return plain.reduce(into: (list: [String](), seen: Set<String>())) { known, word in
                    if word.count > 1, known.seen.insert(word).inserted { known.list.append(word) }
                }.list
            case .byteFallbackBPE, .byteLevelBPE: return wordMerges().map { $0.0 + $0.1 }
            }
        }
        return switch kind {
        case .wordPiece: SmallTokenizers.words + SmallTokenizers.endings.map { "##" + $0 }
        case .unigram: SmallTokenizers.words.map { "▁" + $0 } + SmallTokenizers.endings
        case .byteFallbackBPE, .byteLevelBPE: wordMerges().map { $0.0 + $0.1 }
        }
    }

    /// Words grow letter by letter from the left, endings too.
    private func wordMerges() -> [(String, String)] {
        let space = kind == .byteFallbackBPE ? "▁" : "Ġ"
        var seen: Set<String> = []
        var merges: [(String, String)] = []
        let usual = SmallTokenizers.words.map { space + $0 } + SmallTokenizers.endings
        for word in words?.map({ $0.hasPrefix("▁") ? space + $0.dropFirst() : $0 }) ?? usual {
            var left = ""
            for character in word {
                if !left.isEmpty, seen.insert(left + String(character)).inserted { merges.append((left, String(character))) }
                left.append(character)
            }
        }
        return merges
    }

    // MARK: Files

    var tokenizer: JSONText {
        let added = specials.map { special in
            JSONText.object([
                ("id", .number(special.id)), ("content", .string(special.token)), ("single_word", .bool(false)), ("lstrip", .bool(false)),
                ("rstrip", .bool(false)), ("normalized", .bool(false)), ("special", .bool(true)),
            ])
        }
        return .object([
            ("version", .string("1.0")), ("truncation", .null), ("padding", .null), ("added_tokens", .list(added)),
            ("normalizer", .raw(normalizer)), ("pre_tokenizer", .raw(preTokenizer)), ("post_processor", template),
            ("decoder", .raw(decoder)), ("model", model),
        ])
    }

    private var model: JSONText {
        let numbered = JSONText.object(tokens.enumerated().map { ($0.element, .number($0.offset)) })
        switch kind {
        case .wordPiece:
            return .object([
                ("type", .string("WordPiece")), ("unk_token", .string("[UNK]")), ("continuing_subword_prefix", .string("##")),
                ("max_input_chars_per_word", .number(100)), ("vocab", numbered),
            ])
        case .unigram:
            let scored = tokens.map { JSONText.list([.string($0), .raw(score(of: $0))]) }
            return .object([
                ("type", .string("Unigram")), ("unk_id", .number(2)), ("vocab", .list(scored)), ("byte_fallback", .bool(false)),
            ])
        case .byteFallbackBPE, .byteLevelBPE:
            let isByteFallback = kind == .byteFallbackBPE
            return .object([
                ("type", .string("BPE")), ("dropout", .null), ("unk_token", isByteFallback ? .string("<unk>") : .null),
                ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null), ("fuse_unk", .bool(isByteFallback)),
                ("byte_fallback", .bool(isByteFallback)), ("ignore_merges", .bool(false)), ("vocab", numbered),
                ("merges", .list(merges.map { .list([.string($0.0), .string($0.1)]) })),
            ])
        }
    }

    /// Words beat pieces, pieces beat letters, fillers lose.
    private func score(of token: String) -> String {
        let count = token.unicodeScalars.count
        if token.hasPrefix("<unused_") { return "-1000.0" }
        if specials.contains(where: { $0.token == token }) { return "0.0" }
        if token == "▁" { return "-3.0" }
        return token.hasPrefix("▁") ? "-6.0" : count > 1 ? "-7.0" : "-8.0"
    }

    private var normalizer: String {
        switch kind {
        case .wordPiece:
            #"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}"#
        case .unigram: #"{"type":"Sequence","normalizers":[{"type":"Nmt"},{"type":"NFKC"}]}"#
        case .byteFallbackBPE:
            #"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"#
        case .byteLevelBPE: "null"
        }
    }

    private var preTokenizer: String {
        switch kind {
        case .wordPiece: #"{"type":"BertPreTokenizer"}"#
        case .unigram:
            #"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},"#
                + #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]}"#
        case .byteFallbackBPE: "null"
        case .byteLevelBPE: #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
        }
    }

    private var decoder: String {
        switch kind {
        case .wordPiece: ###"{"type":"WordPiece","prefix":"##","cleanup":true}"###
        case .unigram: #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#
        case .byteFallbackBPE:
            #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},"#
                + #"{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"#
        case .byteLevelBPE: #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#
        }
    }

    private var template: JSONText {
        let (before, after): ([String], [String]) =
            switch kind {
            case .wordPiece: (["[CLS]"], ["[SEP]"])
            case .unigram: ([], ["</s>"])
            case .byteFallbackBPE, .byteLevelBPE: (["</s>"], [])
            }
        func special(_ token: String) -> JSONText {
            .object([("SpecialToken", .object([("id", .string(token)), ("type_id", .number(0))]))])
        }
        func text(_ name: String) -> JSONText { .object([("Sequence", .object([("id", .string(name)), ("type_id", .number(0))]))]) }
        let single = before.map(special) + [text("A")] + after.map(special)
        let pair = single + [text("B")] + after.map(special)
        let known = (before + after).map { token in
            let id = tokens.firstIndex(of: token) ?? 0
            return (
                token, JSONText.object([("id", .string(token)), ("ids", .list([.number(id)])), ("tokens", .list([.string(token)]))])
            )
        }
        return .object([
            ("type", .string("TemplateProcessing")), ("single", .list(single)), ("pair", .list(pair)), ("special_tokens", .object(known)),
        ])
    }

    /// `bos_token` and its like.
    var roles: [(String, JSONText)] {
        let roles: [(String, String)] =
            switch kind {
            case .wordPiece:
                [
                    ("bos_token", "[DEC]"), ("cls_token", "[CLS]"), ("mask_token", "[MASK]"), ("pad_token", "[PAD]"),
                    ("sep_token", "[SEP]"), ("unk_token", "[UNK]"),
                ]
            case .unigram: [("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>")]
            case .byteFallbackBPE: [("bos_token", "</s>"), ("eos_token", "</s>"), ("pad_token", "[PAD]"), ("unk_token", "</s>")]
            case .byteLevelBPE: [("bos_token", "</s>"), ("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "</s>")]
            }
        return roles.map { ($0.0, .string($0.1)) }
    }

    var configuration: JSONText {
        let own: [(String, JSONText)] =
            switch kind {
            case .wordPiece:
                [
                    ("tokenizer_class", .string("BertTokenizer")), ("do_lower_case", .bool(true)), ("model_max_length", .number(512)),
                    ("truncation_side", .string("left")), ("padding_side", .string("right")),
                ]
            case .unigram:
                [
                    ("tokenizer_class", .string("T5Tokenizer")), ("extra_ids", .number(extraIDs)), ("model_max_length", .number(512)),
                    ("truncation_side", .string("left")), ("padding_side", .string("right")),
                ]
            case .byteFallbackBPE:
                [
                    ("tokenizer_class", .string("LlamaTokenizer")), ("add_bos_token", .bool(true)), ("add_eos_token", .bool(false)),
                    ("model_max_length", .number(2048)), ("truncation_side", .string("left")), ("padding_side", .string("left")),
                ]
            case .byteLevelBPE:
                [
                    ("tokenizer_class", .string("GPT2Tokenizer")), ("add_bos_token", .bool(true)), ("add_prefix_space", .bool(false)),
                    ("padding_side", .string("right")), ("truncation_side", .string("right")),
                ]
            }
        return .object(own + roles)
    }
}
