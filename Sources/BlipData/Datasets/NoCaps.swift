extension DatasetDefinition {
    static let nocaps = DatasetDefinition(
        DatasetCard(
            name: "nocaps", title: "NoCaps", category: .captioning, role: .heldOut,
            source: "Agrawal et al., \"nocaps: novel object captioning at scale\", ICCV 2019, https://nocaps.org",
            licence: "captions: none stated in the files; pictures: those of Open Images (listed there as CC BY 2.0)",
            splits: [
                SplitFacts(.validation, 45_000, note: "captions of 4,500 pictures: 648 in-domain, 2,938 near-domain, 914 out-domain"),
                SplitFacts(.test, 10_600, note: "pictures, whose captions are secret"),
            ],
            evaluation: .validation, metric: "CIDEr",
            files: [
                OfficialFile(
                    "nocaps/nocaps_val_4500_captions.json", from: "https://nocaps.s3.amazonaws.com/nocaps_val_4500_captions.json",
                    for: [.validation], note: "its home is https://nocaps.org/download"),
                OfficialFile(
                    "nocaps/nocaps_test_image_info.json", from: "https://s3.amazonaws.com/nocaps/nocaps_test_image_info.json", for: [.test],
                    note: "its home is https://nocaps.org/download"),
                OfficialFile(
                    "nocaps/val", from: "https://s3.amazonaws.com/nocaps/val/", .images, for: [.validation],
                    note: "each picture from its \"coco_url\", named by its \"file_name\""),
                OfficialFile(
                    "nocaps/test", from: "https://s3.amazonaws.com/nocaps/test/", .images, for: [.test],
                    note: "each picture from its \"coco_url\", named by its \"file_name\""),
            ],
            notes: [
                "A picture's domain is given where the file gives it: nocaps_val_4500_captions.json does, the file that the download page "
                    + "describes does not."
            ]),
        prompt: EvaluationPrompt(
            "A short image description:", evidence: "the paper's appendix E as users quote it (issue 719 of LAVIS; issue 6 of BLIVA)")
    ) { folder, split in
        let isTest = split == .test
        let url = try folder.file("nocaps/" + (isTest ? "nocaps_test_image_info.json" : "nocaps_val_4500_captions.json"))
        let captions = isTest ? nil : try RecordFile.jsonArray(url, at: ["annotations"])
        return CaptionFiles(images: try .jsonArray(url, at: ["images"]), annotations: captions) {
            let id = try $0.identifier("id")
            let image = try folder.image(
                "nocaps/\(split.rawValue)/\($0.text("file_name"))", identity: OpenImages.identity($0.text("open_images_id")))
            var facts = ["image_id": id]
            facts["domain"] = try $0.optionalText("domain")
            return Sample(id: id, images: [image], task: .caption(Captions($1)), facts: facts)
        }
    }
}

/// The pictures of Open Images, which TextVQA, TextCaps and NoCaps share.
enum OpenImages {
    static func identity(_ id: String) -> String { "openimages/\(id)" }
}
