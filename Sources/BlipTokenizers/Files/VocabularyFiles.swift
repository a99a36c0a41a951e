/// Tokenizers given as bare vocabularies: `vocab.txt` (BERT), `vocab.json` with `merges.txt` (GPT-2, OPT).
enum VocabularyFiles {
    static func bert(_ bytes: [UInt8], file: String, _ configuration: TokenizerConfiguration) throws -> TokenizerDefinition {
        var lines = try lines(bytes, file: file)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var vocabulary = Vocabulary(capacity: lines.count)
        for (id, line) in lines.enumerated() {
            var scalars = UTF8Text.scalars(of: line)
            while let last = scalars.last, UnicodeRules.isSpace(last) { scalars.removeLast() }
            vocabulary.insert(UTF8Text.bytes(of: scalars), id: id)
        }
        func required(_ role: TokenizerConfiguration.Role, _ fallback: String) throws -> Int {
            let token = configuration.content(of: role) ?? Array(fallback.utf8)
            guard let id = vocabulary.id(of: token) else {
                throw TokenizerError.malformed(
                    file: file, place: "its lines", expected: "the token \(String(decoding: token, as: UTF8.self))", found: "none")
            }
            return id
        }
        let model = WordPiece(vocabulary: vocabulary, unknown: try required(.unknown, "[UNK]"))
        var definition = TokenizerDefinition(algorithm: .wordPiece, model: .wordPiece(model))
        definition.normalizer = .bert(
            BertNormalizer(
                separatesIdeographs: configuration.separatesIdeographs,
                stripsAccents: configuration.stripsAccents ?? configuration.lowercases, lowercases: configuration.lowercases))
        definition.preTokenizer = .bert
        definition.decoder = [.wordPiece(prefix: Array("##".utf8), cleansUp: true)]
        definition.postProcessor = PostProcessor(before: [try required(.cls, "[CLS]")], after: [try required(.sep, "[SEP]")])
        return definition
    }

    static func gpt2(_ vocabulary: JSONReader, merges: [UInt8], file: String, _ configuration: TokenizerConfiguration) throws
        -> TokenizerDefinition
    {
        let vocabulary = try ModelReader.vocabulary(vocabulary)
        let pairs = try lines(merges, file: file).enumerated().compactMap { number, line -> (left: [UInt8], right: [UInt8])? in
            if line.isEmpty || line.starts(with: Array("#version".utf8)) { return nil }
            guard let pair = ModelReader.split(Array(line)) else {
                throw TokenizerError.malformed(
                    file: file, place: "line \(number + 1)", expected: "two tokens with one space between",
                    found: "\"\(String(decoding: line.prefix(40), as: UTF8.self))\"")
            }
            return pair
        }
        let table = try ModelReader.mergeTable(pairs, vocabulary, file: file, place: "merge")
        let model = BytePairEncoding(vocabulary: vocabulary, merges: table, options: .init())
        var definition = TokenizerDefinition(algorithm: .byteLevelBPE, model: .bytePair(model))
        definition.preTokenizer = .byteLevel(addsPrefixSpace: configuration.addsPrefixSpace ?? false, splits: true)
        definition.decoder = [.byteLevel]
        return definition
    }

    private static func lines(_ bytes: [UInt8], file: String) throws -> [ArraySlice<UInt8>] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TokenizerError.malformed(file: file, place: "the top", expected: "UTF-8", found: "other bytes")
        }
        return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { $0.last == 0x0D ? $0.dropLast() : $0 }
    }
}
