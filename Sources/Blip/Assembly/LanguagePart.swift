import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// A language model taken from a folder of its own or out of an InstructBLIP or a BLIP-2, as a checkpoint has it: with the ids and the
/// rows of tokens that are added.
struct LanguagePart {
    let folder: URL
    let config: LanguageConfig
    let imageTokenID: Int
    let origins: [String: WeightOrigin]
    let notes: [String]

    init(_ url: URL) throws {
        let part = try PartFolder(url)
        let tokenizer = try Tokenizer(folder: url)
        switch part.kind {
        case .blip(let whole) where whole.architecture != .blip2Retrieval:
            let known = whole.architecture == .instructBLIPVideo ? nil : whole.imageTokenID
            let tensors = try part.tensors().filter { $0.name.hasPrefix("language_model.") }
            try self.init(url, whole.language, tokenizer, imageTokenID: known, tensors.map { ($0.name, $0) }, notes: [])
        case .language:
            var config = try ConfigFile.decode(LanguageConfig.self, part.configFile)
            try config.validate()
            let notes = config.adapt(tokenizer)
            try self.init(url, config, tokenizer, imageTokenID: nil, LAVISConverter.languageTensors(part.tensors(), config), notes: notes)
        case .blip, .bert, .other:
            throw part.wrong("a language model: LLaMA, T5 or OPT on its own, or that of an InstructBLIP or a BLIP-2")
        }
    }

    private init(
        _ url: URL, _ stored: LanguageConfig, _ tokenizer: Tokenizer, imageTokenID known: Int?,
        _ tensors: [(name: String, tensor: StoredTensor)],
        notes: [String]
    ) throws {
        folder = url
        // The files saw to it that names are unique.
        origins = Dictionary(
            tensors.map { ($0.name, LAVISConverter.origin($0.tensor, $0.name)) }, uniquingKeysWith: { first, _ in first })
        self.notes = notes
        var (config, next) = (stored, tokenizer.vocabularySize)
        let own = next - ["[PAD]", "<image>"].count { tokenizer.id(of: $0) != nil }
        guard own <= stored.vocabularySize else {
            throw ConversionError.tokenizer(folder: url.path, expected: "at most \(stored.vocabularySize) tokens", found: "\(own)")
        }
        if case .llama(var llama) = config {
            // LLaMA has no padding of its own.
            let pad = try Self.checked(tokenizer.id(of: "[PAD]") ?? next, "[PAD]", url)
            llama.padID = pad
            next = max(next, pad + 1)
            config = .llama(llama)
        }
        imageTokenID = try Self.checked(tokenizer.id(of: "<image>") ?? known ?? next, "<image>", url)
        config.makeRoom(for: max(next, imageTokenID + 1))
        self.config = config
    }

    /// A tokenizer's file may say any number; the model would get as many rows.
    private static func checked(_ id: Int, _ token: String, _ folder: URL) throws -> Int {
        guard (0..<idLimit).contains(id) else {
            throw ConversionError.tokenizer(folder: folder.path, expected: "an id below \(idLimit) for \(token)", found: "\(id)")
        }
        return id
    }

    /// Ours: four times the largest vocabulary there is.
    private static let idLimit = 1 << 20
}

extension LanguageConfig {
    /// What the reference changes in a language model that it freezes. Source: LAVIS `blip2_t5.py`, `blip2_opt.py`; transformers
    /// `convert_blip_2_original_to_pytorch.py`.
    ///
    /// - Returns: what a user should know.
    fileprivate mutating func adapt(_ tokenizer: Tokenizer) -> [String] {
        switch self {
        case .llama(var llama):
            // So the tokenizer begins every text, and so a caption without a prompt begins.
            llama.beginID = tokenizer.id(of: "</s>") ?? llama.beginID
            self = .llama(llama)
            return []
        case .opt(var opt):
            // A text ends with a line break, not with </s>, which begins it.
            opt.endIDs = tokenizer.encode("\n", addSpecialTokens: false).first.map { [$0] } ?? opt.endIDs
            self = .opt(opt)
            return []
        case .t5(var t5):
            // What a caption without a prompt is asked with.
            t5.beginID = t5.beginID ?? t5.endIDs.first
            let isTanh = t5.isGated && t5.activation == .geluNew
            if isTanh { t5.activation = .gelu }
            self = .t5(t5)
            return isTanh
                ? [
                    "the language model's activation is gelu, as in every published checkpoint with FlanT5, where its own config says gelu_new"
                ] : []
        }
    }

    /// Sees to at least so many rows of the vocabulary; where there are fewer, to a multiple of 64, as the published ones.
    fileprivate mutating func makeRoom(for count: Int) {
        guard count > vocabularySize else { return }
        let rows = (count + 63) / 64 * 64
        switch self {
        case .llama(var config):
            config.vocabularySize = rows
            self = .llama(config)
        case .opt(var config):
            config.vocabularySize = rows
            self = .opt(config)
        case .t5(var config):
            config.vocabularySize = rows
            self = .t5(config)
        }
    }
}
