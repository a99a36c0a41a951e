import BlipJSON

/// Makes samples of rows, whatever kind of row they are: told by the names they have.
struct RowReader: Sendable {
    enum Kind: Sendable, CaseIterable {
        case conversation, messages, query
        /// This package's own form.
        case line
        case alpaca
        /// LAVIS: what is told, what is answered.
        case textPair
        /// An instruction and its answer, by whatever name.
        case instruction
        case question
        case caption
    }

    var places: PicturePlaces
    /// The kinds that are accepted, which names tell apart in the order of ``Kind``.
    var kinds: [Kind] = Kind.allCases
    var conversation = DialogColumns.llava
    var messages = DialogColumns.messages
    var alpaca = PromptColumns.alpaca
    var pictures = ["image", "images", "image_path", "file_name"]
    /// Whether what the row says besides becomes facts of the sample.
    var keepsExtras = false

    private static let answers = ["answers", "answer", "response", "output", "text_output"]
    private static let questionNames =
        ["question", "options", "choices", "correct", "hint", "context", "ocr_tokens", "history"] + answers.prefix(2)
    /// Names under which public annotations hold what breakdowns need.
    private static let factNames = ["image_id", "question_type", "answer_type", "category", "split", "dataset", "source"]
    private static let idNames = ["id", "question_id", "instance_id"]

    func kind(_ row: RecordFields) throws(DataError) -> Kind {
        guard row.value.object != nil else { throw row.bad("it is not an object; expected one with \(expected)") }
        guard let kind = kinds.first(where: { matches($0, row) }) else { throw row.bad("it has nothing to read; expected \(expected)") }
        return kind
    }

    private func matches(_ kind: Kind, _ row: RecordFields) -> Bool {
        switch kind {
        // Other people's rows have tasks too.
        case .line: row.has("task") && row.isList("images")
        case .conversation: row.has(conversation.messages)
        case .messages: row.has(messages.messages)
        case .query: row.has("query")
        case .alpaca: row.has(alpaca.prompt) && (row.has(alpaca.response) || alpaca.query.map(row.has) == true)
        case .textPair: row.has("text_input")
        case .instruction: row.has("instruction")
        case .question: row.has("question")
        case .caption: ["captions", "caption", "text"].contains(where: row.has)
        }
    }

    private var expected: String {
        kinds.map { kind in
            switch kind {
            case .line: "\"task\" and \"images\""
            case .conversation: "\"\(conversation.messages)\""
            case .messages: "\"\(messages.messages)\""
            case .query: "\"query\" and \"response\""
            case .alpaca: "\"\(alpaca.prompt)\" and \"\(alpaca.response)\""
            case .textPair: "\"text_input\" and \"text_output\""
            case .instruction: "\"instruction\" and \"answer\""
            case .question: "\"question\" and \"answer\""
            case .caption: "\"caption\" or \"text\""
            }
        }.joined(separator: ", ")
    }

    /// Whether a row may give several samples or none; told without reading it, since most rows of most files are plain.
    func mayHaveTurns(_ bytes: [UInt8]) -> Bool {
        let names = (kinds.contains(.conversation) ? [conversation.messages] : []) + (kinds.contains(.messages) ? [messages.messages] : [])
        let needles = names.map { Array("\"\($0)\"".utf8) }
        return bytes.withUnsafeBytes { bytes in
            for place in bytes.indices {
                // A name may be written with escapes, which only reading shows.
                if bytes[place] == UInt8(ascii: "\\"), place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "u") { return true }
                if bytes[place] == UInt8(ascii: "\""), needles.contains(where: { bytes[place...].starts(with: $0) }) { return true }
            }
            return false
        }
    }

    /// How many samples a row gives: one, or as many as a conversation has answers.
    func count(_ row: RecordFields, given: [SampleImage]? = nil) throws -> Int {
        try dialog(row, kind(row), given: given)?.targets.count ?? 1
    }

    /// - Parameters:
    ///   - number: stands for the id of a row that has none.
    ///   - given: the row's pictures where they stand elsewhere, by the names of their files in a tar shard.
    func sample(_ row: RecordFields, part: Int, number: String, given: [TarPicture]? = nil) throws -> Sample {
        let kind = try kind(row)
        if kind == .line { return try SampleLine.sample(row, places, given: given) }
        var id = number
        for name in Self.idNames where row.has(name) {
            id = try row.identifier(name)
            break
        }
        if let dialog = try dialog(row, kind, given: given?.map(\.image)) { return dialog.sample(part, id: id) }
        let images = try given?.map(\.image) ?? RowPictures.pictures(row, pictures, places)
        return Sample(id: id, images: images, task: try task(row, kind), facts: facts(row, kind))
    }

    /// Names in a row that nothing is read from.
    func unknownKeys(_ row: RecordFields) throws -> [String] {
        guard !keepsExtras else { return [] }
        let known = names(try kind(row))
        return (row.value.object?.members ?? []).map(\.key.description).filter { !known.contains($0) }
    }

    private func names(_ kind: Kind) -> [String] {
        let own: [String] =
            switch kind {
            case .line: SampleLine.names
            case .conversation: conversation.names + Self.idNames
            case .messages: messages.names + Self.idNames
            case .query: PromptColumns.query.names + Self.idNames
            case .alpaca: alpaca.names + Self.idNames
            case .textPair: ["text_input", "text_output"] + pictures + Self.idNames + Self.factNames
            case .instruction: ["instruction"] + Self.answers + pictures + Self.idNames + Self.factNames
            case .question: Self.questionNames + pictures + Self.idNames + Self.factNames
            case .caption: ["captions", "caption", "text", "ocr_tokens"] + pictures + Self.idNames + Self.factNames
            }
        return own
    }

    private func dialog(_ row: RecordFields, _ kind: Kind, given: [SampleImage]?) throws -> Dialog? {
        switch kind {
        case .conversation: try conversation.dialog(row, places, given: given)
        case .messages: try messages.dialog(row, places, given: given)
        case .query: try PromptColumns.query.dialog(row, places, given: given)
        case .alpaca: try alpaca.dialog(row, places, given: given)
        case .line, .textPair, .instruction, .question, .caption: nil
        }
    }

    private func task(_ row: RecordFields, _ kind: Kind) throws -> SampleTask {
        switch kind {
        case .textPair:
            return .instruction(WrittenInstruction(try row.text("text_input"), response: try row.optionalText("text_output")))
        case .instruction:
            let answer = try Self.answers.first(where: row.has).map(row.text)
            return .instruction(WrittenInstruction(try row.text("instruction"), response: answer))
        case .question: return .question(try question(row))
        default:
            let name = ["captions", "caption", "text"].first(where: row.has) ?? "caption"
            let captions = row.isList(name) ? try row.texts(name) : [try row.text(name)]
            return .caption(Captions(captions, ocrTokens: try row.optionalTexts("ocr_tokens") ?? []))
        }
    }

    private func question(_ row: RecordFields) throws -> VisualQuestion {
        var question = VisualQuestion(try row.text("question"))
        question.options = try row.optionalTexts("options") ?? row.optionalTexts("choices") ?? []
        question.ocrTokens = try row.optionalTexts("ocr_tokens") ?? []
        question.context = try row.optionalText("context") ?? row.optionalText("hint")
        question.history = try PromptColumns.exchanges(row, "history").map { Exchange($0, $1) }
        if let name = ["answers", "answer"].first(where: row.has) {
            question.answers = WeightedAnswer.counted(try AnswerList.texts(row, name))
        }
        if let correct = try row.optionalInteger("correct") {
            guard question.options.indices.contains(correct) else {
                throw row.bad("its \"correct\" is \(correct), and it has \(question.options.count) options; count them from 0")
            }
            question.correct = correct
        } else if question.answers.count == 1, !question.options.isEmpty {
            let answer = question.answers[0].text
            if let place = question.options.firstIndex(of: answer) {
                question.correct = place
            } else if row.isInteger("answer"), let place = Int(answer), question.options.indices.contains(place) {
                // A number that is no text is a place, counted from 0, as in ScienceQA's files.
                question.correct = place
                question.answers = []
            } else if let place = Self.letters.firstIndex(of: Self.letter(in: answer)), place < question.options.count {
                // A letter stands for an option, which is what is to be learned.
                question.correct = place
                question.answers = []
            }
        }
        return question
    }

    /// "b", "B" and "(b)" are one letter.
    private static func letter(in answer: String) -> String {
        let isInBrackets = answer.count == 3 && answer.hasPrefix("(") && answer.hasSuffix(")")
        return (isInBrackets ? String(answer.dropFirst().dropLast()) : answer).uppercased()
    }

    private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init)

    private func facts(_ row: RecordFields, _ kind: Kind) -> [String: String] {
        let taken = keepsExtras ? Set(names(kind)).subtracting(Self.factNames) : []
        var facts: [String: String] = [:]
        for (key, value) in row.value.object?.members ?? [] {
            let name = key.description
            guard keepsExtras ? !taken.contains(name) : Self.factNames.contains(name) else { continue }
            switch value {
            case .string(let text): facts[name] = text.description
            case .integer(let number): facts[name] = String(number)
            case .number(let number): facts[name] = String(number)
            case .bool(let flag): facts[name] = String(flag)
            case .null, .array, .object: continue
            }
        }
        return facts
    }
}

/// Answers as annotations write them: one text, several, or objects with who gave them.
enum AnswerList {
    static func texts(_ row: RecordFields, _ name: String) throws(DataError) -> [String] {
        func bad() -> DataError { row.bad("its \"\(name)\" is neither a text nor a list of texts, nor a list of objects with \"answer\"") }
        switch row.value[JSONString(stringLiteral: name)] {
        case .string(let text): return [text.description]
        case .integer(let number): return [String(number)]
        case .number(let number): return [String(number)]
        case .array(let list):
            return try list.map { value throws(DataError) in
                guard let text = value.string ?? value["answer"]?.string else { throw bad() }
                return text
            }
        default: throw bad()
        }
    }
}

extension RecordFields {
    func isList(_ name: String) -> Bool { value[JSONString(stringLiteral: name)]?.array != nil }
}
