extension DatasetDefinition {
    static let cocoCaption = DatasetDefinition(
        DatasetCard(
            name: "coco_caption", title: "COCO Caption", category: .captioning, role: .heldIn,
            source:
                "Lin et al., \"Microsoft COCO\", ECCV 2014, and Chen et al., \"Microsoft COCO Captions\", 2015, https://cocodataset.org",
            licence: "annotations: CC BY 4.0; pictures: Flickr's terms, each with its own licence",
            splits: [
                SplitFacts(.train, 566_747, note: "captions of 113,287 pictures, Karpathy's train and restval"),
                SplitFacts(.validation, 25_010, note: "captions of 5,000 pictures, Karpathy's"),
                SplitFacts(.test, 25_010, note: "captions of 5,000 pictures, Karpathy's"),
            ],
            evaluation: .test, metric: "CIDEr",
            files: [
                OfficialFile(
                    "coco/dataset_coco.json", from: KarpathyFile.url,
                    note: "or the official coco/annotations/captions_train2014.json and captions_val2014.json, for train and val"),
                OfficialFile("coco/train2014", from: "http://images.cocodataset.org/zips/train2014.zip", .images, for: [.train]),
                OfficialFile("coco/val2014", from: "http://images.cocodataset.org/zips/val2014.zip", .images),
            ],
            notes: [
                "Karpathy's splits are used where his file is there. Otherwise the official ones are: 414,113 captions of 82,783 pictures to "
                    + "train on, 202,654 of 40,504 to validate on (http://images.cocodataset.org/annotations/annotations_trainval2014.zip).",
                "The paper speaks of 82K pictures to train on, which is the official file; the list of its successor has the 566,747 captions "
                    + "of Karpathy's.",
                "Karpathy's train and restval lie in both train2014 and val2014.",
            ]),
        prompt: EvaluationPrompt("A short image caption.", evidence: "the reference's configurations of captioning; held in here")
    ) { folder, split in
        let karpathy = "coco/dataset_coco.json"
        let year: COCOImages.Year = split == .train ? .train2014 : .val2014
        let official = "coco/annotations/captions_\(year.rawValue).json"
        let (form, url) = try folder.first(of: split == .test ? [karpathy] : [karpathy, official])
        if form == 1 {
            return CaptionFiles(images: try .jsonArray(url, at: ["images"]), annotations: try .jsonArray(url, at: ["annotations"])) {
                let id = try $0.integer("id")
                let image = folder.image("coco/\(year.rawValue)/\(try $0.text("file_name"))", identity: COCOImages.identity(id))
                return Sample(id: String(id), images: [image], task: .caption(Captions($1)), facts: ["image_id": String(id)])
            }
        }
        return KarpathyFile.samples(try .jsonArray(url, at: ["images"]), split) {
            let id = try $0.integer("cocoid")
            let path = "coco/\(try $0.text("filepath"))/\(try $0.text("filename"))"
            return Sample(
                id: String(id), images: [folder.image(path, identity: COCOImages.identity(id))], task: .caption(Captions($1)),
                facts: ["image_id": String(id), "split": try $0.text("split")])
        }
    }
}
