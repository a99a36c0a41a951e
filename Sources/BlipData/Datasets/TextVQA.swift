extension DatasetDefinition {
    static let textvqa = DatasetDefinition(
        DatasetCard(
            name: "textvqa", title: "TextVQA", category: .readingQuestions, role: .heldOut,
            source: "Singh et al., \"Towards VQA models that can read\", CVPR 2019, https://textvqa.org",
            licence: "annotations: CC BY 4.0; pictures: those of Open Images (listed there as CC BY 2.0)",
            splits: [
                SplitFacts(.train, 34_602, note: "questions"), SplitFacts(.validation, 5_000, note: "questions"),
                SplitFacts(.test, 5_734, note: "questions, whose answers are secret"),
            ],
            evaluation: .validation, metric: "VQA accuracy",
            files: Split.withFiles.map { split in
                OfficialFile(
                    "textvqa/TextVQA_0.5.1_\(split.rawValue).json",
                    from: "https://dl.fbaipublicfiles.com/textvqa/data/TextVQA_0.5.1_\(split.rawValue).json", for: [split])
            } + TextVQAFiles.shared,
            notes: [
                "Words read in the pictures are those of the Rosetta files that are published with it. Which reader the paper used is not "
                    + "known, and its scores depend on it."
            ]),
        prompt: EvaluationPrompt(
            "OCR tokens: {ocr}. Question: {question} Short answer:",
            evidence: "the order in which the reference fills a prompt of two holes; the words are the paper's")
    ) { folder, split in
        let words = try TextVQAFiles.words(folder, split)
        return MappedRecords(try .jsonArray(folder.file("textvqa/TextVQA_0.5.1_\(split.rawValue).json"), at: ["data"])) { record, _ in
            let image = try record.text("image_id")
            let question = VisualQuestion(
                try record.text("question"), answers: WeightedAnswer.counted(try record.optionalTexts("answers") ?? []),
                ocrTokens: try words(image, record))
            return Sample(
                id: try record.identifier("question_id"), images: [TextVQAFiles.image(image, split, folder)], task: .question(question),
                facts: ["image_id": image])
        }
    }
}

/// What TextVQA and TextCaps have in common: the pictures, and the words that were read in them.
enum TextVQAFiles {
    static let shared =
        Split.withFiles.map { split in
            OfficialFile(
                ocr(split), from: "https://dl.fbaipublicfiles.com/textvqa/data/TextVQA_Rosetta_OCR_v0.2_\(split.rawValue).json",
                for: [split])
        } + [
            OfficialFile(
                "textvqa/train_images", from: "https://dl.fbaipublicfiles.com/textvqa/images/train_val_images.zip", .images,
                for: [.train, .validation]),
            OfficialFile(
                "textvqa/test_images", from: "https://dl.fbaipublicfiles.com/textvqa/images/test_images.zip", .images, for: [.test]),
        ]

    static func image(_ id: String, _ split: Split, _ folder: DatasetFolder) -> SampleImage {
        folder.image("textvqa/\(split == .test ? "test_images" : "train_images")/\(id).jpg", identity: OpenImages.identity(id))
    }

    /// A function that finds the words read in a picture; none is an empty list, but a picture that was not read is an error.
    static func words(
        _ folder: DatasetFolder, _ split: Split
    ) throws -> @Sendable (_ image: String, _ record: RecordFields) throws -> [String] {
        let records = KeyedRecords(try .jsonArray(folder.file(ocr(split)), at: ["data"])) { try $0.text("image_id") }
        return { image, record in
            // Nothing stands where a question does, since a picture has several.
            guard let found = try records.record(image, near: -1) else { throw record.bad("no OCR record has its image_id \(image)") }
            return try found.texts("ocr_tokens")
        }
    }

    /// All captions of a record's picture, its own among them; none in the test file.
    static func captions(_ record: RecordFields) throws -> [String] {
        record.has("caption_str") || record.has("reference_strs") ? try record.texts("reference_strs") : []
    }

    private static func ocr(_ split: Split) -> String { "textvqa/TextVQA_Rosetta_OCR_v0.2_\(split.rawValue).json" }
}

extension Split {
    /// Those that datasets publish a file for; a development test is part of the test.
    static let withFiles: [Split] = [.train, .validation, .test]
}
