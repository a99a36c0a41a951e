import BlipJSON
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// What an assembled checkpoint is made of: its config and where each tensor comes from, checked before anything is written.
struct AssemblyPlan {
    let config: InstructBLIPConfig
    let weights: WeightPlan
    /// What the config names.
    let dtype: DType
    let languageFolder: URL?
    /// Where BERT's tokenizer is; nil where the Q-Former reads no text.
    let tokenizer: URL?
    /// The image processor; nil for the published one.
    let images: JSONObject?

    init(_ assembler: CheckpointAssembler) throws {
        let (kind, parts, seed) = (assembler.architecture, assembler.parts, assembler.seed)
        let places = try Places(parts, kind)
        let vision = try VisionPart(places.vision, sizes: assembler.sizes.vision)
        let qformer = try places.qformer.map { try QFormerPart($0, seed: seed) }
        let text = try parts.textBranch.map { try QFormerPart($0, seed: seed) }
        let language = try places.language.map { try LanguagePart($0) }

        let readsText = kind != .blip2
        let tokenizer = readsText ? try Self.tokenizer(parts, qformer, text, kind) : nil
        try Self.check(vision, qformer, text)
        let queries = try Self.qformer(assembler.sizes.qformer, qformer, text, tokenizer)
        var config = InstructBLIPConfig(
            kind, vision: vision.config, qformer: queries, language: language?.config ?? .opt(OPTConfig()),
            queryCount: qformer?.queryCount ?? assembler.sizes.queryCount, imageTokenID: language?.imageTokenID, dtypeName: nil)
        config.imageTextSize = qformer?.imageTextSize ?? assembler.sizes.imageTextSize
        // A text branch of another folder has not been left untrained by this one.
        config.isToldInstruction = text?.isToldInstruction ?? qformer?.isToldInstruction ?? true
        try config.validate()

        let sources = Sources(config: config, vision: vision, qformer: qformer, text: text, language: language)
        weights = try sources.plan(seed: seed, dtype: assembler.dtype)
        let types = Set(weights.entries.map(\.layout.type))
        // Of several, the one that loses nothing.
        dtype = assembler.dtype ?? (types.count == 1 ? types.first?.dtype : nil) ?? .float32
        (self.config, self.tokenizer, images, languageFolder) = (config, tokenizer, vision.images, language?.folder)
    }

    // MARK: Where the parts are

    private struct Places {
        let vision: URL
        /// Nil for a random one.
        let qformer: URL?
        let language: URL?

        init(_ parts: CheckpointAssembler.Parts, _ kind: Architecture) throws {
            switch parts.qformer {
            case .folder(let folder)?: qformer = folder
            case .random?: qformer = nil
            case nil: qformer = parts.vision
            }
            guard let vision = parts.vision ?? qformer else { throw Self.missing("the image encoder's folder", kind) }
            self.vision = vision
            guard kind != .blip2Retrieval else {
                language = nil
                return
            }
            guard let language = parts.language ?? qformer else { throw Self.missing("the language model's folder", kind) }
            self.language = language
        }

        private static func missing(_ name: String, _ kind: Architecture) -> BlipError {
            .invalidOption(name: name, found: "missing", expected: "one, for \(kind.name)")
        }
    }

    private static func tokenizer(
        _ parts: CheckpointAssembler.Parts, _ qformer: QFormerPart?, _ text: QFormerPart?, _ kind: Architecture
    ) throws -> URL {
        if let text, !text.readsText {
            throw ConversionError.wrongKind(
                folder: text.folder.path, expected: "a Q-Former with a text branch, or a BERT",
                found: "a BLIP-2 whose Q-Former reads no text")
        }
        if text == nil, let qformer, !qformer.readsText {
            throw BlipError.invalidOption(
                name: "the text branch's folder", found: "missing",
                expected: "one, for \(kind.name): the Q-Former in \(qformer.folder.path) reads no text")
        }
        guard let tokenizer = parts.qformerTokenizer ?? text?.tokenizer ?? qformer?.tokenizer else {
            throw BlipError.invalidOption(
                name: "the folder of BERT's tokenizer", found: "missing", expected: "one, for \(kind.name) with a random Q-Former")
        }
        return tokenizer
    }

    // MARK: Whether they go together

    private static func check(_ vision: VisionPart, _ qformer: QFormerPart?, _ text: QFormerPart?) throws {
        guard let qformer else { return }
        if let width = qformer.imageWidth, width != vision.config.hiddenSize {
            throw ConversionError.unfitting(
                what: "the image encoder's width", one: vision.place.path, has: vision.config.hiddenSize,
                other: "the Q-Former of \(qformer.folder.path)", needs: width)
        }
        guard let text else { return }
        for (what, size) in [
            ("the Q-Former's width", \QFormerConfig.hiddenSize), ("the number of the Q-Former's layers", \.layerCount),
            ("the width of the Q-Former's feed-forward networks", \.intermediateSize),
        ] as [(String, KeyPath<QFormerConfig, Int>)] where text.config[keyPath: size] != qformer.config[keyPath: size] {
            throw ConversionError.unfitting(
                what: what, one: "the text branch of \(text.folder.path)", has: text.config[keyPath: size], other: qformer.folder.path,
                needs: qformer.config[keyPath: size])
        }
    }

    /// The Q-Former's config, with a vocabulary and positions where it reads text.
    private static func qformer(
        _ sizes: QFormerConfig, _ part: QFormerPart?, _ text: QFormerPart?, _ tokenizer: URL?
    ) throws -> QFormerConfig {
        var config = part?.config ?? sizes
        if part?.isBERT == true { config.crossAttentionFrequency = sizes.crossAttentionFrequency }
        config.readsText = tokenizer != nil
        guard let tokenizer else {
            config.vocabularySize = QFormerConfig().vocabularySize
            return config
        }
        if let source = text ?? part {
            (config.vocabularySize, config.positionCount) = (source.config.vocabularySize, source.config.positionCount)
            if part == nil {
                (config.hiddenSize, config.layerCount) = (source.config.hiddenSize, source.config.layerCount)
                config.intermediateSize = source.config.intermediateSize
            }
        } else {
            let words = try Tokenizer(folder: tokenizer)
            config.vocabularySize = words.vocabularySize + (words.id(of: "[DEC]") == nil ? 1 : 0)
        }
        return config
    }
}

/// The parts with their tensors, and what has to be drawn beside them.
private struct Sources {
    let config: InstructBLIPConfig
    let vision: VisionPart
    let qformer: QFormerPart?
    let text: QFormerPart?
    let language: LanguagePart?

    /// Of retrieval.
    private static let heads = ["vision_projection.", "text_projection.", "itm_head."]

    func plan(seed: UInt64, dtype: DType?) throws -> WeightPlan {
        var origins = vision.origins
        origins.merge(language?.origins ?? [:]) { $1 }
        for (name, origin) in qformer?.origins ?? [:] where text == nil || !QFormer.isForText(name) { add(name, origin, to: &origins) }
        for (name, origin) in text?.origins ?? [:] where QFormer.isForText(name) { add(name, origin, to: &origins) }

        var notes = vision.notes + (qformer?.notes ?? []) + (text?.notes ?? []) + (language?.notes ?? [])
        for (name, origin) in origins { if case .widened = origin { notes.append("\(name) has a new row, for [DEC]") } }
        let shapes = try ShapeWeights.shapes(of: config, absent: config.language.tieableNames.filter { origins[$0] == nil })
        dropProjection(thatDoesNotFit: shapes, &origins, &notes)
        let drawn = shapes.map(\.name).filter { origins[$0] == nil && mayBeDrawn($0) }
        for name in drawn { origins[name] = .drawn(DrawnWeight(name, width: config.qformer.hiddenSize, seed: seed)) }
        if !drawn.isEmpty { notes.append("as new, with the seed \(seed): \(NameList.text(drawn))") }
        let precision = dtype.map { Precision($0, for: config.architecture) }
        return try WeightPlan(shapes, origins, notes: notes) { name, stored in precision?.type(of: name).elementType ?? stored }
    }

    private func add(_ name: String, _ origin: WeightOrigin, to origins: inout [String: WeightOrigin]) {
        let isProjection = name.hasPrefix("language_projection.")
        let isHead = Self.heads.contains(where: name.hasPrefix)
        let isRetrieval = config.architecture == .blip2Retrieval
        if isProjection ? isRetrieval : isHead && !isRetrieval { return }
        if let name = QFormerPart.name(name, in: config.architecture) { origins[name] = origin }
    }

    /// A projection into a language model of another width cannot be kept.
    private func dropProjection(
        thatDoesNotFit shapes: [(name: String, shape: [Int])], _ origins: inout [String: WeightOrigin], _ notes: inout [String]
    ) {
        for (name, shape) in shapes where name == "language_projection.weight" {
            guard case .stored(let stored)? = origins[name], stored.shape != shape else { return }
            origins = origins.filter { !$0.key.hasPrefix("language_projection.") }
            notes.append("the Q-Former's projection into a language model is \(stored.shape), and this one needs \(shape)")
        }
    }

    /// Whether a tensor that no part brings begins as new; of all others it is an error.
    private func mayBeDrawn(_ name: String) -> Bool {
        if name.hasPrefix("language_projection.") { return true }
        if Self.heads.contains(where: name.hasPrefix) { return qformer?.imageTextSize == nil }
        if name.hasPrefix(VisionPart.normPrefix) { return vision.lacksNorm }
        guard name.hasPrefix("qformer.") || name.hasPrefix("embeddings.") || name == "query_tokens" else { return false }
        guard let qformer else {
            // Random, but for a text branch that was given.
            return text == nil || !(QFormer.isForText(name) || name.hasPrefix("embeddings."))
        }
        return qformer.isBERT && (name == "query_tokens" || name.contains(".crossattention."))
    }
}
