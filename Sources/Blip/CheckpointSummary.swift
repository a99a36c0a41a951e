import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// What a checkpoint folder holds, without loading a weight.
public struct CheckpointSummary: Sendable, Encodable {
    public struct Part: Sendable, Encodable {
        public let name: String
        public let parameters: Int
        public let isTrainable: Bool
        /// As stored, scales and padding included.
        public let bitsPerWeight: Double
        /// The packed formats of its matrices, as `q4`; empty when none is packed.
        public let packed: [String]

        enum CodingKeys: String, CodingKey {
            case name, parameters, packed
            case isTrainable = "trainable"
            case bitsPerWeight = "bits_per_weight"
        }
    }

    public struct TokenizerSummary: Sendable, Encodable {
        public let role: String
        public let algorithm: String
        public let tokens: Int
        public let specialIDs: [String: Int]

        enum CodingKeys: String, CodingKey {
            case role, algorithm, tokens
            case specialIDs = "special_ids"
        }
    }

    public let folder: String
    public let architecture: String
    public let config: InstructBLIPConfig
    public let parameters: Int
    public let parts: [Part]
    /// Elements stored per type, by the file format's names.
    public let dtypes: [String: Int]
    public let tensorCount: Int
    public let fileCount: Int
    public let bytes: Int
    public let tokenizers: [TokenizerSummary]
    /// Ids that end an answer: the config's and the tokenizer's.
    public let stopIDs: [Int]

    enum CodingKeys: String, CodingKey {
        case folder, architecture, config, parameters, parts, dtypes, bytes, tokenizers
        case tensorCount = "tensors"
        case fileCount = "files"
        case stopIDs = "stop_ids"
    }

    /// - Throws: what is wrong with the folder; missing, unused or misshapen weights included.
    public init(folder: URL) throws {
        let config = try Checkpoint.config(in: folder)
        let files = try WeightFiles(folder: folder)
        let processor = try Processor(folder: folder, config)
        let shapes = try Self.shapes(config, files)

        self.folder = folder.path
        self.config = config
        architecture = config.architecture.name + (config.architecture == .blip2Retrieval ? "" : " with \(config.language.familyName)")
        parts = Self.parts(shapes, files)
        parameters = parts.map(\.parameters).reduce(0, +)
        dtypes = Self.types(shapes, files)
        tensorCount = files.infos.count
        fileCount = files.files.count
        bytes = files.byteCount
        let role = config.architecture == .blip2Retrieval ? "qformer" : "language"
        tokenizers =
            [(role, processor.tokenizer)].map(Self.summary)
            + [processor.instructionTokenizer].compactMap(\.self).map {
                Self.summary("qformer", $0)
            }
        // Nobody stops where nothing is written.
        stopIDs =
            config.architecture == .blip2Retrieval ? [] : StopRule.configAndTokenizer.ids(config.language, processor.tokenizer).sorted()
    }

    /// Every tensor the config calls for, checked against what the files hold.
    private static func shapes(_ config: InstructBLIPConfig, _ files: WeightFiles) throws -> [(name: String, shape: [Int])] {
        let absent = config.language.tieableNames.filter { files.find($0) == nil && files.packed($0) == nil }
        let wanted = try ShapeWeights(of: config, absent: absent)
        try CheckpointWeights.check(files, against: wanted)
        return wanted.shapes
    }

    /// Weights stored per type; those of packed matrices under their format.
    private static func types(_ shapes: [(name: String, shape: [Int])], _ files: WeightFiles) -> [String: Int] {
        let packed = shapes.compactMap { name, shape in files.packed(name).map { ($0.format.rawValue, shape.reduce(1, *)) } }
        let bytes = Set(shapes.compactMap { files.packed($0.name)?.name })
        let others = files.infos.filter { !bytes.contains($0.name) }.map { ($0.type.rawValue, $0.shape.reduce(1, *)) }
        return Dictionary(packed + others, uniquingKeysWith: +)
    }

    private static func parts(_ shapes: [(name: String, shape: [Int])], _ files: WeightFiles) -> [Part] {
        func part(_ name: String, trainable: Bool, _ belongs: (String) -> Bool) -> Part {
            let own = shapes.filter { belongs($0.name) }
            let count = own.map { $0.shape.reduce(1, *) }.reduce(0, +)
            // A tied head that is packed stands beside its embedding, and both are stored.
            let bytes = own.map { (files.packed($0.name)?.info.byteCount ?? 0) + (files.find($0.name)?.info.byteCount ?? 0) }.reduce(0, +)
            return Part(
                name: name, parameters: count, isTrainable: trainable, bitsPerWeight: Double(bytes) * 8 / Double(max(1, count)),
                packed: Set(own.compactMap { files.packed($0.name)?.format.rawValue }).sorted())
        }
        let norm = "vision_model.post_layernorm."
        let heads = ["embeddings.", "vision_projection.", "text_projection.", "itm_head."]
        let parts = [
            part("image encoder", trainable: false) { $0.hasPrefix("vision_model.") && !$0.hasPrefix(norm) },
            part("image norm", trainable: true) { $0.hasPrefix(norm) },
            part("query tokens", trainable: true) { $0 == "query_tokens" },
            part("Q-Former", trainable: true) { $0.hasPrefix("qformer.") },
            part("projection", trainable: true) { $0.hasPrefix("language_projection.") },
            part("language model", trainable: false) { $0.hasPrefix("language_model.") },
            part("retrieval embeddings and heads", trainable: false) { name in heads.contains { name.hasPrefix($0) } },
        ]
        // What only some architectures have.
        return parts.filter { $0.parameters > 0 }
    }

    private static func summary(_ role: String, _ tokenizer: Tokenizer) -> TokenizerSummary {
        let special = tokenizer.special
        let named = [
            ("begin", special.bos), ("end", special.eos), ("pad", special.pad), ("unknown", special.unknown), ("class", special.cls),
            ("separator", special.sep),
        ]
        return TokenizerSummary(
            role: role, algorithm: tokenizer.algorithm.rawValue, tokens: tokenizer.vocabularySize,
            specialIDs: Dictionary(named.compactMap { name, id in id.map { (name, $0) } }, uniquingKeysWith: { first, _ in first }))
    }
}
