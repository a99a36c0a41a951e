import BlipJSON
import BlipModels
import BlipTokenizers
import Foundation

/// The tokenizers of a new checkpoint, made of the language model's and BERT's own: with the tokens that LAVIS added, for InstructBLIP
/// cutting long instructions on the left, and for Vicuna with LAVIS's beginning of a text, which is `</s>`.
struct ConvertedTokenizers {
    let config: InstructBLIPConfig

    init(_ config: InstructBLIPConfig) { self.config = config }

    /// - Parameters:
    ///   - language: nil where there is no language model; then the Q-Former's tokenizer is the folder's own.
    ///   - instruction: nil where the Q-Former reads no text.
    func write(language: URL?, instruction: URL?, to folder: URL) throws {
        if let language { try writeLanguage(language, to: folder) }
        guard let instruction else { return }
        try writeInstruction(instruction, to: language == nil ? folder : folder.appendingPathComponent("qformer_tokenizer"))
    }

    /// InstructBLIP keeps the end of a text that is too long, BLIP-2 the beginning.
    private var truncation: TokenizerEdit.Setting {
        ("truncation_side", .string(config.architecture.isInstructed ? "left" : "right"))
    }

    // MARK: The language model's

    private func writeLanguage(_ source: URL, to folder: URL) throws {
        let plain = try Tokenizer(folder: source)
        var edit = TokenizerEdit()
        edit.settings = [truncation]
        switch config.language {
        case .llama(let language):
            guard let end = plain.id(of: "</s>") else { throw mismatch(source, "the token </s>, as LLaMA has", "none") }
            let roles: [JSONString] = ["bos_token", "eos_token", "unk_token"]
            edit.settings += roles.map { ($0, .string("</s>")) } + [("pad_token", .string("[PAD]")), ("padding_side", .string("left"))]
            // transformers 5 begins a text with nothing where the file is silent.
            edit.settings += [("add_bos_token", .bool(true)), ("add_eos_token", .bool(false))]
            edit.template = (token: "</s>", id: end)
            if let pad = language.padID { edit.added.append(("[PAD]", pad)) }
        case .opt, .t5: break
        }
        if let image = config.imageTokenID { edit.added.append(("<image>", image)) }
        try edit.apply(from: source, to: folder, have: plain)

        let made = try Tokenizer(folder: folder)
        for (token, id) in edit.added where made.id(of: token) != id {
            let found = made.id(of: token).map(String.init) ?? "none"
            throw mismatch(source, "the id \(id) for \(token), after its own \(plain.vocabularySize) tokens", found)
        }
        if let template = edit.template, made.encode("a", specialTokens: .asText).first != template.id {
            throw mismatch(source, "texts that begin with \(template.token)", "another beginning")
        }
        guard made.vocabularySize <= config.language.vocabularySize else {
            throw mismatch(source, "at most \(config.language.vocabularySize) tokens", "\(made.vocabularySize)")
        }
    }

    // MARK: The Q-Former's

    private func writeInstruction(_ source: URL, to folder: URL) throws {
        let plain = try Tokenizer(folder: source)
        guard plain.algorithm == .wordPiece else { throw mismatch(source, "BERT's word pieces", "\(plain.algorithm.rawValue)") }
        var edit = TokenizerEdit()
        edit.settings = [truncation, ("bos_token", .string("[DEC]"))]
        edit.added = [("[DEC]", config.qformer.vocabularySize - 1)]
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try edit.apply(from: source, to: folder, have: plain)
        let made = try Tokenizer(folder: folder)
        guard made.id(of: "[DEC]") == config.qformer.vocabularySize - 1 else {
            throw mismatch(source, "\(config.qformer.vocabularySize - 1) tokens before [DEC]", "\(plain.vocabularySize)")
        }
    }

    private func mismatch(_ folder: URL, _ expected: String, _ found: String) -> ConversionError {
        .tokenizer(folder: folder.path, expected: expected, found: found)
    }
}

/// Changes to the files of a tokenizer.
struct TokenizerEdit {
    typealias Setting = (key: JSONString, value: JSONValue)

    /// Keys of `tokenizer_config.json`.
    var settings: [Setting] = []
    /// Special tokens behind the vocabulary.
    var added: [(token: String, id: Int)] = []
    /// The token that every text begins with.
    var template: (token: String, id: Int)?

    private static let vocabularies = ["tokenizer.model", "spiece.model", "vocab.txt", "vocab.json", "merges.txt"]
    private static let roles: [JSONString] = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens",
    ]

    /// Copies the vocabulary as it is and writes the other files anew.
    func apply(from source: URL, to folder: URL, have plain: Tokenizer) throws {
        for name in Self.vocabularies {
            let file = source.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            do {
                try FileManager.default.copyItem(at: file.resolvingSymlinksInPath(), to: folder.appendingPathComponent(name))
            } catch {
                throw ConversionError.unreadable(file: file.path, reason: error.localizedDescription)
            }
        }
        if let root = try JSONFile.object(source.appendingPathComponent("tokenizer.json")) {
            try JSONFile.write(.object(edited(root, plain)), to: folder.appendingPathComponent("tokenizer.json"))
        }
        try JSONFile.write(.object(configuration(source, plain)), to: folder.appendingPathComponent("tokenizer_config.json"))
    }

    private func edited(_ root: JSONObject, _ plain: Tokenizer) -> JSONObject {
        let new = added.filter { plain.id(of: $0.token) == nil }.map { Self.entry($0.token, id: $0.id) }
        var root = root.setting("added_tokens", to: .array((root["added_tokens"]?.array ?? []) + new))
        if let template { root = root.setting("post_processor", to: Self.postProcessor(template.token, template.id)) }
        return root
    }

    /// `tokenizer_config.json` with the roles and tokens of the older side files in it, so that those are not needed.
    private func configuration(_ source: URL, _ plain: Tokenizer) throws -> JSONObject {
        var result = try JSONFile.object(source.appendingPathComponent("tokenizer_config.json")) ?? JSONObject()
        let roles = try JSONFile.object(source.appendingPathComponent("special_tokens_map.json"))
        for role in Self.roles where result[role] == nil {
            if let value = roles?[role] { result = result.setting(role, to: value) }
        }
        for (key, value) in settings { result = result.setting(key, to: value) }

        var listed = result["added_tokens_decoder"]?.object
        let older = try JSONFile.object(source.appendingPathComponent("added_tokens.json"))
        for (token, id) in older?.members ?? [] where listed == nil || !Self.has(token, listed) {
            guard let id = id.integer else { continue }
            listed = (listed ?? JSONObject()).setting(Self.key(id), to: Self.entry(token.description))
        }
        for (token, id) in added where !Self.has(JSONString(bytes: Array(token.utf8)), listed) {
            listed = (listed ?? JSONObject()).setting(Self.key(id), to: Self.entry(token))
        }
        return listed.map { result.setting("added_tokens_decoder", to: .object($0)) } ?? result
    }

    private static func key(_ id: Int) -> JSONString { JSONString(bytes: Array(String(id).utf8)) }

    private static func has(_ token: JSONString, _ listed: JSONObject?) -> Bool {
        listed?.members.contains { $0.value["content"]?.bytes == token.bytes } ?? false
    }

    private static func entry(_ token: String, id: Int? = nil) -> JSONValue {
        let content: (JSONString, JSONValue) = ("content", .string(JSONString(bytes: Array(token.utf8))))
        let flags: [(JSONString, JSONValue)] = [
            ("single_word", .bool(false)), ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
            ("special", .bool(true)),
        ]
        return .object(JSONObject((id.map { [("id", .integer($0))] } ?? []) + [content] + flags))
    }

    private static func postProcessor(_ token: String, _ id: Int) -> JSONValue {
        let name = JSONString(bytes: Array(token.utf8))
        func part(_ kind: JSONString, _ id: JSONString, _ type: Int) -> JSONValue {
            .object(JSONObject([(kind, .object(JSONObject([("id", .string(id)), ("type_id", .integer(type))])))]))
        }
        let first = [part("SpecialToken", name, 0), part("Sequence", "A", 0)]
        let second = [part("SpecialToken", name, 1), part("Sequence", "B", 1)]
        let special = JSONObject([("id", .string(name)), ("ids", .array([.integer(id)])), ("tokens", .array([.string(name)]))])
        return .object(
            JSONObject([
                ("type", .string("TemplateProcessing")), ("single", .array(first)), ("pair", .array(first + second)),
                ("special_tokens", .object(JSONObject([(name, .object(special))]))),
            ]))
    }
}
