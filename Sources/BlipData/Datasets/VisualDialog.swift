extension DatasetDefinition {
    static let visdial = DatasetDefinition(
        DatasetCard(
            name: "visdial", title: "Visual Dialog", category: .dialog, role: .heldOut,
            source: "Das et al., \"Visual Dialog\", CVPR 2017, version 1.0, https://visualdialog.org",
            licence: "CC BY 4.0; pictures: those of COCO and others from Flickr (Flickr's terms)",
            splits: [
                SplitFacts(.train, 1_232_870, note: "rounds of 123,287 dialogs"),
                SplitFacts(.validation, 20_640, note: "rounds of 2,064 dialogs"),
                SplitFacts(.test, 8_000, note: "dialogs, of which the last round is asked; answers are secret"),
            ],
            evaluation: .validation, metric: "MRR",
            files: [
                OfficialFile(
                    "visdial/visdial_1.0_train.json", from: "https://www.dropbox.com/s/ix8keeudqrd8hn8/visdial_1.0_train.zip?dl=1",
                    for: [.train]),
                OfficialFile(
                    "visdial/visdial_1.0_val.json", from: "https://www.dropbox.com/s/ibs3a0zhw74zisc/visdial_1.0_val.zip?dl=1",
                    for: [.validation]),
                OfficialFile(
                    "visdial/visdial_1.0_val_dense_annotations.json",
                    from: "https://www.dropbox.com/s/3knyk09ko4xekmc/visdial_1.0_val_dense_annotations.json?dl=1", for: [.validation]),
                OfficialFile(
                    "visdial/visdial_1.0_test.json", from: "https://www.dropbox.com/s/o7mucbre2zm7i5n/visdial_1.0_test.zip?dl=1",
                    for: [.test]),
                OfficialFile("coco/train2014", from: "http://images.cocodataset.org/zips/train2014.zip", .images, for: [.train]),
                OfficialFile("coco/val2014", from: "http://images.cocodataset.org/zips/val2014.zip", .images, for: [.train]),
                OfficialFile(
                    "visdial/VisualDialog_val2018", from: "https://www.dropbox.com/s/twmtutniktom7tu/VisualDialog_val2018.zip?dl=1",
                    .images,
                    for: [.validation]),
                OfficialFile(
                    "visdial/VisualDialog_test2018", from: "https://www.dropbox.com/s/mwlrg31hx0430mt/VisualDialog_test2018.zip?dl=1",
                    .images,
                    for: [.test]),
            ],
            notes: [
                "Every round is a sample; the caption opens its history. One round of each validation dialog has its 100 candidates rated "
                    + "by people, for NDCG; the paper reports MRR over all rounds.",
                "How the paper writes the history (with or without roles, the caption in it or apart) is not known; users report an MRR of "
                    + "38 where it has 46.6 (issue 439 of LAVIS).",
            ]),
        prompt: EvaluationPrompt(
            "Dialog history: {history}\n Question: {question} Short answer:", .rank,
            evidence: "the authors of BLIVA, who follow the paper's appendix E, in issue 18 of BLIVA")
    ) { folder, split in
        try VisualDialogs(folder.file("visdial/visdial_1.0_\(split.rawValue).json"), split, folder)
    }
}
