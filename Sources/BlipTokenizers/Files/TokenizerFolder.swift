import BlipJSON
import Foundation

/// Finds and reads the tokenizer files of a checkpoint folder.
struct TokenizerFolder {
    private let folder: URL
    private static let largestFile = 512 << 20

    init(_ folder: URL) { self.folder = folder }

    func definition() throws -> TokenizerDefinition {
        let configuration = try TokenizerConfiguration(
            configuration: json("tokenizer_config.json"), specialTokensMap: json("special_tokens_map.json"),
            addedTokens: json("added_tokens.json"))
        var (definition, isTemplateGiven) = try base(configuration)
        finish(&definition, configuration, isTemplateGiven: isTemplateGiven)
        return definition
    }

    /// The tokenizer without what the side files add, and whether its files say which tokens go around a text.
    private func base(_ configuration: TokenizerConfiguration) throws -> (TokenizerDefinition, Bool) {
        if let root = try json("tokenizer.json") {
            let file = TokenizerJSON(root: root)
            return (try file.definition(), file.hasPostProcessor)
        }
        for name in ["tokenizer.model", "spiece.model"] {
            if let bytes = try bytes(name) {
                let model = try SentencePieceModel(bytes, file: name)
                return (try model.definition(configuration), model.isUnigram)
            }
        }
        if let bytes = try bytes("vocab.txt") {
            return (try VocabularyFiles.bert(bytes, file: "vocab.txt", configuration), true)
        }
        if let vocabulary = try json("vocab.json"), let merges = try bytes("merges.txt") {
            return (try VocabularyFiles.gpt2(vocabulary, merges: merges, file: "merges.txt", configuration), false)
        }
        throw TokenizerError.noTokenizer(
            folder: folder.path, lookedFor: ["tokenizer.json", "tokenizer.model", "spiece.model", "vocab.txt", "vocab.json + merges.txt"])
    }

    /// Adds the tokens, sides and template that the side files name.
    private func finish(_ definition: inout TokenizerDefinition, _ configuration: TokenizerConfiguration, isTemplateGiven: Bool) {
        let family = Family(className: configuration.className) ?? Family(definition.algorithm)
        let model = definition.model.vocabulary
        let listed = definition.added
        definition.added.add(configuration.added.filter { configuration.knowsFlags || !listed.contains($0.content) }, model: model)

        var roles: [TokenizerConfiguration.Role: [UInt8]] = [:]
        for (role, candidates) in family?.tokens ?? [] where configuration.roles[role] == nil {
            roles[role] = candidates.map { Array($0.utf8) }.first { definition.added.contains($0) || model.id(of: $0) != nil }
        }
        let implied = roles.values.sorted { $0.lexicographicallyPrecedes($1) }.map { AddedToken($0, isSpecial: true) }
        for token in configuration.specialTokens + implied where !definition.added.contains(token.content) {
            var token = token
            token.isSpecial = true
            definition.added.add([token], model: model)
        }

        let added = definition.added
        func id(_ role: TokenizerConfiguration.Role) -> Int? {
            (configuration.content(of: role) ?? roles[role]).flatMap { added.ids[$0] ?? model.id(of: $0) }
        }
        definition.special = SpecialTokens(
            bos: id(.bos), eos: id(.eos), pad: id(.pad), unknown: id(.unknown), cls: id(.cls), sep: id(.sep))
        if !isTemplateGiven {
            let addsBOS = configuration.addsBOS ?? (family == .llama)
            if addsBOS, let bos = definition.special.bos { definition.postProcessor.before = [bos] }
            if configuration.addsEOS ?? false, let eos = definition.special.eos { definition.postProcessor.after = [eos] }
        }
        if let side = configuration.truncationSide { definition.truncationSide = side }
        if let side = configuration.paddingSide ?? (definition.paddingSide == .right ? family?.paddingSide : nil) {
            definition.paddingSide = side
        }
        definition.modelMaximumLength = configuration.maximumLength
    }

    // MARK: Files

    private func bytes(_ name: String) throws -> [UInt8]? {
        let url = folder.appending(path: name)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        do {
            let size = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)[.size] as? Int ?? 0
            guard size <= Self.largestFile else { throw TokenizerError.tooLarge(file: name, bytes: size, limit: Self.largestFile) }
            return Array(try Data(contentsOf: url))
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw TokenizerError.unreadable(file: place(name), reason: error.localizedDescription)
        }
    }

    /// A checkpoint has two folders with files of the same names.
    private func place(_ name: String) -> String { folder.lastPathComponent == "qformer_tokenizer" ? "qformer_tokenizer/\(name)" : name }

    private func json(_ name: String) throws -> JSONReader? {
        guard let bytes = try bytes(name) else { return nil }
        do {
            let value = try JSONValue(parsing: bytes)
            guard value.object != nil else { throw JSONReader(file: place(name), value: value).malformed("an object") }
            return JSONReader(file: place(name), value: value)
        } catch let error as JSONError {
            throw TokenizerError.broken(file: place(name), reason: error.description)
        }
    }
}
