import Blip
import BlipJSON

/// The body of `/v1/chat/completions`.
struct ChatRequest: Sendable {
    let model: String?
    let pictures: [PictureReference]
    /// All turns, as one instruction.
    let instruction: String
    let decoding: DecodingFields
    let streams: Bool
    let includesUsage: Bool
    /// Whether each token's probability is told.
    let logProbabilities: Bool
    /// And of how many others in its place.
    let alternatives: Int

    init(_ body: JSONValue, _ limits: ServerLimits) throws {
        let fields = try Fields(body)
        model = try fields.name("model", limit: limits.modelNameLength)
        let messages = try fields.required("messages", fields.list("messages", limit: limits.messages))
        (instruction, pictures) = try Self.read(messages, limits)
        decoding = try DecodingFields(fields, limits)
        streams = try fields.flag("stream") ?? false
        includesUsage = try fields.fields("stream_options")?.flag("include_usage") ?? false
        logProbabilities = try fields.flag("logprobs") ?? false
        alternatives = try fields.integer("top_logprobs", in: 0...limits.topLogProbabilities) ?? 0
        if alternatives > 0, !logProbabilities {
            throw Refusal.badField("top_logprobs", "top_logprobs needs logprobs to be true")
        }
        if alternatives > 0, (decoding.beams ?? 1) > 1 {
            throw Refusal.badField("top_logprobs", "top_logprobs does not go with num_beams; leave one out")
        }
    }

    /// Turns stand one after another, as in ``Conversation``; what a system message says stands before the question behind it.
    private static func read(_ messages: [JSONValue], _ limits: ServerLimits) throws -> (String, [PictureReference]) {
        var conversation = Conversation()
        var question: [String] = []
        var pictures: [PictureReference] = []
        var last = ""
        for (index, message) in messages.enumerated() {
            let fields = try Fields(message, at: "messages[\(index)]")
            let role = try fields.required("role", fields.text("role", limit: 64))
            last = role
            switch role {
            case "system", "developer", "user":
                let content = try MessageContent(fields, "content", limits)
                if role != "user", let picture = content.pictures.first {
                    throw Refusal.badField(picture.param, "pictures belong into the user's messages")
                }
                pictures += content.pictures
                if !content.text.isEmpty { question.append(content.text) }
            case "assistant":
                let answer = fields["content"] == nil ? "" : try MessageContent(fields, "content", limits).text
                conversation.add(question.joined(separator: " "), answer)
                question = []
            default: throw fields.refusal("role", expected: "system, user or assistant")
            }
        }
        guard last == "user" else { throw Refusal.badField("messages", "messages must end with one of the user") }
        guard pictures.count <= limits.pictures else {
            throw Refusal.badField("messages", "the messages have \(pictures.count) pictures; \(limits.pictures) at most are taken")
        }
        let turns = conversation.turns.flatMap { [$0.question, $0.answer] } + [question.joined(separator: " ")]
        let instruction = turns.filter { !$0.isEmpty }.joined(separator: " ")
        guard instruction.utf8.count <= limits.textBytes else {
            throw Refusal.badField(
                "messages", "the messages have \(instruction.utf8.count) bytes of text; \(limits.textBytes) at most are taken")
        }
        return (instruction, pictures)
    }
}

/// What a message says and shows: a string, or parts.
struct MessageContent: Sendable {
    var text = ""
    var pictures: [PictureReference] = []

    init(_ fields: Fields, _ field: String, _ limits: ServerLimits) throws {
        let value = try fields.required(field, fields[field])
        switch value {
        case .string: text = try fields.text(field, limit: limits.textBytes) ?? ""
        case .array:
            var texts: [String] = []
            for (index, part) in try (fields.list(field, limit: limits.messages) ?? []).enumerated() {
                let part = try Fields(part, at: "\(fields.name(field))[\(index)]")
                let type = try part.required("type", part.text("type", limit: 64))
                switch type {
                case "text": texts.append(try part.required("text", part.text("text", limit: limits.textBytes)))
                case "image_url": pictures.append(try PictureReference(part, "image_url", limits))
                default: throw part.refusal("type", expected: "text or image_url")
                }
            }
            text = texts.filter { !$0.isEmpty }.joined(separator: " ")
        default: throw fields.refusal(field, expected: "a string or a list of parts")
        }
    }
}
