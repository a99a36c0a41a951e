import BlipJSON
import Foundation

extension SampleLine {
    /// The sample of a row with a `task`.
    ///
    /// - Parameter given: the pictures of a tar shard's sample, which `member` names.
    static func sample(_ row: RecordFields, _ places: PicturePlaces, given: [TarPicture]? = nil) throws(DataError) -> Sample {
        let name = try row.text("task")
        guard let task = Task(rawValue: name) else {
            throw row.bad("its \"task\" is \"\(name)\"; expected \(Task.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))")
        }
        var images: [SampleImage] = []
        if row.has("images") {
            guard let list = row.value["images"]?.array else { throw row.bad("its \"images\" is not a list") }
            for value in list { images.append(try image(value, row, places, given)) }
        }
        let result: SampleTask =
            switch task {
            case .caption: .caption(Captions(try row.texts("captions"), ocrTokens: try row.optionalTexts("ocr_tokens") ?? []))
            case .question: .question(try question(row))
            case .questionGeneration: .questionGeneration(try question(row))
            case .instruction:
                .instruction(
                    WrittenInstruction(try row.text("instruction"), response: try row.optionalText("response"), history: try history(row)))
            }
        var facts: [String: String] = [:]
        if row.has("facts") {
            let object = try row.object("facts")
            for (key, _) in object.value.object?.members ?? [] { facts[key.description] = try object.text(key.description) }
        }
        return Sample(id: try row.identifier("id"), images: images, task: result, facts: facts)
    }

    private static func history(_ row: RecordFields) throws(DataError) -> [Exchange] {
        try PromptColumns.exchanges(row, "history").map { Exchange($0, $1) }
    }

    private static func question(_ row: RecordFields) throws(DataError) -> VisualQuestion {
        var question = VisualQuestion(try row.text("question"))
        if row.has("answers") {
            guard let list = row.value["answers"]?.array else { throw row.bad("its \"answers\" is not a list") }
            question.answers = try list.map { value throws(DataError) in
                if let text = value.string { return WeightedAnswer(text) }
                guard let text = value["text"]?.string, let weight = value["weight"]?.double, weight >= 0 else {
                    throw row.bad(
                        "one of its \"answers\" is neither a text nor an object with \"text\" and a \"weight\" that is not negative")
                }
                return WeightedAnswer(text, weight: weight)
            }
        }
        question.options = try row.optionalTexts("options") ?? []
        question.candidates = try row.optionalTexts("candidates") ?? []
        question.ocrTokens = try row.optionalTexts("ocr_tokens") ?? []
        question.context = try row.optionalText("context")
        question.history = try history(row)
        question.caption = try row.optionalText("caption")
        question.relevance = row.has("relevance") ? try row.numbers("relevance") : []
        question.correct = try row.optionalInteger("correct")
        if let correct = question.correct, !question.choices.indices.contains(correct) {
            throw row.bad("its \"correct\" is \(correct), and it has \(question.choices.count) to choose from; count them from 0")
        }
        guard question.relevance.isEmpty || question.relevance.count == question.choices.count else {
            throw row.bad("its \"relevance\" has \(question.relevance.count) numbers for \(question.choices.count) to choose from")
        }
        return question
    }

    private static func image(
        _ value: JSONValue, _ row: RecordFields, _ places: PicturePlaces, _ given: [TarPicture]?
    ) throws(DataError) -> SampleImage {
        if let text = value.string {
            let path = try places.path(text, row)
            return .file(path, identity: PicturePlaces.identity(path))
        }
        guard value.object != nil else { throw row.bad("one of its images is neither a path nor an object") }
        let fields = RecordFields(value, place: "\(row.place), images")
        let identity = try fields.optionalText("identity")
        if fields.has("member") {
            let member = try fields.text("member")
            guard let picture = given?.first(where: { $0.name == member }) else {
                throw fields.bad("there is no file \"\(member)\" beside it in the tar shard")
            }
            return SampleImage(picture.image.source, identity: identity ?? picture.image.identity)
        }
        if fields.has("bytes") { return SampleImage(.bytes(try DataURL.base64(fields.text("bytes"), fields)), identity: identity) }
        if fields.has("clip") { return SampleImage(.clip(try places.path(fields.text("clip"), fields)), identity: identity) }
        let path = try places.path(fields.text("file"), fields)
        guard fields.has("offset") || fields.has("count") else { return .file(path, identity: identity ?? PicturePlaces.identity(path)) }
        let (offset, count) = (try fields.integer("offset"), try fields.integer("count"))
        guard offset >= 0, count >= 0, !offset.addingReportingOverflow(count).overflow else {
            throw fields.bad("it begins at byte \(offset) and is \(count) bytes long, which no file has")
        }
        let name = try fields.optionalText("encoding") ?? FilePart.Encoding.raw.rawValue
        guard let encoding = FilePart.Encoding(rawValue: name) else {
            throw fields.bad("its \"encoding\" is \"\(name)\"; expected \"raw\" or \"base64\"")
        }
        return SampleImage(.part(FilePart(path: path, offset: offset, count: count, encoding: encoding)), identity: identity)
    }
}

enum Base64 {
    static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Nil for what is no base64, and for nothing. White space is left out: files may have their lines broken.
    static func bytes(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let space: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        guard let data = Data(base64Encoded: Data(text.filter { !space.contains($0) })), !data.isEmpty else { return nil }
        return Array(data)
    }
}
