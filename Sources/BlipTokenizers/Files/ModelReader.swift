import BlipJSON

/// Reads the `model` of `tokenizer.json`.
struct ModelReader {
    private let json: JSONReader

    init(_ json: JSONReader) { self.json = json }

    func model() throws -> TokenModel {
        switch try kind() {
        case "WordPiece": .wordPiece(try wordPiece())
        case "Unigram": .unigram(try unigram())
        default: .bytePair(try bytePair())
        }
    }

    /// The `type`, or what the members imply in files written before there was one.
    private func kind() throws -> String {
        if json["type"] != nil { return try json.kind(TokenModel.kinds) }
        if json["merges"] != nil { return "BPE" }
        return json["unk_id"] != nil || json["vocab"]?.value.array != nil ? "Unigram" : "WordPiece"
    }

    private func vocabulary() throws -> Vocabulary { try Self.vocabulary(json.required("vocab")) }

    /// `{"token": id, …}`
    static func vocabulary(_ json: JSONReader) throws -> Vocabulary {
        let members = try json.members()
        var vocabulary = Vocabulary(capacity: members.count)
        for member in members { vocabulary.insert(member.key, id: try member.value.integer()) }
        return vocabulary
    }

    private func wordPiece() throws -> WordPiece {
        let vocabulary = try vocabulary()
        guard let unknown = try unknownID(vocabulary, default: "[UNK]") else { throw json.malformed("a model with an unk_token") }
        return WordPiece(
            vocabulary: vocabulary, unknown: unknown,
            continuingPrefix: try json["continuing_subword_prefix"]?.bytes() ?? Array("##".utf8),
            maximumScalars: try json["max_input_chars_per_word"]?.integer() ?? 100)
    }

    private func unigram() throws -> Unigram {
        let list = try json.required("vocab")
        let pieces = try list.elements().map { entry in
            let pair = try entry.elements()
            guard pair.count == 2, let score = pair[1].value.double, score.isFinite else { throw entry.malformed("a token and its score") }
            return (text: try pair[0].bytes(), score: score)
        }
        let unknown = try json.required("unk_id").integer()
        guard unknown < pieces.count else { throw json.malformed("an unk_id below \(pieces.count), the number of tokens") }
        return Unigram(pieces: pieces, unknown: unknown, fallsBackToBytes: try json.bool("byte_fallback", default: false))
    }

    private func bytePair() throws -> BytePairEncoding {
        let vocabulary = try vocabulary()
        var options = BytePairEncoding.Options()
        options.unknown = try unknownID(vocabulary, default: nil)
        options.fusesUnknown = try json.bool("fuse_unk", default: false)
        options.fallsBackToBytes = try json.bool("byte_fallback", default: false)
        options.ignoresMerges = try json.bool("ignore_merges", default: false)
        options.continuingPrefix = try json["continuing_subword_prefix"]?.bytes() ?? []
        options.endOfWordSuffix = try json["end_of_word_suffix"]?.bytes() ?? []
        if let dropout = json["dropout"], dropout.value.double != 0 { throw dropout.unsupported("dropout", ["no dropout"]) }

        let list = try json.required("merges")
        let table = try Self.mergeTable(
            try list.elements().compactMap(Self.pair), vocabulary, continuingPrefix: options.continuingPrefix, file: list.file,
            place: list.place)
        return BytePairEncoding(vocabulary: vocabulary, merges: table, options: options)
    }

    static func mergeTable(
        _ pairs: [(left: [UInt8], right: [UInt8])], _ vocabulary: Vocabulary, continuingPrefix: [UInt8] = [], file: String, place: String
    ) throws -> [UInt64: BytePairEncoding.Merge] {
        do {
            return try BytePairEncoding.table(pairs, vocabulary, continuingPrefix: continuingPrefix)
        } catch {
            throw TokenizerError.malformed(
                file: file, place: "\(place).\(error.rank)", expected: "tokens of the vocabulary",
                found: "\"\(String(decoding: error.token, as: UTF8.self))\"")
        }
    }

    /// `"a b"` or `["a", "b"]`; nil for the version line.
    private static func pair(_ json: JSONReader) throws -> (left: [UInt8], right: [UInt8])? {
        if let text = json.value.bytes {
            if text.starts(with: Array("#version".utf8)) { return nil }
            guard let pair = split(text) else { throw json.malformed("two tokens with one space between") }
            return pair
        }
        let parts = try json.elements()
        guard parts.count == 2 else { throw json.malformed("two tokens") }
        return (try parts[0].bytes(), try parts[1].bytes())
    }

    static func split(_ line: [UInt8]) -> (left: [UInt8], right: [UInt8])? {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        return parts.count == 2 ? (Array(parts[0]), Array(parts[1])) : nil
    }

    private func unknownID(_ vocabulary: Vocabulary, default fallback: String?) throws -> Int? {
        guard let token = try json["unk_token"]?.bytes() ?? fallback.map({ Array($0.utf8) }) else { return nil }
        guard let id = vocabulary.id(of: token) else {
            throw TokenizerError.malformed(
                file: json.file, place: "\(json.place).unk_token", expected: "a token of the vocabulary",
                found: "\"\(String(decoding: token, as: UTF8.self))\"")
        }
        return id
    }
}
