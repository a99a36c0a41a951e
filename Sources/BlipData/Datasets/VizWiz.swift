extension DatasetDefinition {
    static let vizwiz = DatasetDefinition(
        DatasetCard(
            name: "vizwiz", title: "VizWiz", category: .questionAnswering, role: .heldOut,
            source: "Gurari et al., \"VizWiz grand challenge\", CVPR 2018, https://vizwiz.org/tasks-and-datasets/vqa",
            licence: "CC BY 4.0",
            splits: [
                SplitFacts(.train, 20_523, note: "questions"), SplitFacts(.validation, 4_319, note: "questions"),
                SplitFacts(.test, 8_000, note: "questions, whose answers are secret"),
                SplitFacts(.testDevelopment, 8_000, note: "the same questions; the organizers' server scores some of them"),
            ],
            evaluation: .testDevelopment, metric: "VQA accuracy",
            files: [
                OfficialFile(
                    "vizwiz/Annotations", from: "https://vizwiz.cs.colorado.edu/VizWiz_final/vqa_data/Annotations.zip",
                    note: "a folder with train.json, val.json and test.json"),
                OfficialFile("vizwiz/train", from: "https://vizwiz.cs.colorado.edu/VizWiz_final/images/train.zip", .images, for: [.train]),
                OfficialFile("vizwiz/val", from: "https://vizwiz.cs.colorado.edu/VizWiz_final/images/val.zip", .images, for: [.validation]),
                OfficialFile(
                    "vizwiz/test", from: "https://vizwiz.cs.colorado.edu/VizWiz_final/images/test.zip", .images,
                    for: [.test, .testDevelopment]),
            ],
            notes: [
                "The paper's figure is of test-dev, which only the organizers' server can score; what needs answers takes val.",
                "Sizes are those of the release of 2020 and later. \"unanswerable\" is an answer like any other, the most frequent one.",
            ]),
        prompt: EvaluationPrompt(
            "Question: {question} Short answer:", evidence: "the paper's appendix E for question answering; not confirmed for VizWiz")
    ) { folder, split in
        let part = split == .testDevelopment ? "test" : split.rawValue
        return MappedRecords(try .jsonArray(folder.file("vizwiz/Annotations/\(part).json"))) { record, _ in
            let name = try record.text("image")
            var question = VisualQuestion(try record.text("question"))
            if part != "test" {
                question.answers = WeightedAnswer.counted(
                    try record.objects("answers").map { answer throws(DataError) in try answer.text("answer") })
            }
            var facts = ["image_id": name]
            facts["answer_type"] = try record.optionalText("answer_type")
            facts["answerable"] = try record.optionalIdentifier("answerable")
            // Each picture has one question, and its name is what the server knows both by.
            return Sample(id: name, images: [folder.image("vizwiz/\(part)/\(name)")], task: .question(question), facts: facts)
        }
    }
}
