import BlipJSON

/// The body of `/v1/rank`.
struct RankRequest: Sendable {
    let model: String?
    let picture: PictureReference
    let prompt: String
    let candidates: [String]

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        model = try fields.name("model", limit: limits.modelNameLength)
        picture = try PictureReference(fields, "image", limits)
        prompt = try fields.required("prompt", fields.text("prompt", limit: limits.textBytes))
        let list = try fields.required("candidates", fields.list("candidates", limit: limits.candidates))
        guard !list.isEmpty else { throw Refusal.badField("candidates", "candidates is empty; give at least one") }
        candidates = try list.enumerated().map { index, candidate in
            guard case .string(let text) = candidate, (1...limits.candidateLength).contains(text.length) else {
                throw Refusal.badField(
                    "candidates[\(index)]",
                    "candidates[\(index)] must be a string of 1 to \(limits.candidateLength) characters, found \(Fields.kind(candidate))")
            }
            return text.description
        }
    }
}

/// The body of `/v1/caption`.
struct CaptionRequest: Sendable {
    let model: String?
    let picture: PictureReference
    /// Nil is the model's usual one.
    let prompt: String?
    let decoding: DecodingFields

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        model = try fields.name("model", limit: limits.modelNameLength)
        picture = try PictureReference(fields, "image", limits)
        prompt = try fields.text("prompt", limit: limits.textBytes)
        decoding = try DecodingFields(fields, limits)
        if let answers = decoding.answers, answers > 1 {
            throw Refusal.badField("n", "n must be 1: a picture gets one caption here; /v1/chat/completions gives several answers")
        }
    }
}

/// The body of `/v1/heatmap`.
struct HeatmapRequest: Sendable {
    enum Format: String, Sendable, CaseIterable { case png, json }

    let model: String?
    let picture: PictureReference
    let prompt: String
    /// Whose grounds are asked for; nil: where the Q-Former looks for the prompt.
    let answer: String?
    let format: Format
    /// Over the picture, instead of a map that lets it through.
    let overlays: Bool

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        model = try fields.name("model", limit: limits.modelNameLength)
        picture = try PictureReference(fields, "image", limits)
        prompt = try fields.required("prompt", fields.text("prompt", limit: limits.textBytes))
        let answer = try fields.text("answer", limit: limits.textBytes)
        // An answer without words rests on nothing.
        self.answer = answer?.allSatisfy(\.isWhitespace) == false ? answer : nil
        let name = try fields.text("format", limit: 16) ?? Format.png.rawValue
        guard let format = Format(rawValue: name) else { throw fields.refusal("format", expected: "png or json") }
        self.format = format
        overlays = try fields.flag("overlay") ?? false
    }
}

/// The body of `/v1/embeddings`.
struct EmbeddingsRequest: Sendable {
    struct Input: Sendable {
        let pictures: [PictureReference]
        /// Nil: of the picture alone.
        let instruction: String?
    }

    enum Encoding: String, Sendable { case float, base64 }

    let model: String?
    let inputs: [Input]
    let encoding: Encoding

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        model = try fields.name("model", limit: limits.modelNameLength)
        let input = try fields.required("input", fields["input"])
        switch input {
        case .string(let address): inputs = [try Self.input(address, "input", limits)]
        case .array:
            let list = try fields.list("input", limit: limits.embeddings) ?? []
            guard !list.isEmpty else { throw Refusal.badField("input", "input is empty; give at least one picture") }
            inputs = try list.enumerated().map { index, value in
                let name = "input[\(index)]"
                if case .string(let address) = value { return try Self.input(address, name, limits) }
                let content = try MessageContent(Fields(value, at: name), "content", limits)
                guard (1...limits.pictures).contains(content.pictures.count) else {
                    throw Refusal.badField("\(name).content", "\(name).content must show 1 to \(limits.pictures) pictures")
                }
                return Input(pictures: content.pictures, instruction: content.text.isEmpty ? nil : content.text)
            }
        default: throw fields.refusal("input", expected: "a picture's address, or a list of pictures")
        }
        let name = try fields.text("encoding_format", limit: 16) ?? Encoding.float.rawValue
        guard let encoding = Encoding(rawValue: name) else { throw fields.refusal("encoding_format", expected: "float or base64") }
        self.encoding = encoding
        if fields["dimensions"] != nil { throw fields.refusal("dimensions", expected: "left out: the models here give one length alone") }
    }

    private static func input(_ address: JSONString, _ param: String, _ limits: ServerLimits) throws -> Input {
        let picture = try PictureReference(address, param: param, limits)
        guard ["data:", "https:", "http:", "file:"].contains(where: picture.hasPrefix) else {
            throw Refusal.badField(
                param, "\(param) must be the address of a picture: the models here give embeddings of pictures, not of words alone")
        }
        return Input(pictures: [picture], instruction: nil)
    }
}

/// The body of `/v1/scene`.
struct SceneRequest: Sendable {
    static let sizes = 32...512

    let seed: UInt64
    let size: Int
    let isClip: Bool

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        seed = UInt64(try fields.required("seed", fields.integer("seed", in: 0...Int.max)))
        size = try fields.integer("size", in: Self.sizes) ?? 224
        isClip = try fields.flag("clip") ?? false
    }
}
