import BlipJSON
import Foundation

/// What a checkpoint is made of.
public enum Architecture: String, Codable, Sendable, CaseIterable {
    /// The Q-Former and the language model read the instruction.
    case instructBLIP = "InstructBlipForConditionalGeneration"
    /// The same, for clips: each frame is read with the instruction. The network is InstructBLIP's.
    case instructBLIPVideo = "InstructBlipVideoForConditionalGeneration"
    /// Only the language model reads it, if there is one.
    case blip2 = "Blip2ForConditionalGeneration"
    /// No language model: the Q-Former compares a text with a picture.
    case blip2Retrieval = "Blip2ForImageTextRetrieval"

    /// `model_type` in config.json.
    public var modelType: String {
        switch self {
        case .instructBLIP: "instructblip"
        case .instructBLIPVideo: "instructblipvideo"
        case .blip2, .blip2Retrieval: "blip-2"
        }
    }

    /// Whether the Q-Former is told the instruction.
    public var isInstructed: Bool { self == .instructBLIP || self == .instructBLIPVideo }

    public var name: String {
        switch self {
        case .instructBLIP: "InstructBLIP"
        case .instructBLIPVideo: "InstructBLIP for video"
        case .blip2: "BLIP-2"
        case .blip2Retrieval: "BLIP-2 for image-text retrieval"
        }
    }
}

/// A checkpoint's `config.json`. Only what differs from the published defaults has to be in the file; unknown keys are ignored.
public struct InstructBLIPConfig: Codable, Sendable, Equatable {
    public var architecture = Architecture.instructBLIP
    public var vision: VisionConfig
    public var qformer: QFormerConfig
    public var language: LanguageConfig
    public var queryCount: Int
    /// The placeholder id for the features of pictures, or of frames in a video checkpoint; nil in uploads before December 2024.
    public var imageTokenID: Int?
    /// The type the weights should be computed in, as the file says (`dtype`, or `torch_dtype` in older files).
    public var dtypeName: String?
    /// The width in which retrieval compares pictures and texts.
    public var imageTextSize = 256
    /// False in an InstructBLIP that was tuned without telling its Q-Former the instruction, so that its text branch never learned. Our own key:
    /// transformers opens such a folder, but tells its Q-Former.
    public var isToldInstruction = true

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case architectures
        case vision = "vision_config"
        case qformer = "qformer_config"
        case language = "text_config"
        case queryCount = "num_query_tokens"
        case imageTokenID = "image_token_index"
        case imageTokenIDAlias = "image_token_id"
        case videoTokenID = "video_token_index"
        case videoTokenIDAlias = "video_token_id"
        case dtypeName = "dtype"
        case oldDtypeName = "torch_dtype"
        case imageTextSize = "image_text_hidden_size"
        case isToldInstruction = "qformer_text_input"
    }

    public init(
        _ architecture: Architecture = .instructBLIP, vision: VisionConfig, qformer: QFormerConfig, language: LanguageConfig,
        queryCount: Int,
        imageTokenID: Int?, dtypeName: String?
    ) {
        self.architecture = architecture
        self.vision = vision
        self.qformer = qformer
        self.language = language
        self.queryCount = queryCount
        self.imageTokenID = imageTokenID
        self.dtypeName = dtypeName
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        architecture = try Self.architecture(in: keys)
        vision = try keys.value(.vision, default: VisionConfig())
        qformer = try keys.value(.qformer, default: QFormerConfig())
        if architecture.isInstructed { qformer.readsText = true }
        // Retrieval has no language model, whatever its file says of one.
        language =
            architecture == .blip2Retrieval ? .opt(OPTConfig()) : try keys.decode(LanguageConfig.self, forKey: .language)
        imageTextSize = try keys.value(.imageTextSize, default: 256)
        isToldInstruction = try keys.value(.isToldInstruction, default: true)
        queryCount = try keys.value(.queryCount, default: 32)
        let isVideo = architecture == .instructBLIPVideo
        imageTokenID =
            try keys.decodeIfPresent(Int.self, forKey: isVideo ? .videoTokenID : .imageTokenID)
            ?? keys.decodeIfPresent(Int.self, forKey: isVideo ? .videoTokenIDAlias : .imageTokenIDAlias)
        dtypeName = try keys.decodeIfPresent(String.self, forKey: .dtypeName) ?? keys.decodeIfPresent(String.self, forKey: .oldDtypeName)
        try validate()
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(architecture.modelType, forKey: .modelType)
        try keys.encode([architecture], forKey: .architectures)
        try keys.encode(vision, forKey: .vision)
        try keys.encode(qformer, forKey: .qformer)
        try keys.encode(language, forKey: .language)
        try keys.encode(queryCount, forKey: .queryCount)
        try keys.encodeIfPresent(imageTokenID, forKey: architecture == .instructBLIPVideo ? .videoTokenID : .imageTokenID)
        try keys.encodeIfPresent(dtypeName, forKey: .dtypeName)
        if !architecture.isInstructed { try keys.encode(imageTextSize, forKey: .imageTextSize) }
        if architecture.isInstructed, !isToldInstruction { try keys.encode(false, forKey: .isToldInstruction) }
    }

    /// Whether the Q-Former is told the instruction.
    public var tellsQFormer: Bool { architecture.isInstructed && isToldInstruction }

    /// Both kinds of BLIP-2 have one `model_type`; a file that does not name its class is the kind with a language model.
    private static func architecture(in keys: KeyedDecodingContainer<CodingKeys>) throws -> Architecture {
        let modelType = try keys.decodeIfPresent(String.self, forKey: .modelType)
        switch modelType {
        case Architecture.instructBLIP.modelType: return .instructBLIP
        case Architecture.instructBLIPVideo.modelType: return .instructBLIPVideo
        case Architecture.blip2.modelType:
            let named = try keys.value(.architectures, default: [String]())
            return named.contains(Architecture.blip2Retrieval.rawValue) ? .blip2Retrieval : .blip2
        default:
            let supported = [Architecture.instructBLIP, .instructBLIPVideo, .blip2].map(\.modelType)
            throw ConfigError.unsupported(key: "model_type", found: modelType ?? "missing", supported: supported)
        }
    }

    /// Reads and checks `config.json`.
    /// - Throws: ``ConfigError`` that names the file and the key.
    public init(file: URL) throws { self = try ConfigFile.decode(Self.self, file) }

    /// Checks what a config that was put together can have wrong; one that was read was checked.
    /// - Throws: ``ConfigError``.
    public func validate() throws {
        try positive([("num_query_tokens", queryCount), ("image_text_hidden_size", imageTextSize)])
        if architecture == .blip2Retrieval, !qformer.readsText {
            throw ConfigError.unsupported(key: "qformer_config.use_qformer_text_input", found: "false", supported: ["true (for retrieval)"])
        }
        if let imageTokenID, !(0..<1 << 24).contains(imageTokenID) {
            let key = architecture == .instructBLIPVideo ? "video_token_index" : "image_token_index"
            throw ConfigError.unsupported(key: key, found: "\(imageTokenID)", supported: ["0..<\(1 << 24)"])
        }
        try vision.validate()
        try qformer.validate()
        try language.validate()
    }
}

/// Config files of whole checkpoints and of parts, as a plain language model's.
public enum ConfigFile {
    /// - Throws: ``ConfigError`` that names the file and the key.
    public static func decode<Config: Decodable>(_ type: Config.Type, _ file: URL) throws -> Config {
        let data: Data
        do { data = try Data(contentsOf: file) } catch {
            let isThere = FileManager.default.fileExists(atPath: file.path)
            throw ConfigError.unreadable(file: file.path, reason: isThere ? error.localizedDescription : "there is no such file")
        }
        do { return try JSONDecoder().decode(type, from: data) } catch let error as DecodingError {
            // Foundation says the same of a broken text and of a number that does not fit, and no place.
            if case .dataCorrupted(let context) = error, context.codingPath.isEmpty {
                throw ConfigError.broken(file: file.path, key: "", reason: reason(data))
            }
            throw ConfigError(error, file: file.path)
        }
    }

    private static func reason(_ data: Data) -> String {
        do { _ = try JSONValue(parsing: Array(data)) } catch { return "it is not JSON: \(error)" }
        return "a number in it is not whole where it should be, or too large"
    }
}

extension ConfigError {
    /// The place and the reason out of the decoder's report.
    init(_ error: DecodingError, file: String) {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): self = .broken(file: file, key: path(context, key), reason: "the key is missing")
        case .typeMismatch(let type, let context):
            self = .broken(file: file, key: path(context), reason: "expected \(ConfigError.name(of: type)), found something else")
        case .valueNotFound(let type, let context):
            self = .broken(file: file, key: path(context), reason: "expected \(ConfigError.name(of: type)), found null")
        case .dataCorrupted(let context):
            self = .broken(file: file, key: path(context), reason: context.debugDescription)
        @unknown default: self = .broken(file: file, key: "", reason: "\(error)")
        }
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        default: "an object"
        }
    }
}
