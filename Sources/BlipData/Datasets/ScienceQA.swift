extension DatasetDefinition {
    static let scienceqa = DatasetDefinition(
        DatasetCard(
            name: "scienceqa", title: "ScienceQA (image subset)", category: .knowledgeQuestions, role: .heldOut,
            source: "Lu et al., \"Learn to Explain\", NeurIPS 2022, https://scienceqa.github.io",
            licence: "CC BY-NC-SA 4.0",
            splits: [
                SplitFacts(.train, 6_218, note: "questions with a picture, of 12,726"),
                SplitFacts(.validation, 2_097, note: "questions with a picture, of 4,241"),
                SplitFacts(.test, 2_017, note: "questions with a picture, of 4,241"),
            ],
            evaluation: .test, metric: "top-1 accuracy",
            files: ["problems.json", "pid_splits.json"].map {
                OfficialFile("scienceqa/\($0)", from: "https://raw.githubusercontent.com/lupantech/ScienceQA/main/data/scienceqa/\($0)")
            }
                + [Split.train, .validation, .test].map {
                    OfficialFile(
                        "scienceqa/images/\($0.rawValue)", from: "https://scienceqa.s3.us-west-1.amazonaws.com/images/\($0.rawValue).zip",
                        .images,
                        for: [$0], note: "unpack it in scienceqa/images")
                },
            notes: [
                "Only questions that have a picture, as in the paper. Where options are pictures too, their texts alone are given.",
                "The context is the \"hint\". An author says that the textual context is included if it exists (issue 326 of LAVIS), and "
                    + "does not say whether the lecture belongs to it; users report 45.9 to 48 where the paper has 60.5 and 70.4 (issues "
                    + "324, 511, 542). The lecture and the solution are among the facts of a sample.",
            ]),
        prompt: EvaluationPrompt(
            // The context is written in front by whoever fills the template, if there is one: "Context: ... Question: ...".
            "Question: {question} Options: {options}. Answer:", .rank,
            evidence: "an author in issue 326 of LAVIS: \"Context: {} Question: {} Options: {}. Answer:\", the context if it exists, ranked"
        )
    ) { folder, split in
        ProblemFiles(
            problems: KeyedMembers(try .jsonMembers(folder.file("scienceqa/problems.json"))),
            ids: try .jsonArray(folder.file("scienceqa/pid_splits.json"), at: [split.rawValue])
        ) { id, problem in
            let hint = try problem.optionalText("hint") ?? ""
            var facts = ["image_id": id]
            for key in ["task", "grade", "subject", "topic", "category", "skill", "lecture", "solution"] {
                facts[key] = try problem.optionalText(key)
            }
            return Sample(
                id: id, images: [folder.image("scienceqa/images/\(split.rawValue)/\(id)/\(try problem.text("image"))")],
                task: .question(try ProblemFiles.question(problem, context: hint.isEmpty ? nil : hint)), facts: facts)
        }.filtered { $0.has("image") }
    }
}
