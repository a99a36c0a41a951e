import Foundation

extension DatasetDefinition {
    static let vsr = VSRStatements.definition(
        name: "vsr", title: "VSR", role: .heldOut, variant: "zeroshot",
        splits: [SplitFacts(.train, 3_489, note: "statements"), SplitFacts(.validation, 340), SplitFacts(.test, 1_222)],
        note:
            "The zero-shot splits, whose concepts do not overlap. Sizes are those of the published files (March 2023); the table in their "
            + "README still tells of an earlier division (4,713, 231 and 616), and the first release tested 731.")

    static let vsrRandom = VSRStatements.definition(
        name: "vsr_random", title: "VSR (random split)", role: .extra, variant: "random",
        splits: [SplitFacts(.train, 7_680, note: "statements"), SplitFacts(.validation, 1_097), SplitFacts(.test, 2_195)],
        note: "The same statements divided at random; not what the paper evaluates.")
}

/// Statements of where two objects are, one JSON object a line. Source: `data/README.md` of cambridgeltl/visual-spatial-reasoning.
struct VSRStatements: SampleCollection {
    private let statements: RecordFile
    private let split: String
    /// The pictures that the statements need, put together by the authors; nil: COCO's own folders are used.
    private let imageFolder: String?
    private let folder: DatasetFolder

    static func definition(
        name: String, title: String, role: DatasetRole, variant: String, splits: [SplitFacts], note: String
    ) -> DatasetDefinition {
        DatasetDefinition(
            DatasetCard(
                name: name, title: title, category: .visualReasoning, role: role,
                source: "Liu, Emerson and Collier, \"Visual Spatial Reasoning\", TACL 2023, "
                    + "https://github.com/cambridgeltl/visual-spatial-reasoning",
                licence: "Apache-2.0 in its repository, CC BY 4.0 on its Hub card; pictures: those of COCO (Flickr's terms)",
                splits: splits, evaluation: .test, metric: "top-1 accuracy",
                files: splits.map { facts in
                    let path = "data/splits/\(variant)/\(file(facts.split))"
                    return OfficialFile(
                        "vsr/\(path)",
                        from: "https://raw.githubusercontent.com/cambridgeltl/visual-spatial-reasoning/master/\(path)", for: [facts.split])
                } + [
                    OfficialFile("coco/train2017", from: "http://images.cocodataset.org/zips/train2017.zip", .images),
                    OfficialFile(
                        "coco/val2017", from: "http://images.cocodataset.org/zips/val2017.zip", .images,
                        note: "both folders of COCO are needed, or the authors' selection from them, "
                            + "https://www.dropbox.com/s/0s3bj25s62crjh2/vsr_images.zip, in vsr/data/images"),
                ],
                notes: [
                    note,
                    "The candidates are \"true\" and \"false\". The paper names the sets that it ranks and VSR is not among them; its "
                        + "users rank yes, true, no and false (issue 370 of LAVIS).",
                ]),
            prompt: EvaluationPrompt(
                "Based on the image, is this statement true or false? \"{question}\" Answer:",
                evidence: "evaluation code of others that cites appendix E of the paper")
        ) { folder, split in
            VSRStatements(
                statements: try .lines(folder.file("vsr/data/splits/\(variant)/\(file(split))")), split: split.rawValue,
                imageFolder: folder.has("vsr/data/images") ? "vsr/data/images" : nil, folder: folder)
        }
    }

    private static func file(_ split: Split) -> String { (split == .validation ? "dev" : split.rawValue) + ".jsonl" }

    var count: Int { statements.count }

    func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(statements, index)
        let label = try record.integer("label")
        guard label == 0 || label == 1 else { throw record.bad("its \"label\" is \(label), which is neither 0 nor 1") }
        let candidates = ["true", "false"]
        let correct = label == 1 ? 0 : 1
        let question = VisualQuestion(
            try record.text("caption"), answers: [WeightedAnswer(candidates[correct])], candidates: candidates, correct: correct)
        let (image, id) = try image(record)
        var facts = ["image_id": id]
        for key in ["relation", "subj", "obj"] { facts[key] = try record.optionalText(key) }
        facts["annotator_id"] = try record.optionalIdentifier("annotator_id")
        // The statements have no ids.
        return Sample(id: "\(split)-\(index)", images: [image], task: .question(question), facts: facts)
    }

    /// The name alone does not say in which of COCO's folders the picture lies, but the link does.
    private func image(_ record: RecordFields) throws -> (SampleImage, id: String) {
        let name = try record.text("image")
        guard let id = Int((name as NSString).deletingPathExtension) else {
            throw record.bad("its \"image\" \(name) is not named by a COCO number")
        }
        if let imageFolder { return (folder.image("\(imageFolder)/\(name)", identity: COCOImages.identity(id)), String(id)) }
        let link = try record.text("image_link")
        guard let year = link.split(separator: "/").dropLast().last.flatMap({ COCOImages.Year(rawValue: String($0)) }) else {
            throw record.bad("its \"image_link\" \(link) names no folder of COCO")
        }
        return (COCOImages.image(id, year, in: folder), String(id))
    }
}
