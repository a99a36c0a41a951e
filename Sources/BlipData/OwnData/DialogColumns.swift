import BlipJSON

/// Under which names a row holds its conversation.
struct DialogColumns: Sendable {
    var messages: String
    var role: String
    var content: String
    /// What the roles are called.
    var user: String
    var assistant: String
    var systemRole: String
    /// Where a row holds what the system says besides the messages; nil for nowhere.
    var system: String?
    var pictures = ["images", "image"]
    var clips = ["videos", "video"]
    /// Whether every picture needs an `<image>`.
    var needsTags = false

    static let llava = DialogColumns(
        messages: "conversations", role: "from", content: "value", user: "human", assistant: "gpt", systemRole: "system", needsTags: true)
    static let messages = DialogColumns(
        messages: "messages", role: "role", content: "content", user: "user", assistant: "assistant", systemRole: "system",
        system: "system")

    var names: [String] { [messages] + (system.map { [$0] } ?? []) + pictures + clips }

    /// - Parameter given: the row's pictures where they stand elsewhere, such as in a tar shard.
    func dialog(_ row: RecordFields, _ places: PicturePlaces, given: [SampleImage]?) throws -> Dialog {
        var messages: [Dialog.Message] = []
        if let system, let text = try row.optionalText(system), !text.isEmpty {
            messages.append(Dialog.Message(role: .system, pieces: [.text(text)]))
        }
        for message in try row.objects(self.messages) {
            let name = try message.text(role)
            let role: Dialog.Role
            switch name {
            case user: role = .user
            case assistant: role = .assistant
            case systemRole: role = .system
            default:
                throw message.bad(
                    "its \"\(self.role)\" is \"\(name)\"; expected \"\(user)\" or \"\(assistant)\", or \"\(systemRole)\" at the beginning")
            }
            messages.append(
                Dialog.Message(role: role, pieces: try pieces(message, places), isTarget: try Self.isTarget(message)))
        }
        return try Dialog(
            messages, pictures: given ?? RowPictures.pictures(row, pictures, places), clips: RowPictures.clips(row, clips, places),
            needsTags: needsTags && given == nil, row)
    }

    /// Trainers of chat models mark answers that are not to be learned with `"loss": false` (ms-swift) or `"weight": 0` (OpenAI).
    private static func isTarget(_ message: RecordFields) throws(DataError) -> Bool {
        for name in ["loss", "weight"] where message.has(name) {
            switch message.value[JSONString(stringLiteral: name)] {
            case .bool(let flag): return flag
            case .integer(let number) where number == 0 || number == 1: return number == 1
            case .number(let number) where number == 0 || number == 1: return number == 1
            default: throw message.bad("its \"\(name)\" is neither true nor false; answers are learned whole or not at all")
            }
        }
        return true
    }

    /// A text with tags, or parts as the chat APIs have them.
    private func pieces(_ message: RecordFields, _ places: PicturePlaces) throws -> [Dialog.Piece] {
        guard message.value[JSONString(stringLiteral: content)]?.array != nil else { return Dialog.pieces(try message.text(content)) }
        return try message.objects(content).flatMap { part in
            switch try part.text("type") {
            case "text": return Dialog.pieces(try part.text("text"))
            case "image_url":
                let url = part.value["image_url"]?.string != nil ? try part.text("image_url") : try part.object("image_url").text("url")
                return [.picture(try places.picture(url, part))]
            case "image":
                if part.has("source") {
                    let source = try part.object("source")
                    guard try source.text("type") == "base64" else {
                        throw source.bad("its \"type\" is not \"base64\", and nothing is fetched here; write the picture's bytes as base64")
                    }
                    return [.picture(SampleImage(.bytes(try DataURL.base64(source.text("data"), source))))]
                }
                for name in ["image", "path", "url"] where part.has(name) { return [.picture(try places.picture(part.text(name), part))] }
                return [.nextPicture]
            case "video":
                for name in ["video", "path"] where part.has(name) { return [.picture(try places.clip(part.text(name), part))] }
                return [.nextClip]
            case let other: throw part.bad("its \"type\" is \"\(other)\"; expected \"text\", \"image_url\", \"image\" or \"video\"")
            }
        }
    }
}

/// Under which names a row holds one instruction and its response.
struct PromptColumns: Sendable {
    var prompt: String
    /// What the instruction is about, written below it; nil for nothing.
    var query: String?
    var response: String
    var history: String? = "history"
    var system: String? = "system"
    var pictures = ["images", "image"]
    var clips = ["videos", "video"]

    static let alpaca = PromptColumns(prompt: "instruction", query: "input", response: "output")
    static let query = PromptColumns(prompt: "query", query: nil, response: "response")

    var names: [String] { [prompt, response] + [query, history, system].compactMap { $0 } + pictures + clips }

    func dialog(_ row: RecordFields, _ places: PicturePlaces, given: [SampleImage]?) throws -> Dialog {
        var messages: [Dialog.Message] = []
        if let system, let text = try row.optionalText(system), !text.isEmpty {
            messages.append(Dialog.Message(role: .system, pieces: [.text(text)]))
        }
        // Earlier turns are context here; whoever wants to learn them too writes messages.
        for (question, answer) in try history.map({ try Self.exchanges(row, $0) }) ?? [] {
            messages.append(Dialog.Message(role: .user, pieces: Dialog.pieces(question)))
            messages.append(Dialog.Message(role: .assistant, pieces: Dialog.pieces(answer), isTarget: false))
        }
        var question = try row.text(prompt)
        if let query, let input = try row.optionalText(query), !input.isEmpty {
            question = question.isEmpty ? input : question + "\n" + input
        }
        messages.append(Dialog.Message(role: .user, pieces: Dialog.pieces(question)))
        if let answer = try row.optionalText(response) {
            messages.append(Dialog.Message(role: .assistant, pieces: Dialog.pieces(answer)))
        }
        return try Dialog(
            messages, pictures: given ?? RowPictures.pictures(row, pictures, places), clips: RowPictures.clips(row, clips, places),
            needsTags: false, row)
    }

    /// Pairs of question and answer: `[["Hello", "Hi"], …]`.
    static func exchanges(_ row: RecordFields, _ name: String) throws(DataError) -> [(String, String)] {
        guard row.has(name) else { return [] }
        let expected = "its \"\(name)\" is not a list of pairs; write [[question, answer], …], oldest first"
        guard let pairs = row.value[JSONString(stringLiteral: name)]?.array else { throw row.bad(expected) }
        return try pairs.map { pair throws(DataError) in
            guard let texts = pair.array, texts.count == 2, let question = texts[0].string, let answer = texts[1].string else {
                throw row.bad(expected)
            }
            return (question, answer)
        }
    }
}

/// The pictures that a row lists: one text, a list, or objects with a path or bytes.
enum RowPictures {
    static func pictures(_ row: RecordFields, _ names: [String], _ places: PicturePlaces) throws -> [SampleImage] {
        try values(row, names).map { value in
            if let text = value.string { return try places.picture(text, row) }
            let object = RecordFields(value, place: row.place)
            if value.object != nil, object.has("bytes") { return SampleImage(.bytes(try DataURL.base64(object.text("bytes"), row))) }
            if value.object != nil, object.has("path") { return try places.picture(object.text("path"), row) }
            throw row.bad("one of its pictures is neither a path nor a data URL")
        }
    }

    static func clips(_ row: RecordFields, _ names: [String], _ places: PicturePlaces) throws -> [SampleImage] {
        try values(row, names).map { value in
            guard let text = value.string else { throw row.bad("one of its videos is not a path") }
            return try places.clip(text, row)
        }
    }

    private static func values(_ row: RecordFields, _ names: [String]) throws(DataError) -> [JSONValue] {
        let present = names.filter(row.has)
        if present.count > 1 { throw row.bad("it has \(present.map { "\"\($0)\"" }.joined(separator: " and ")); keep one of them") }
        guard let name = present.first, let value = row.value[JSONString(stringLiteral: name)] else { return [] }
        return value.array ?? [value]
    }
}
