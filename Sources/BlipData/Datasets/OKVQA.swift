extension DatasetDefinition {
    static let okvqa = DatasetDefinition(
        DatasetCard(
            name: "okvqa", title: "OKVQA", category: .knowledgeQuestions, role: .heldIn,
            source: "Marino et al., \"OK-VQA\", CVPR 2019, https://okvqa.allenai.org",
            licence: "annotations: none stated by the authors; pictures: those of COCO (Flickr's terms)",
            splits: [SplitFacts(.train, 9_009, note: "questions"), SplitFacts(.validation, 5_046, note: "questions; the paper's test")],
            evaluation: .validation, metric: "VQA accuracy",
            files: [
                OfficialFile(
                    "okvqa/OpenEnded_mscoco_train2014_questions.json",
                    from: "https://okvqa.allenai.org/static/data/OpenEnded_mscoco_train2014_questions.json.zip", for: [.train]),
                OfficialFile(
                    "okvqa/mscoco_train2014_annotations.json",
                    from: "https://okvqa.allenai.org/static/data/mscoco_train2014_annotations.json.zip", for: [.train]),
                OfficialFile(
                    "okvqa/OpenEnded_mscoco_val2014_questions.json",
                    from: "https://okvqa.allenai.org/static/data/OpenEnded_mscoco_val2014_questions.json.zip", for: [.validation]),
                OfficialFile(
                    "okvqa/mscoco_val2014_annotations.json",
                    from: "https://okvqa.allenai.org/static/data/mscoco_val2014_annotations.json.zip", for: [.validation]),
                OfficialFile("coco/train2014", from: "http://images.cocodataset.org/zips/train2014.zip", .images, for: [.train]),
                OfficialFile("coco/val2014", from: "http://images.cocodataset.org/zips/val2014.zip", .images, for: [.validation]),
            ],
            notes: ["Its answers were made singular and lower-case by its authors (version 1.1)."]),
        prompt: EvaluationPrompt("Question: {question} Short answer:", evidence: "prompt of BLIP-2's own evaluation of OKVQA; held in here")
    ) { folder, split in
        let year: COCOImages.Year = split == .train ? .train2014 : .val2014
        return QuestionFiles(
            questions: try .jsonArray(folder.file("okvqa/OpenEnded_mscoco_\(year.rawValue)_questions.json"), at: ["questions"]),
            annotations: try .jsonArray(folder.file("okvqa/mscoco_\(year.rawValue)_annotations.json"), at: ["annotations"])
        ) { COCOImages.image($0, year, in: folder) }
    }
}
