extension DatasetDefinition {
    static let hatefulMemes = MemeFiles.definition(
        name: "hatefulmemes", title: "HatefulMemes", role: .heldOut,
        files: [.train: ["train.jsonl"], .validation: ["dev_seen.jsonl", "dev.jsonl"], .test: ["test_seen.jsonl", "test.jsonl"]],
        splits: [
            SplitFacts(.train, 8_500, note: "memes"), SplitFacts(.validation, 500, note: "dev_seen"),
            SplitFacts(.test, 1_000, note: "test_seen; without labels in the challenge's first phase"),
        ])

    static let hatefulMemesUnseen = MemeFiles.definition(
        name: "hatefulmemes_unseen", title: "HatefulMemes (second phase)", role: .extra,
        files: [.validation: ["dev_unseen.jsonl"], .test: ["test_unseen.jsonl"]],
        splits: [SplitFacts(.validation, 540, note: "dev_unseen"), SplitFacts(.test, 2_000, note: "test_unseen")])
}

/// Memes with the text written on them, one JSON object a line. Source: the README of the Hateful Memes Challenge.
struct MemeFiles: SampleCollection {
    private let memes: RecordFile
    private let folder: DatasetFolder

    static func definition(
        name: String, title: String, role: DatasetRole, files: [Split: [String]], splits: [SplitFacts]
    ) -> DatasetDefinition {
        let url = "https://hatefulmemeschallenge.com"
        return DatasetDefinition(
            DatasetCard(
                name: name, title: title, category: .classification, role: role,
                source: "Kiela et al., \"The Hateful Memes Challenge\", NeurIPS 2020, https://ai.meta.com/tools/hatefulmemes",
                licence: "the Hateful Memes dataset licence agreement, to be accepted before the download",
                splits: splits, evaluation: .validation, metric: "AUC",
                files: splits.flatMap { facts in
                    (files[facts.split] ?? []).prefix(1).map { OfficialFile("hatefulmemes/\($0)", from: url, for: [facts.split]) }
                } + [OfficialFile("hatefulmemes/img", from: url, .images)],
                notes: [
                    "The context is the text written on the picture. The candidates are \"yes\" and \"no\"; the paper ranks with a wider "
                        + "vocabulary, yes and true for hateful, no and false for not (its section 2.5), whose likelihoods belong "
                        + "together.",
                    "AUC needs a score: the likelihood of yes against no. The released code gives an order only.",
                ]),
            prompt: EvaluationPrompt(
                "This is an image with: \"{context}\" written on it. Is it hateful? Answer:", .rank,
                evidence:
                    "evaluation code of MiniGPT-v2 and two scripts of LAVIS users; section 2.5 of the paper names it among the sets it "
                    + "ranks"
            )
        ) { folder, split in
            MemeFiles(memes: try .lines(folder.first(of: (files[split] ?? []).map { "hatefulmemes/\($0)" }).url), folder: folder)
        }
    }

    var count: Int { memes.count }

    func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(memes, index)
        let id = try record.identifier("id")
        var question = VisualQuestion("Is it hateful?", candidates: ["yes", "no"], context: try record.text("text"))
        var facts = ["image_id": id]
        if let label = try record.optionalInteger("label") {
            guard label == 0 || label == 1 else { throw record.bad("its \"label\" is \(label), which is neither 0 nor 1") }
            question.correct = label == 1 ? 0 : 1
            question.answers = [WeightedAnswer(label == 1 ? "yes" : "no")]
            facts["label"] = String(label)
        }
        return Sample(
            id: id, images: [folder.image("hatefulmemes/\(try record.text("img"))")], task: .question(question), facts: facts)
    }
}
