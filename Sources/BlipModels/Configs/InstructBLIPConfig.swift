import Foundation

/// A checkpoint's `config.json`. Only what differs from the published defaults has to be in the file; unknown keys are ignored.
public struct InstructBLIPConfig: Codable, Sendable, Equatable {
    public var vision: VisionConfig
    public var qformer: QFormerConfig
    public var language: LanguageConfig
    public var queryCount: Int
    /// The placeholder id for image features; nil in uploads before December 2024.
    public var imageTokenID: Int?
    /// The type the weights should be computed in, as the file says (`dtype`, or `torch_dtype` in older files).
    public var dtypeName: String?

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case architectures
        case vision = "vision_config"
        case qformer = "qformer_config"
        case language = "text_config"
        case queryCount = "num_query_tokens"
        case imageTokenID = "image_token_index"
        case imageTokenIDAlias = "image_token_id"
        case dtypeName = "dtype"
        case oldDtypeName = "torch_dtype"
    }

    public static let modelType = "instructblip"

    public init(
        vision: VisionConfig, qformer: QFormerConfig, language: LanguageConfig, queryCount: Int, imageTokenID: Int?, dtypeName: String?
    ) {
        self.vision = vision
        self.qformer = qformer
        self.language = language
        self.queryCount = queryCount
        self.imageTokenID = imageTokenID
        self.dtypeName = dtypeName
    }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let modelType = try keys.decodeIfPresent(String.self, forKey: .modelType)
        guard modelType == Self.modelType else {
            throw ConfigError.unsupported(key: "model_type", found: modelType ?? "missing", supported: [Self.modelType])
        }
        vision = try keys.value(.vision, default: VisionConfig())
        qformer = try keys.value(.qformer, default: QFormerConfig())
        language = try keys.decode(LanguageConfig.self, forKey: .language)
        queryCount = try keys.value(.queryCount, default: 32)
        imageTokenID =
            try keys.decodeIfPresent(Int.self, forKey: .imageTokenID) ?? keys.decodeIfPresent(Int.self, forKey: .imageTokenIDAlias)
        dtypeName = try keys.decodeIfPresent(String.self, forKey: .dtypeName) ?? keys.decodeIfPresent(String.self, forKey: .oldDtypeName)
        try validate()
    }

    public func encode(to encoder: any Encoder) throws {
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(Self.modelType, forKey: .modelType)
        try keys.encode(["InstructBlipForConditionalGeneration"], forKey: .architectures)
        try keys.encode(vision, forKey: .vision)
        try keys.encode(qformer, forKey: .qformer)
        try keys.encode(language, forKey: .language)
        try keys.encode(queryCount, forKey: .queryCount)
        try keys.encodeIfPresent(imageTokenID, forKey: .imageTokenID)
        try keys.encodeIfPresent(dtypeName, forKey: .dtypeName)
    }

    /// Reads and checks `config.json`.
    /// - Throws: ``ConfigError`` that names the file and the key.
    public init(file: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: file) } catch {
            let isThere = FileManager.default.fileExists(atPath: file.path)
            throw ConfigError.unreadable(file: file.path, reason: isThere ? error.localizedDescription : "there is no such file")
        }
        do { self = try JSONDecoder().decode(Self.self, from: data) } catch let error as DecodingError {
            throw ConfigError(error, file: file.path)
        }
    }

    func validate() throws {
        try positive([("num_query_tokens", queryCount)])
        if let imageTokenID, !(0..<1 << 24).contains(imageTokenID) {
            throw ConfigError.unsupported(key: "image_token_index", found: "\(imageTokenID)", supported: ["0..<\(1 << 24)"])
        }
        try vision.validate()
        try qformer.validate()
        try language.validate()
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
            let isWhole = context.codingPath.isEmpty
            self = .broken(file: file, key: path(context), reason: isWhole ? "it is not JSON" : context.debugDescription)
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
