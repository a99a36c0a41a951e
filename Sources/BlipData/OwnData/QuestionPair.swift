import BlipJSON
import Foundation

/// VQA's form: `questions` in one file, `annotations` with what annotators answered in another, or none.
///
/// A question names its picture by `image`, `file_name` or `image_id`. An id that is a number is looked for under COCO's file names and plain
/// ones.
struct QuestionPair: OwnRecords {
    private let questions: RecordFile
    private let annotations: KeyedRecords?
    /// Annotations of no question, which stand behind the questions and fail when they are asked for.
    private let strays: [Int]
    private let places: PicturePlaces
    /// Such as `val2014`, which is part of COCO's names.
    private let subtype: String?

    init(questions: URL, annotations: URL?, _ places: PicturePlaces, _ progress: RecordFile.Progress?) throws {
        self.questions = try .jsonArray(questions, at: ["questions"], progress: progress)
        self.annotations = try annotations.map { url in
            KeyedRecords(try .jsonArray(url, at: ["annotations"])) { try $0.identifier("question_id") }
        }
        strays = self.annotations?.strays(beside: self.questions) ?? []
        subtype = try RecordFile.jsonValue(questions, at: ["data_subtype"])?.string
        self.places = places
    }

    /// The annotations that lie beside questions, by the names that VQA's own files have: `v2_OpenEnded_mscoco_val2014_questions.json` and
    /// `v2_mscoco_val2014_annotations.json`.
    static func annotations(beside questions: URL) -> URL? {
        let name = questions.lastPathComponent
        let renamed = name.replacingOccurrences(of: "questions", with: "annotations").replacingOccurrences(
            of: "question", with: "annotation")
        let shorter = ["OpenEnded_", "MultipleChoice_"].map { renamed.replacingOccurrences(of: $0, with: "") }
        return ([renamed] + shorter).filter { $0 != name }.map { questions.deletingLastPathComponent().appendingPathComponent($0) }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }

    var count: Int { questions.count + strays.count }
    var size: Int? { questions.count }

    func place(_ record: Int) -> String {
        guard let annotations, record >= questions.count else { return questions.place(record) }
        return annotations.place(strays[record - questions.count])
    }

    func sample(_ record: Int, part: Int) throws -> Sample {
        if let annotations, record >= questions.count { throw try annotations.fault(ofAnnotation: strays[record - questions.count]) }
        let row = try RecordFields(questions, record)
        let id = try row.identifier("question_id")
        var question = VisualQuestion(try row.text("question"))
        question.options = try row.optionalTexts("multiple_choices") ?? row.optionalTexts("choices") ?? []
        var facts: [String: String] = [:]
        facts["image_id"] = try row.optionalIdentifier("image_id")
        if let annotations {
            guard let annotation = try annotations.record(id, near: record) else {
                throw row.bad("no annotation has its question_id \(id)")
            }
            if let name = ["answers", "answer"].first(where: annotation.has) {
                question.answers = WeightedAnswer.counted(try AnswerList.texts(annotation, name))
            }
            for name in ["question_type", "answer_type"] { facts[name] = try annotation.optionalText(name) }
        }
        return Sample(id: id, images: [try picture(row)], task: .question(question), facts: facts)
    }

    func unknownKeys(_ record: Int) throws -> [String] {
        guard record < questions.count else { return [] }
        let known = ["question_id", "image_id", "question", "image", "file_name", "multiple_choices", "choices"]
        return (try questions.json(record).object?.members ?? []).map(\.key.description).filter { !known.contains($0) }
    }

    private func picture(_ row: RecordFields) throws -> SampleImage {
        for name in ["image", "file_name"] where row.has(name) { return try places.picture(row.text(name), row) }
        let id = try row.identifier("image_id")
        if id.contains(".") || id.contains("/") { return try places.picture(id, row) }
        let names = Self.names(id, subtype)
        for name in names {
            let path = try places.path(name, row)
            if FileManager.default.fileExists(atPath: path) { return .file(path, identity: PicturePlaces.identity(path)) }
        }
        return try places.picture(names[0], row)
    }

    /// The file names that an id may have, likeliest first.
    private static func names(_ id: String, _ subtype: String?) -> [String] {
        let number = String(repeating: "0", count: max(0, 12 - id.utf8.count)) + id
        let coco = subtype.map { ["COCO_\($0)_\(number).jpg", "\($0)/COCO_\($0)_\(number).jpg", "\($0)/\(number).jpg"] } ?? []
        return coco + ["jpg", "png", "jpeg", "webp"].map { "\(id).\($0)" } + ["\(number).jpg"]
    }
}
