extension DatasetDefinition {
    static let textcaps = DatasetDefinition(
        DatasetCard(
            name: "textcaps", title: "TextCaps", category: .readingCaptioning, role: .heldIn,
            source: "Sidorov et al., \"TextCaps: a dataset for image captioning with reading comprehension\", ECCV 2020, "
                + "https://textvqa.org/textcaps",
            licence: "captions: CC BY 4.0; pictures: those of Open Images (listed there as CC BY 2.0)",
            splits: [
                SplitFacts(.train, 109_765, note: "captions of 21,953 pictures"),
                SplitFacts(.validation, 15_830, note: "captions of 3,166 pictures"),
                SplitFacts(.test, 3_289, note: "pictures, whose captions are secret"),
            ],
            evaluation: .validation, metric: "CIDEr",
            files: Split.withFiles.map { split in
                OfficialFile(
                    "textcaps/TextCaps_0.1_\(split.rawValue).json",
                    from: "https://dl.fbaipublicfiles.com/textvqa/data/textcaps/TextCaps_0.1_\(split.rawValue).json", for: [split])
            } + TextVQAFiles.shared,
            notes: [
                "Every caption is a record of its own in these files, with all five captions of its picture beside it; here a picture is one "
                    + "sample.",
                "Words read in the pictures are those of TextVQA's Rosetta files, which cover the same pictures. Which reader the paper "
                    + "used is not known.",
            ]),
        prompt: EvaluationPrompt("A short image caption.", evidence: "the reference's configurations of captioning; held in here")
    ) { folder, split in
        let file = try RecordFile.jsonArray(folder.file("textcaps/TextCaps_0.1_\(split.rawValue).json"), at: ["data"])
        let words = try TextVQAFiles.words(folder, split)
        var seen: Set<String> = []
        return UnfoldedRecords(file) {
            let captions = try TextVQAFiles.captions($0)
            return try seen.insert($0.text("image_id")).inserted ? .one(pairs: max(1, captions.count)) : .nothing
        } sample: { record, _, _ in
            let id = try record.text("image_id")
            let captions = Captions(try TextVQAFiles.captions(record), ocrTokens: try words(id, record))
            return Sample(id: id, images: [TextVQAFiles.image(id, split, folder)], task: .caption(captions), facts: ["image_id": id])
        }
    }
}
