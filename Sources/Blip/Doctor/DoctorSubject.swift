import BlipImages
import BlipJSON
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// A checkpoint folder as the checks see it: everything is read once, and what cannot be read does not keep the rest from being looked at.
struct DoctorSubject: Sendable {
    /// Something that another check tells of: without it this one cannot be made.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    private let readConfig: Result<InstructBLIPConfig, any Error>
    private let readLanguageTokenizer: Result<Tokenizer, any Error>
    /// Nil where the architecture has none.
    private let readQFormerTokenizer: Result<Tokenizer, any Error>?
    private let readImages: Result<ImageProcessor, any Error>
    private let files: [String: Result<JSONObject?, any Error>]
    let inventory: TensorInventory

    /// Files of settings that checks look into.
    static let settings = [
        "config.json", "generation_config.json", "processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json",
        "tokenizer_config.json", "qformer_tokenizer/tokenizer_config.json",
    ]

    /// - Throws: ``BlipError`` where there is no such folder, or no `config.json` in it.
    init(folder: URL) throws {
        self.folder = folder
        let file = try Checkpoint.configFile(in: folder)
        let config = Result { try InstructBLIPConfig(file: file) }
        readConfig = config
        let known: InstructBLIPConfig? = if case .success(let config) = config { config } else { nil }
        readLanguageTokenizer = Result { try Tokenizer(folder: folder) }
        readQFormerTokenizer =
            known?.architecture.isInstructed == false
            ? nil : Result { try Tokenizer(folder: folder.appendingPathComponent("qformer_tokenizer")) }
        readImages = Result {
            try ImageProcessor(checkpoint: folder, forVideo: known?.architecture == .instructBLIPVideo, backend: .torchvision)
        }
        files = Dictionary(
            Self.settings.map { name in (name, Result { try JSONFile.object(folder.appendingPathComponent(name)) }) },
            uniquingKeysWith: { first, _ in first })
        inventory = TensorInventory(folder: folder, known)
    }

    /// - Throws: ``Missing``, as ``configProblem`` is told elsewhere.
    var config: InstructBLIPConfig {
        get throws {
            guard case .success(let config) = readConfig else { throw Missing(description: "config.json cannot be read") }
            return config
        }
    }

    var configProblem: (any Error)? { Self.problem(readConfig) }
    var languageTokenizerProblem: (any Error)? { Self.problem(readLanguageTokenizer) }
    var qformerTokenizerProblem: (any Error)? { readQFormerTokenizer.flatMap(Self.problem) }
    var imagesProblem: (any Error)? { Self.problem(readImages) }

    private static func problem<Value>(_ result: Result<Value, any Error>) -> (any Error)? {
        if case .failure(let error) = result { error } else { nil }
    }

    var hasLanguageModel: Bool { get throws { try config.architecture != .blip2Retrieval } }

    /// The language model's tokenizer; of a checkpoint for retrieval the Q-Former's.
    var tokenizer: Tokenizer {
        get throws {
            guard case .success(let tokenizer) = readLanguageTokenizer else {
                throw Missing(description: "there is no tokenizer to look at")
            }
            return tokenizer
        }
    }

    /// What the Q-Former reads with; nil where it reads nothing.
    var qformerTokenizer: Tokenizer? {
        get throws {
            if try config.architecture == .blip2Retrieval { return try tokenizer }
            guard try config.architecture.isInstructed, let readQFormerTokenizer else { return nil }
            guard case .success(let tokenizer) = readQFormerTokenizer else {
                throw Missing(description: "there is no tokenizer of the Q-Former to look at")
            }
            return tokenizer
        }
    }

    var images: ImageProcessor {
        get throws {
            guard case .success(let images) = readImages else { throw Missing(description: "the image processor cannot be read") }
            return images
        }
    }

    /// The object in one of ``settings``; nil where there is no such file.
    func object(_ name: String) throws -> JSONObject? {
        guard let read = files[name] else { return nil }
        do { return try read.get() } catch { throw Missing(description: "\(name) cannot be read: \(error)") }
    }

    /// The object that the image processor is read from, and its file.
    func imageSettings() throws -> (file: String, object: JSONObject)? {
        let isVideo = try config.architecture == .instructBLIPVideo
        if let nested = try object("processor_config.json") {
            for key in isVideo ? ["video_processor", "image_processor"] : ["image_processor"] {
                if let own = nested[JSONString(bytes: Array(key.utf8))]?.object { return ("processor_config.json", own) }
            }
        }
        for name in isVideo ? ["video_preprocessor_config.json", "preprocessor_config.json"] : ["preprocessor_config.json"] {
            if let own = try object(name) { return (name, own) }
        }
        return nil
    }

    /// Whether a file is in the folder.
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) }
}

extension JSONObject {
    /// A whole number, or the only one of a list.
    func ids(_ key: JSONString) -> [Int]? {
        guard let value = self[key] else { return nil }
        if let one = value.integer { return [one] }
        return value.array?.compactMap(\.integer)
    }
}
