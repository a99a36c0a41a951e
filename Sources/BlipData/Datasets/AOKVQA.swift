extension DatasetDefinition {
    static let aokvqa = DatasetDefinition(
        AOKVQAFiles.card(
            name: "aokvqa", title: "A-OKVQA", role: .heldIn, metric: "VQA accuracy",
            notes: [
                "The official score of direct answers leaves out the questions whose fact \"difficult_direct_answer\" is true.",
                "The answers of a question are ten, of ten people.",
            ]),
        prompt: EvaluationPrompt("Question: {question} Short answer:", evidence: "as OKVQA is asked; held in here")
    ) { folder, split in
        try AOKVQAFiles.samples(folder, split) { record in
            VisualQuestion(
                try record.text("question"), answers: WeightedAnswer.counted(try record.optionalTexts("direct_answers") ?? []))
        }
    }

    static let aokvqaMultipleChoice = DatasetDefinition(
        AOKVQAFiles.card(
            name: "aokvqa_mc", title: "A-OKVQA", role: .extra, metric: "accuracy",
            notes: [
                "The paper trains on this form too, at a lowered ratio; how it wrote the choices while training is not known.",
                "The questions are those of aokvqa, by which their fact \"question_identity\" calls them.",
            ]),
        prompt: EvaluationPrompt(
            "Question: {question} Options: {options}. Short answer:", .rank, evidence: "as IconQA is asked; A-OKVQA's form is not known")
    ) { folder, split in
        let samples = try AOKVQAFiles.samples(folder, split) { record in
            let options = try record.texts("choices")
            let correct = try record.optionalInteger("correct_choice_idx")
            if let correct, !options.indices.contains(correct) {
                throw record.bad("its correct_choice_idx \(correct) is none of its \(options.count) choices")
            }
            return VisualQuestion(try record.text("question"), options: options, correct: correct)
        }
        return MappedSamples(samples) { sample in
            var sample = sample
            sample.facts["question_identity"] = "aokvqa/\(sample.id)"
            return sample
        }
    }
}

private enum AOKVQAFiles {
    static func card(name: String, title: String, role: DatasetRole, metric: String, notes: [String]) -> DatasetCard {
        DatasetCard(
            name: name, title: title, category: .knowledgeQuestions, role: role,
            source: "Schwenk et al., \"A-OKVQA\", ECCV 2022, https://allenai.org/project/a-okvqa/home",
            licence: "annotations: Apache 2.0, as their repository; pictures: those of COCO (Flickr's terms)",
            splits: [
                SplitFacts(.train, 17_056, note: "questions"), SplitFacts(.validation, 1_145, note: "questions"),
                SplitFacts(.test, 6_702, note: "questions, whose answers are secret"),
            ],
            evaluation: .validation, metric: metric,
            files: Split.withFiles.map { split in
                OfficialFile(
                    path(split), from: "https://prior-datasets.s3.us-east-2.amazonaws.com/aokvqa/aokvqa_v1p0.tar.gz", for: [split])
            }
                + Split.withFiles.map { split in
                    OfficialFile(
                        "coco/\(year(split).rawValue)", from: "http://images.cocodataset.org/zips/\(year(split).rawValue).zip", .images,
                        for: [split])
                },
            notes: notes + ["Rationales are not read."])
    }

    static func samples(
        _ folder: DatasetFolder, _ split: Split, question: @escaping @Sendable (RecordFields) throws -> VisualQuestion
    ) throws -> MappedRecords {
        MappedRecords(try .jsonArray(folder.file(path(split)))) { record, _ in
            let image = try record.integer("image_id")
            var facts = ["image_id": String(image)]
            let isDifficult = "difficult_direct_answer"
            if record.has(isDifficult) { facts[isDifficult] = String(try record.flag(isDifficult)) }
            return Sample(
                id: try record.identifier("question_id"), images: [COCOImages.image(image, year(split), in: folder)],
                task: .question(try question(record)), facts: facts)
        }
    }

    private static func path(_ split: Split) -> String { "aokvqa/aokvqa_v1p0_\(split.rawValue).json" }

    private static func year(_ split: Split) -> COCOImages.Year {
        switch split {
        case .train: .train2017
        case .validation: .val2017
        case .test, .testDevelopment: .test2017
        }
    }
}
