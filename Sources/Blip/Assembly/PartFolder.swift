import BlipJSON
import BlipModels
import Foundation

/// A folder that a part is taken from: what kind of model it holds, and its tensors.
struct PartFolder {
    enum Kind {
        /// InstructBLIP or BLIP-2, whole or for retrieval.
        case blip(InstructBLIPConfig)
        /// `bert-base-uncased` and the like.
        case bert
        /// LLaMA, T5 or OPT on their own.
        case language
        case other(name: String)
    }

    let url: URL
    let kind: Kind

    /// - Throws: ``BlipError`` for a folder without a config; ``ConfigError``.
    init(_ url: URL) throws {
        self.url = url
        let name = try Checkpoint.modelType(in: url)
        kind =
            switch name {
            case "instructblip", "instructblipvideo", "blip-2": .blip(try Checkpoint.config(in: url))
            case "bert": .bert
            case "llama", "t5", "opt": .language
            default: .other(name: name ?? "a model that does not say its kind")
            }
    }

    var configFile: URL { url.appendingPathComponent("config.json") }

    /// All tensors; packed ones are refused.
    func tensors() throws -> [StoredTensor] {
        let tensors = try StoredTensor.all(in: url)
        try StoredTensor.refusePacked(tensors, in: url)
        return tensors
    }

    /// What it holds, for messages.
    var title: String {
        switch kind {
        case .blip(let config): config.architecture.name
        case .bert: "BERT"
        case .language: "a language model on its own"
        case .other(let name): name
        }
    }

    func wrong(_ expected: String) -> ConversionError { .wrongKind(folder: url.path, expected: expected, found: title) }
}

extension Checkpoint {
    /// What `config.json` calls the model.
    static func modelType(in folder: URL) throws -> String? {
        let file = try configFile(in: folder)
        return try JSONFile.object(file)?["model_type"]?.string
    }
}
