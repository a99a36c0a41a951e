/// The VQA format: questions in one file, what ten annotators answered in another. VQAv2 and OKVQA are published so.
///
/// Source: visualqa.org, "VQA Annotation Format" and "VQA Question Format".
struct QuestionFiles: SampleCollection {
    private let questions: RecordFile
    /// Nil for a split whose answers are secret.
    private let annotations: KeyedRecords?
    private let image: @Sendable (_ imageID: Int) -> SampleImage

    /// - Parameter image: the picture of an image id.
    init(questions: RecordFile, annotations: RecordFile?, image: @escaping @Sendable (_ imageID: Int) -> SampleImage) {
        self.questions = questions
        self.annotations = annotations.map { KeyedRecords($0) { try $0.identifier("question_id") } }
        self.image = image
    }

    var count: Int { questions.count }

    func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(questions, index)
        let id = try record.identifier("question_id")
        var question = VisualQuestion(try record.text("question"))
        var facts = ["image_id": try record.identifier("image_id")]
        if let annotations {
            guard let annotation = try annotations.record(id, near: index) else {
                throw record.bad("no annotation has its question_id \(id)")
            }
            question.answers = WeightedAnswer.counted(
                try annotation.objects("answers").map { answer throws(DataError) in try answer.text("answer") })
            facts["question_type"] = try annotation.optionalText("question_type")
            facts["answer_type"] = try annotation.optionalText("answer_type")
        }
        return Sample(id: id, images: [image(try record.integer("image_id"))], task: .question(question), facts: facts)
    }
}
