extension DatasetDefinition {
    static let vqav2 = DatasetDefinition(
        DatasetCard(
            name: "vqav2", title: "VQAv2", category: .questionAnswering, role: .heldIn,
            source: "Goyal et al., \"Making the V in VQA matter\", CVPR 2017, https://visualqa.org",
            licence: "annotations: CC BY 4.0; pictures: those of COCO (Flickr's terms)",
            splits: [
                SplitFacts(.train, 443_757, note: "questions"), SplitFacts(.validation, 214_354, note: "questions"),
                SplitFacts(.test, 447_793, note: "questions, whose answers are secret"),
                SplitFacts(.testDevelopment, 107_394, note: "questions, some of the test's"),
            ],
            evaluation: .validation, metric: "VQA accuracy",
            files: VQAv2Files.questions + VQAv2Files.annotations + VQAv2Files.pictures,
            notes: [
                "The list of the paper's successor has 658,104 questions of train and val. Whether the paper trained on val is not said: what "
                    + "was trained on val must not be evaluated on it.",
                "Test and test-dev are scored by the organizers' server.",
            ]),
        prompt: EvaluationPrompt("Question: {question} Short answer:", evidence: "prompt of BLIP-2's own evaluation of VQAv2; held in here")
    ) { folder, split in
        let (year, part): (COCOImages.Year, String) =
            switch split {
            case .train: (.train2014, "train2014")
            case .validation: (.val2014, "val2014")
            case .test: (.test2015, "test2015")
            case .testDevelopment: (.test2015, "test-dev2015")
            }
        let isPublic = split == .train || split == .validation
        return QuestionFiles(
            questions: try .jsonArray(folder.file("vqav2/v2_OpenEnded_mscoco_\(part)_questions.json"), at: ["questions"]),
            annotations: isPublic
                ? try .jsonArray(folder.file("vqav2/v2_mscoco_\(part)_annotations.json"), at: ["annotations"]) : nil
        ) { COCOImages.image($0, year, in: folder) }
    }
}

private enum VQAv2Files {
    static let questions = [
        file("OpenEnded_mscoco_train2014_questions", "Questions_Train", .train),
        file("OpenEnded_mscoco_val2014_questions", "Questions_Val", .validation),
        file("OpenEnded_mscoco_test2015_questions", "Questions_Test", .test),
        file("OpenEnded_mscoco_test-dev2015_questions", "Questions_Test", .testDevelopment),
    ]
    static let annotations = [
        file("mscoco_train2014_annotations", "Annotations_Train", .train),
        file("mscoco_val2014_annotations", "Annotations_Val", .validation),
    ]
    static let pictures = [
        OfficialFile("coco/train2014", from: "http://images.cocodataset.org/zips/train2014.zip", .images, for: [.train]),
        OfficialFile("coco/val2014", from: "http://images.cocodataset.org/zips/val2014.zip", .images, for: [.validation]),
        OfficialFile("coco/test2015", from: "http://images.cocodataset.org/zips/test2015.zip", .images, for: [.test, .testDevelopment]),
    ]

    private static func file(_ name: String, _ archive: String, _ split: Split) -> OfficialFile {
        OfficialFile("vqav2/v2_\(name).json", from: "https://s3.amazonaws.com/cvmlp/vqa/mscoco/vqa/v2_\(archive)_mscoco.zip", for: [split])
    }
}
