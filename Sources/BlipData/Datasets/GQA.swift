extension DatasetDefinition {
    static let gqa = DatasetDefinition(
        DatasetCard(
            name: "gqa", title: "GQA", category: .visualReasoning, role: .heldOut,
            source: "Hudson and Manning, \"GQA\", CVPR 2019, https://cs.stanford.edu/people/dorarad/gqa",
            licence: "CC BY 4.0; pictures: those of Visual Genome, from COCO and YFCC100M (Flickr's terms)",
            splits: [
                SplitFacts(.train, 943_000, note: "questions, balanced"), SplitFacts(.validation, 132_062, note: "questions, balanced"),
                SplitFacts(.testDevelopment, 12_578, note: "questions, balanced"),
                SplitFacts(.test, 95_336, note: "questions, balanced; answers are secret"),
            ],
            evaluation: .testDevelopment, metric: "top-1 accuracy",
            files: [Split.train, .validation, .testDevelopment, .test].map { split in
                OfficialFile(
                    GQAQuestions.path(split), from: "https://downloads.cs.stanford.edu/nlp/data/gqa/questions1.2.zip", for: [split],
                    note: "unpack it in gqa/questions1.2")
            } + [OfficialFile("gqa/images", from: "https://downloads.cs.stanford.edu/nlp/data/gqa/images.zip", .images)],
            notes: [
                "Version 1.2, the balanced questions. Pictures with a number for a name are Visual Genome's; those with an \"n\" in front, "
                    + "which the test splits use, are in no other dataset."
            ]),
        prompt: EvaluationPrompt(
            "Question: {question} Short answer:",
            evidence: "appendix E of the paper as remembered; issue 333 of LAVIS quotes the same prompt for video questions")
    ) { folder, split in
        GQAQuestions(try .jsonMembers(folder.file(GQAQuestions.path(split))), hasAnswers: split != .test, folder)
    }
}

/// An object of questions by their ids. Source: the download page of GQA, "Questions".
struct GQAQuestions: SampleCollection {
    private let questions: RecordFile
    private let hasAnswers: Bool
    private let folder: DatasetFolder

    init(_ questions: RecordFile, hasAnswers: Bool, _ folder: DatasetFolder) {
        self.questions = questions
        self.hasAnswers = hasAnswers
        self.folder = folder
    }

    static func path(_ split: Split) -> String {
        "gqa/questions1.2/\(split == .testDevelopment ? "testdev" : split.rawValue)_balanced_questions.json"
    }

    var count: Int { questions.count }

    func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(questions, index)
        guard let id = try questions.key(index) else { throw record.bad("it has no id") }
        let image = try record.identifier("imageId")
        let question = VisualQuestion(
            try record.text("question"), answers: hasAnswers ? [WeightedAnswer(try record.text("answer"))] : [])
        let isVisualGenome = image.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Sample(
            id: id,
            images: [folder.image("gqa/images/\(image).jpg", identity: (isVisualGenome ? "visual_genome/" : "gqa/") + image)],
            task: .question(question), facts: try facts(record, image: image))
    }

    /// What the official evaluation groups by, compares and counts; the test split has nothing of it.
    private func facts(_ record: RecordFields, image: String) throws -> [String: String] {
        var facts = ["image_id": image]
        for key in ["fullAnswer", "semanticStr"] { facts[key] = try record.optionalText(key) }
        for (key, names) in [("types", ["structural", "semantic", "detailed"]), ("groups", ["global", "local"])] where record.has(key) {
            let group = try record.object(key)
            for name in names { facts["\(key).\(name)"] = try group.optionalText(name) }
        }
        for key in ["entailed", "equivalent"] where record.has(key) { facts[key] = try record.texts(key).joined(separator: ",") }
        if record.has("semantic") { facts["steps"] = String(try record.objects("semantic").count) }
        return facts
    }
}
