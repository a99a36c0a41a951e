import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// A Q-Former, or its text branch, taken from a folder: its tensors under the names that InstructBLIP has for them, whatever the folder's are.
struct QFormerPart {
    let folder: URL
    let config: QFormerConfig
    /// The width of the pictures that it reads; nil for BERT, which has never seen one.
    let imageWidth: Int?
    let queryCount: Int?
    /// False where it was tuned without being told.
    let isToldInstruction: Bool
    let imageTextSize: Int?
    /// The projection and the heads of retrieval among them.
    let origins: [String: WeightOrigin]
    /// Where BERT's tokenizer is; nil where the Q-Former reads no text.
    let tokenizer: URL?
    let notes: [String]

    /// What it lacks that a Q-Former has: BERT has no queries and does not look at pictures.
    let isBERT: Bool

    var readsText: Bool { tokenizer != nil }

    /// - Parameter seed: of what BERT lacks in its own rows, that of `[DEC]`.
    init(_ url: URL, seed: UInt64) throws {
        let part = try PartFolder(url)
        switch part.kind {
        case .blip(let config): try self.init(part, config)
        case .bert: try self.init(bert: part, seed: seed)
        case .language, .other: throw part.wrong("the Q-Former of an InstructBLIP or a BLIP-2, or a BERT")
        }
    }

    // MARK: InstructBLIP and BLIP-2

    private init(_ part: PartFolder, _ whole: InstructBLIPConfig) throws {
        (folder, config, imageWidth) = (part.url, whole.qformer, whole.vision.hiddenSize)
        (queryCount, isToldInstruction, isBERT, notes) = (whole.queryCount, whole.isToldInstruction, false, [])
        imageTextSize = whole.architecture == .blip2Retrieval ? whole.imageTextSize : nil
        tokenizer =
            switch whole.architecture {
            case .instructBLIP, .instructBLIPVideo: part.url.appendingPathComponent("qformer_tokenizer")
            case .blip2Retrieval: part.url
            case .blip2: nil
            }
        let named = try part.tensors().compactMap { tensor in
            Self.name(tensor.name, whole.architecture).map { ($0, WeightOrigin.stored(tensor)) }
        }
        // The files saw to it that names are unique.
        origins = Dictionary(named, uniquingKeysWith: { first, _ in first })
    }

    private static let heads = ["language_projection.", "vision_projection.", "text_projection.", "itm_head."]

    /// Nil for what belongs to other parts.
    private static func name(_ name: String, _ architecture: Architecture) -> String? {
        guard !CheckpointWeights.isKnownLeftover(name) else { return nil }
        if name == "query_tokens" || heads.contains(where: name.hasPrefix) { return name }
        if !architecture.isInstructed, name.hasPrefix("qformer.layernorm.") {
            return "qformer.embeddings.layernorm." + name.dropFirst("qformer.layernorm.".count)
        }
        if architecture == .blip2Retrieval, name.hasPrefix("embeddings.") { return "qformer." + name }
        return name.hasPrefix("qformer.") ? name : nil
    }

    /// The name of a tensor in a checkpoint of another kind; nil where that has none.
    static func name(_ name: String, in architecture: Architecture) -> String? {
        guard name.hasPrefix("qformer."), !architecture.isInstructed else { return name }
        if name.hasPrefix("qformer.embeddings.layernorm.") { return "qformer." + name.dropFirst("qformer.embeddings.".count) }
        guard QFormer.isForText(name) else { return name }
        guard architecture == .blip2Retrieval else { return nil }
        return name.hasPrefix("qformer.embeddings.") ? String(name.dropFirst("qformer.".count)) : name
    }

    // MARK: BERT

    private init(bert part: PartFolder, seed: UInt64) throws {
        (folder, imageWidth, queryCount, imageTextSize) = (part.url, nil, nil, nil)
        (isToldInstruction, isBERT, tokenizer) = (true, true, part.url)
        var config = try ConfigFile.decode(QFormerConfig.self, part.configFile)
        try config.validate()
        let hasDEC = try Tokenizer(folder: part.url).id(of: "[DEC]") != nil
        if !hasDEC { config.vocabularySize += 1 }
        config.readsText = true
        var origins: [String: WeightOrigin] = [:]
        var (unused, unknown, repeated): ([String], [String], [String]) = ([], [], [])
        for tensor in try part.tensors() {
            switch Self.translateBERT(tensor.name) {
            case nil: unknown.append(tensor.name)
            case .unused?: unused.append(tensor.name)
            case .named(let names)?:
                for name in names {
                    let isVocabulary = !hasDEC && name == Self.wordsName
                    let row = DrawnWeight(name, width: config.hiddenSize, seed: seed)
                    let other = origins.updateValue(isVocabulary ? .widened(tensor, row) : .stored(tensor), forKey: name)
                    if let other { repeated += other.names + [tensor.name] }
                }
            }
        }
        guard unknown.isEmpty else { throw ConversionError.unknownNames(file: part.url.path, names: unknown, layout: "BERT") }
        guard repeated.isEmpty else { throw ConversionError.sameTensor(file: part.url.path, names: repeated) }
        (self.config, self.origins) = (config, origins)
        notes = unused.isEmpty ? [] : ["not used of \(part.url.lastPathComponent): \(NameList.text(unused))"]
    }

    private static let wordsName = "qformer.embeddings.word_embeddings.weight"

    private enum BERTTranslation {
        case named([String])
        case unused
    }

    /// Queries begin with the feed-forward network of text, as in LAVIS. Token types, the pooler and the heads of BERT's own training have
    /// no place in a Q-Former.
    private static func translateBERT(_ name: String) -> BERTTranslation? {
        var name = name.hasPrefix("bert.") ? String(name.dropFirst("bert.".count)) : name
        // The first BERT's names for what PyTorch calls weight and bias.
        for (old, new) in [(".gamma", ".weight"), (".beta", ".bias")] where name.hasSuffix(old) { name = name.dropLast(old.count) + new }
        if ["pooler.", "cls.", "embeddings.token_type_embeddings."].contains(where: name.hasPrefix) || name == "embeddings.position_ids" {
            return .unused
        }
        if name.hasPrefix("embeddings.LayerNorm.") {
            return .named(["qformer.embeddings.layernorm." + name.dropFirst("embeddings.LayerNorm.".count)])
        }
        if ["embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight"].contains(name) {
            return .named(["qformer." + name])
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 3, parts[0] == "encoder", parts[1] == "layer" else { return nil }
        switch (parts[3], parts.dropFirst(4).first) {
        case ("attention", "self"): return .named(["qformer." + name.replacing(".attention.self.", with: ".attention.attention.")])
        case ("attention", "output"): return .named(["qformer." + name])
        case ("intermediate", _), ("output", _):
            let query = (parts[..<3] + [parts[3] + "_query"] + parts.dropFirst(4)).joined(separator: ".")
            return .named(["qformer." + name, "qformer." + query])
        default: return nil
        }
    }
}
