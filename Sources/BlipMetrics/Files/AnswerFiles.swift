import BlipData
import BlipJSON
import Foundation

/// Answers to questions, and what was to be answered, from official files and plain ones.
enum AnswerFiles {
    /// What is to be known about a question.
    struct Question {
        var vqa = VQAReference(answers: [])
        /// Of multiple choice; the right one is among them.
        var options: [String] = []
        var correct: Int?
        /// GQA's kind of question, `query` for open ones.
        var structure: String?
    }

    /// Predictions: `[{"question_id", "answer"}]` of VQA, with `image` for an id of VizWiz, `[{"questionId", "prediction"}]` of GQA,
    /// `[{"id", "answer"}]`; and `{"ID": {"direct_answer", "multiple_choice"}}` of A-OKVQA, or `{"ID": "answer"}`.
    ///
    /// - Parameter keys: what answers are called in A-OKVQA's object.
    static func predictions(_ url: URL, keys: [String] = []) throws -> IdentifiedEntries<String> {
        let answers = keys + ["answer", "prediction", "pred_ans"]
        if url.pathExtension.lowercased() != "jsonl", !(try RecordFile.jsonMemberNames(url)).isEmpty {
            return try keyed(try .jsonMembers(url), answers)
        }
        return try ScoringFile(url).entries { record in
            (try record.identifier(anyOf: ["question_id", "questionId", "id", "image"]), try record.answer(anyOf: answers))
        }
    }

    /// An object of answers by ids.
    private static func keyed(_ file: RecordFile, _ answers: [String]) throws -> IdentifiedEntries<String> {
        var entries = IdentifiedEntries<String>(file.path)
        for index in 0..<file.count {
            let record = try RecordFields(file, index)
            guard let id = try file.key(index) else { continue }
            try entries.add(id, record.value.string ?? record.value.integer.map(String.init) ?? record.answer(anyOf: answers), at: record)
        }
        return entries
    }

    /// Annotations of VQAv2 and OKVQA (`annotations`), TextVQA (`data`), VizWiz and A-OKVQA (a list); or lines of `id` and `answers`.
    static func vqaReferences(_ url: URL) throws -> IdentifiedEntries<Question> {
        try ScoringFile(url, members: ["annotations", "data"]).entries { record in
            var question = Question()
            question.vqa.answers = try record.peopleAnswers()
            question.vqa.answerType = try record.optionalText("answer_type")
            question.vqa.questionType = try record.optionalText("question_type")
            return (try record.identifier(anyOf: ["question_id", "id", "image"]), question)
        }
    }

    /// A-OKVQA's list.
    ///
    /// - Parameter direct: whether direct answers are scored, for which difficult questions are left out.
    static func aokvqaReferences(_ url: URL, direct: Bool) throws -> IdentifiedEntries<Question> {
        let file = try ScoringFile(url)
        var entries = IdentifiedEntries<Question>(file.records.path)
        try file.forEach { record in
            var question = Question()
            let id = try record.identifier(anyOf: ["question_id", "id"])
            if direct {
                if record.has("difficult_direct_answer"), try record.flag("difficult_direct_answer") { return entries.ignore(id) }
                question.vqa.answers = try record.texts("direct_answers")
            } else {
                (question.options, question.correct) = (try record.texts("choices"), try record.integer("correct_choice_idx"))
                guard let correct = question.correct, question.options.indices.contains(correct) else {
                    throw MetricError.badRecord(
                        place: record.place, expected: "a \"correct_choice_idx\" below \(question.options.count)",
                        found: "\(question.correct ?? -1)")
                }
                question.vqa.answers = [question.options[correct]]
            }
            try entries.add(id, question, at: record)
        }
        return entries
    }

    /// GQA's questions, an object by ids; only balanced ones count, as in the official script.
    static func gqaReferences(_ url: URL) throws -> IdentifiedEntries<Question> {
        let file = try RecordFile.jsonMembers(url)
        var entries = IdentifiedEntries<Question>(file.path)
        for index in 0..<file.count {
            let record = try RecordFields(file, index)
            guard let id = try file.key(index) else { continue }
            if record.has("isBalanced"), try !record.flag("isBalanced") {
                entries.ignore(id)
                continue
            }
            var question = Question()
            question.vqa.answers = [try record.text("answer")]
            if record.has("types") { question.structure = try record.object("types").optionalText("structural") }
            try entries.add(id, question, at: record)
        }
        return entries
    }

    /// Plain references: `id` with `answer` or `answers`, and the `options` of multiple choice, whose answer may be a number from 0.
    static func plainReferences(_ url: URL) throws -> IdentifiedEntries<Question> {
        try ScoringFile(url, members: ["annotations", "data"]).entries { record in
            var question = Question()
            if record.has("options") || record.has("choices") {
                question.options = try record.texts(record.has("options") ? "options" : "choices")
            }
            question.vqa.answers = record.has("answers") ? try record.peopleAnswers() : [try record.answer(anyOf: ["answer"])]
            return (try record.identifier(anyOf: ["question_id", "questionId", "id", "image"]), question)
        }
    }
}

extension RecordFields {
    /// An answer as text; numbers, which are places of options, are written out.
    fileprivate func answer(anyOf keys: [String]) throws -> String {
        if let key = keys.first(where: has), let number = value[JSONString(bytes: Array(key.utf8))]?.integer { return String(number) }
        return try text(anyOf: keys)
    }

    /// `answers` as texts or as objects, or A-OKVQA's `direct_answers`.
    fileprivate func peopleAnswers() throws -> [String] {
        if has("direct_answers") { return try texts("direct_answers") }
        guard value["answers"]?.array?.first?.object != nil else { return try texts("answers") }
        return try objects("answers").map { try $0.text("answer") }
    }
}
