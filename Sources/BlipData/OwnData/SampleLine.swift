import BlipJSON

/// A sample as one line of JSON: what ``text(_:relativeTo:)`` writes, ``OwnData`` reads back equal, but for ``Sample/descriptions``, which are for lessons alone.
///
/// ```json
/// {"id": "7", "images": ["a.jpg"], "task": "question", "question": "What is it?", "answers": ["cat", {"text": "kitten", "weight": 3}]}
/// ```
/// Every line has `id`, `images` and `task`; what is empty is left out.
///
/// | task | members |
/// |---|---|
/// | `caption` | `captions` (texts), `ocr_tokens` (texts) |
/// | `question`, `question-generation` | `question`, `answers` (texts, or `{"text", "weight"}`), `options`, `candidates`, `correct` (a place among the candidates, or the options where there are none, from 0), `relevance` (a number for each of these), `ocr_tokens`, `context`, `history` (`[[question, answer], …]`), `caption` |
/// | `instruction` | `instruction`, `response`, `history` |
///
/// All may have `facts`, an object of texts. An image is a path, or an object with `file`, with `clip` (a video or a folder of frames), with
/// `file`, `offset`, `count` and `encoding` (`raw` or `base64`: a stretch of a larger file), with `bytes` (the picture in base64) or, in a
/// tar shard, with `member` (the extension of its file); and `identity` where pictures of several datasets are shared.
public enum SampleLine {
    enum Task: String, CaseIterable {
        case caption, question, instruction
        case questionGeneration = "question-generation"
    }

    static let names = [
        "id", "images", "task", "captions", "question", "answers", "options", "candidates", "correct", "relevance", "ocr_tokens", "context",
        "history", "caption", "instruction", "response", "facts",
    ]

    /// A sample as a line, with the line's end.
    ///
    /// - Parameter folder: absolute; files below it are written relative to it, so that both can be moved together.
    /// - Throws: ``DataError/badRecord(place:reason:)`` for a number that JSON cannot hold.
    public static func text(_ sample: Sample, relativeTo folder: String? = nil) throws(DataError) -> String {
        try line(sample, images: sample.images.map { image($0, folder) }) + "\n"
    }

    static func line(_ sample: Sample, images: [JSONValue]) throws(DataError) -> String {
        var line = JSONLine()
        line.add("id", .text(sample.id))
        line.add("images", .array(images))
        switch sample.task {
        case .caption(let captions):
            line.add("task", .text(Task.caption.rawValue))
            line.add("captions", .array(captions.references.map(JSONValue.text)))
            line.add("ocr_tokens", texts: captions.ocrTokens)
        case .question(let question):
            line.add("task", .text(Task.question.rawValue))
            add(question, to: &line)
        case .questionGeneration(let question):
            line.add("task", .text(Task.questionGeneration.rawValue))
            add(question, to: &line)
        case .instruction(let written):
            line.add("task", .text(Task.instruction.rawValue))
            line.add("instruction", .text(written.instruction))
            if let response = written.response { line.add("response", .text(response)) }
            line.add("history", exchanges: written.history)
        }
        if !sample.facts.isEmpty {
            // In the order of their bytes: the same facts give the same line.
            let facts = sample.facts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            line.add("facts", .object(JSONObject(facts.map { (JSONString(stringLiteral: $0.key), JSONValue.text($0.value)) })))
        }
        guard let text = line.text else {
            throw .badRecord(place: "sample \(sample.id)", reason: "it has a number that is not finite, which JSON cannot hold")
        }
        return text
    }

    private static func add(_ question: VisualQuestion, to line: inout JSONLine) {
        line.add("question", .text(question.text))
        let answers = question.answers.map { answer in
            answer.weight == 1
                ? JSONValue.text(answer.text)
                : .object(JSONObject([("text", .text(answer.text)), ("weight", .number(answer.weight))]))
        }
        if !answers.isEmpty { line.add("answers", .array(answers)) }
        line.add("options", texts: question.options)
        line.add("candidates", texts: question.candidates)
        if let correct = question.correct { line.add("correct", .integer(correct)) }
        if !question.relevance.isEmpty { line.add("relevance", .array(question.relevance.map(JSONValue.number))) }
        line.add("ocr_tokens", texts: question.ocrTokens)
        if let context = question.context { line.add("context", .text(context)) }
        line.add("history", exchanges: question.history)
        if let caption = question.caption { line.add("caption", .text(caption)) }
    }

    private static func image(_ image: SampleImage, _ folder: String?) -> JSONValue {
        func relative(_ path: String) -> JSONValue {
            guard let folder, folder != "/", path.utf8.starts(with: (folder + "/").utf8) else { return .text(path) }
            return .text(String(decoding: path.utf8.dropFirst(folder.utf8.count + 1), as: UTF8.self))
        }
        var members: [(key: JSONString, value: JSONValue)]
        switch image.source {
        case .file(let path):
            guard image.identity != nil else { return relative(path) }
            members = [("file", relative(path))]
        case .clip(let path): members = [("clip", relative(path))]
        case .part(let part):
            members = [
                ("file", relative(part.path)), ("offset", .integer(part.offset)), ("count", .integer(part.count)),
                ("encoding", .text(part.encoding.rawValue)),
            ]
        case .bytes(let bytes): members = [("bytes", .text(Base64.text(bytes)))]
        }
        if let identity = image.identity { members.append(("identity", .text(identity))) }
        return .object(JSONObject(members))
    }
}

/// One JSON object on one line.
struct JSONLine {
    private var members: [(key: JSONString, value: JSONValue)] = []

    mutating func add(_ name: JSONString, _ value: JSONValue) { members.append((name, value)) }

    mutating func add(_ name: JSONString, texts: [String]) {
        if !texts.isEmpty { add(name, .array(texts.map(JSONValue.text))) }
    }

    mutating func add(_ name: JSONString, exchanges: [Exchange]) {
        if !exchanges.isEmpty { add(name, .array(exchanges.map { .array([.text($0.question), .text($0.answer)]) })) }
    }

    /// Nil if a number is not finite.
    var text: String? {
        var bytes: [UInt8] = []
        return Self.write(.object(JSONObject(members)), to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// False for a number that JSON does not know.
    private static func write(_ value: JSONValue, to bytes: inout [UInt8]) -> Bool {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let number): bytes += "\(number)".utf8
        case .number(let number):
            guard number.isFinite else { return false }
            bytes += "\(number)".utf8
        case .string(let text): write(text, to: &bytes)
        case .array(let list):
            bytes.append(UInt8(ascii: "["))
            for (place, element) in list.enumerated() {
                if place > 0 { bytes += ", ".utf8 }
                guard write(element, to: &bytes) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            for (place, member) in object.members.enumerated() {
                if place > 0 { bytes += ", ".utf8 }
                write(member.key, to: &bytes)
                bytes += ": ".utf8
                guard write(member.value, to: &bytes) else { return false }
            }
            bytes.append(UInt8(ascii: "}"))
        }
        return true
    }

    private static func write(_ text: JSONString, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\""))
        for byte in text.bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0x0A: result += "\\n".utf8
            case 0x09: result += "\\t".utf8
            case ..<0x20: result += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    static func text(_ text: String) -> JSONValue { .string(JSONString(stringLiteral: text)) }
}
