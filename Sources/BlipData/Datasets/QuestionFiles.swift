/// The VQA format: questions in one file, what ten annotators answered in another. VQAv2 and OKVQA are published so.
///
/// Source: visualqa.org, "VQA Annotation Format" and "VQA Question Format".
struct QuestionFiles: SampleCollection {
    private let questions: RecordFile
    /// Nil for a split whose answers are secret.
    private let annotations: KeyedRecords?
    /// Annotations of no question, which stand behind the questions and fail when they are asked for.
    private let strays: [Int]
    private let image: @Sendable (_ imageID: Int) -> SampleImage

    /// - Parameter image: the picture of an image id.
    init(questions: RecordFile, annotations: RecordFile?, image: @escaping @Sendable (_ imageID: Int) -> SampleImage) {
        self.questions = questions
        self.annotations = annotations.map { KeyedRecords($0) { try $0.identifier("question_id") } }
        strays = self.annotations?.strays(beside: questions) ?? []
        self.image = image
    }

    var count: Int { questions.count + strays.count }
    var size: Int { questions.count }

    func sample(_ index: Int) throws -> Sample {
        if let annotations, index >= questions.count { throw try annotations.fault(ofAnnotation: strays[index - questions.count]) }
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

extension KeyedRecords {
    /// What is wrong with an annotation that nobody asks for.
    func fault(ofAnnotation place: Int) throws -> DataError {
        let annotation = try record(at: place)
        let id = try annotation.identifier("question_id")
        return annotation.bad("no question has its question_id \(id), or an annotation before it has the same")
    }
}
