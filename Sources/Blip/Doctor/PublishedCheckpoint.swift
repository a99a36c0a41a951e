import BlipModels
import BlipTensors

/// What one of the published checkpoints is known by.
///
/// Numbers of parameters and tensors are those that transformers 5.23 builds from the published configs; ids are those of the files on the hub.
struct PublishedCheckpoint: Sendable {
    let name: String
    /// Of the whole network.
    let parameters: Int
    /// Of the language model, where it is known by itself.
    var languageParameters: Int?
    var tensors: Int?
    /// Of the language model's tokenizer and config; nil where there is none.
    let imageToken: Int?
    /// What every prompt begins with, and what an answer of the model ends with.
    let begins: Int?
    let ends: Int?
    let pad: Int?
    /// The vocabularies that uploads have had; the newest first.
    let vocabularies: [Int]

    static let visionParameters = 985_952_256
    static let qformerParameters = 185_660_160
    /// Without the text branch.
    static let plainQFormerParameters = 105_137_664

    static let all: [PublishedCheckpoint] = [
        vicuna("instructblip-vicuna-7b", 7_913_726_720, language: 6_738_939_904, tensors: 1096),
        vicuna("instructblip-vicuna-13b", 14_192_093_952, tensors: 1168),
        flan("instructblip-flan-t5-xl", 4_022_969_088, language: 2_849_757_184, tensors: 1363),
        flan("instructblip-flan-t5-xxl", 12_310_119_168, tensors: 1363),
        opt("blip2-opt-2.7b", 3_744_761_856), opt("blip2-opt-6.7b", 7_752_869_376),
        flan("blip2-flan-t5-xl", 3_942_446_592, tensors: 1289), flan("blip2-flan-t5-xxl", 12_229_596_672, tensors: 1289),
    ]

    private static func vicuna(_ name: String, _ parameters: Int, language: Int? = nil, tensors: Int) -> PublishedCheckpoint {
        PublishedCheckpoint(
            name: name, parameters: parameters, languageParameters: language, tensors: tensors, imageToken: 32001, begins: 2, ends: 2,
            pad: 32000, vocabularies: [32064, 32001])
    }

    private static func flan(_ name: String, _ parameters: Int, language: Int? = nil, tensors: Int) -> PublishedCheckpoint {
        PublishedCheckpoint(
            name: name, parameters: parameters, languageParameters: language, tensors: tensors, imageToken: 32100, begins: nil, ends: 1,
            pad: 0, vocabularies: [32128])
    }

    private static func opt(_ name: String, _ parameters: Int) -> PublishedCheckpoint {
        PublishedCheckpoint(
            name: name, parameters: parameters, tensors: 1247, imageToken: 50265, begins: 2, ends: 50118, pad: 1,
            vocabularies: [50304, 50272])
    }
}

/// Which published checkpoint a folder is, or is most like, and where the two differ.
public struct CheckpointLikeness: Sendable, Encodable {
    public struct Difference: Sendable, Equatable, Encodable {
        public let what: String
        public let published: String
        public let found: String
    }

    /// Of the hub's `Salesforce/`.
    public let name: String
    /// Whether its network has the same parts of the same sizes.
    public let isSameArchitecture: Bool
    public let differences: [Difference]

    enum CodingKeys: String, CodingKey {
        case name, differences
        case isSameArchitecture = "same_architecture"
    }

    /// - Throws: ``DoctorSubject/Missing`` where the config cannot be read.
    init(_ subject: DoctorSubject) throws {
        let config = try subject.config
        let compared = ModelCatalog.all.map { name, published in (name: name, facts: Self.facts(config, published, name)) }
        // The one that shares architecture and language model, and then most else; of equals the first, which is the plain one.
        let weights = ["architecture": 1000, "language model": 100]
        let counted = compared.map { one in
            (one, one.facts.filter { $0.found != $0.published }.map { weights[$0.what] ?? 1 }.reduce(0, +))
        }
        guard let best = counted.min(by: { $0.1 < $1.1 })?.0 else {
            throw DoctorSubject.Missing(description: "no published checkpoint is known")
        }
        (name, isSameArchitecture) = (best.name, !best.facts.contains { $0.isShape && $0.found != $0.published })
        var differences = best.facts.filter { $0.found != $0.published }.map {
            Difference(what: $0.what, published: $0.published, found: $0.found)
        }
        if isSameArchitecture, let known = PublishedCheckpoint.all.first(where: { $0.name == best.name }) {
            differences += Self.counts(subject, config, known)
        }
        self.differences = differences
    }

    private struct Fact {
        let what: String
        let published: String
        let found: String
        /// Whether it says what network this is.
        let isShape: Bool
    }

    private static func facts(_ config: InstructBLIPConfig, _ published: InstructBLIPConfig, _ name: String) -> [Fact] {
        let vocabularies = PublishedCheckpoint.all.first { $0.name == name }?.vocabularies ?? [published.language.vocabularySize]
        func fact(_ what: String, _ found: Any, _ published: Any, isShape: Bool = true) -> Fact {
            Fact(what: what, published: "\(published)", found: "\(found)", isShape: isShape)
        }
        var facts = [
            fact("architecture", config.architecture.name, published.architecture.name),
            fact("layers of the image encoder", config.vision.layerCount, published.vision.layerCount),
            fact("width of the image encoder", config.vision.hiddenSize, published.vision.hiddenSize),
            fact("feed-forward width of the image encoder", config.vision.intermediateSize, published.vision.intermediateSize),
            fact("heads of the image encoder", config.vision.headCount, published.vision.headCount),
            fact("picture size", config.vision.imageSize, published.vision.imageSize),
            fact("patch size", config.vision.patchSize, published.vision.patchSize),
            fact("norm epsilon of the image encoder", config.vision.normEpsilon, published.vision.normEpsilon, isShape: false),
            fact("layers of the Q-Former", config.qformer.layerCount, published.qformer.layerCount),
            fact("width of the Q-Former", config.qformer.hiddenSize, published.qformer.hiddenSize),
            fact("cross-attention every n-th layer", config.qformer.crossAttentionFrequency, published.qformer.crossAttentionFrequency),
            fact("query tokens", config.queryCount, published.queryCount),
        ]
        if published.qformer.readsText {
            facts.append(fact("vocabulary of the Q-Former", config.qformer.vocabularySize, published.qformer.vocabularySize))
        }
        guard published.architecture != .blip2Retrieval else { return facts }
        facts += [
            fact("language model", config.language.familyName, published.language.familyName),
            fact("sizes of the language model", sizes(config.language), sizes(published.language)),
        ]
        if !vocabularies.contains(config.language.vocabularySize) {
            facts.append(fact("vocabulary of the language model", config.language.vocabularySize, published.language.vocabularySize))
        }
        facts += [
            fact("end ids of the config", config.language.endIDs, published.language.endIDs, isShape: false),
            fact("pad id of the config", text(config.language.padID), text(published.language.padID), isShape: false),
            fact("image token id", text(config.imageTokenID), text(published.imageTokenID), isShape: false),
            fact("type that the config names", config.dtypeName ?? "none", published.dtypeName ?? "none", isShape: false),
        ]
        return facts
    }

    private static func text(_ id: Int?) -> String { id.map(String.init) ?? "none" }

    private static func sizes(_ config: LanguageConfig) -> String {
        switch config {
        case .llama(let c): "\(c.layerCount) layers, width \(c.hiddenSize) and \(c.intermediateSize), \(c.headCount) heads"
        case .opt(let c): "\(c.layerCount) layers, width \(c.hiddenSize) and \(c.intermediateSize), \(c.headCount) heads"
        case .t5(let c):
            "\(c.encoderLayerCount) + \(c.decoderLayerCount) layers, width \(c.width) and \(c.feedForwardSize), \(c.headCount) heads"
        }
    }

    /// What can be counted in the files, against what is known.
    private static func counts(
        _ subject: DoctorSubject, _ config: InstructBLIPConfig, _ known: PublishedCheckpoint
    ) -> [Difference] {
        let inventory = subject.inventory
        var differences: [Difference] = []
        func compare(_ what: String, _ found: Int, _ published: Int?) {
            guard let published, found != published else { return }
            differences.append(Difference(what: what, published: "\(published)", found: "\(found)"))
        }
        compare("parameters of the image encoder", inventory.parameters("vision_model."), PublishedCheckpoint.visionParameters)
        compare(
            "parameters of the Q-Former", inventory.parameters("qformer."),
            config.qformer.readsText ? PublishedCheckpoint.qformerParameters : PublishedCheckpoint.plainQFormerParameters)
        // Vocabularies of older uploads are smaller, and everything with them.
        if config.language.vocabularySize == known.vocabularies.first {
            compare("parameters of the language model", inventory.parameters("language_model."), known.languageParameters)
            compare("parameters", inventory.parameters(""), known.parameters)
            compare("tensors", inventory.entries.keys.count { inventory.purpose(of: $0) != nil }, known.tensors)
        }
        if inventory.elements.keys.contains(where: { $0 != .float32 }) {
            let kinds = inventory.elements.sorted { $0.value > $1.value }.map(\.key.rawValue).joined(separator: ", ")
            differences.append(Difference(what: "stored types", published: "F32", found: kinds))
        }
        return differences
    }
}
