import Foundation

/// Sets that BLIP-2 is pre-trained on, besides COCO and Visual Genome.
extension DatasetDefinition {
    static let sbu = DatasetDefinition(
        DatasetCard(
            name: "sbu", title: "SBU Captions", category: .captioning, role: .extra,
            source: "Ordonez et al., \"Im2Text\", NIPS 2011, http://www.cs.virginia.edu/~vicente/sbucaptions",
            licence: "captions: none stated; pictures: Flickr's terms, each with its own licence",
            splits: [SplitFacts(.train, 1_000_000, note: "pairs; 859,739 in the reference's list, without dead links")],
            files: [
                OfficialFile(
                    "sbu/dataset", from: "http://www.cs.virginia.edu/~vicente/sbucaptions/SBUCaptionedPhotoDataset.tar.gz",
                    note:
                        "its SBU_captioned_photo_dataset_urls.txt and SBU_captioned_photo_dataset_captions.txt; or sbu/sbu.json, a list of "
                        + "{\"image\", \"caption\"} or {\"url\", \"caption\"}"),
                OfficialFile(
                    "sbu/images", from: "http://www.cs.virginia.edu/~vicente/sbucaptions", .images,
                    note: "each of its URL, named as there (4385058960_b0f291553e.jpg). For sbu.json with URLs: \(WebPictures.note)"),
            ])
    ) { folder, _ in
        let (form, url) = try folder.first(of: ["sbu/dataset/SBU_captioned_photo_dataset_captions.txt", "sbu/sbu.json"])
        if form == 1 { return WebCaptions.samples(try .jsonArray(url), folder, pictures: "sbu/images") }
        let captions = try RecordFile.lines(url)
        let urls = try RecordFile.lines(folder.file("sbu/dataset/SBU_captioned_photo_dataset_urls.txt"))
        guard captions.count == urls.count else {
            throw DataError.badRecord(
                place: captions.path, reason: "it has \(captions.count) captions, but \(urls.path) has \(urls.count) URLs; fetch both again"
            )
        }
        return SBUCaptions(folder: folder, captions: captions, urls: urls)
    }

    static let cc3m = DatasetDefinition(
        DatasetCard(
            name: "cc3m", title: "Conceptual Captions", category: .captioning, role: .extra,
            source: "Sharma et al., \"Conceptual Captions\", ACL 2018, https://ai.google.com/research/ConceptualCaptions",
            licence: "annotations: free for any purpose, thanks to Google LLC appreciated; pictures: of the pages they are on",
            splits: [SplitFacts(.train, 3_318_333, note: "pairs"), SplitFacts(.validation, 15_840, note: "pairs")],
            files: [
                OfficialFile(
                    "cc3m/Train_GCC-training.tsv", from: "https://ai.google.com/research/ConceptualCaptions/download", for: [.train],
                    note: "or cc3m/cc3m.json, a list of {\"image\", \"caption\"} or {\"url\", \"caption\"}"),
                OfficialFile(
                    "cc3m/Validation_GCC-1.1.0-Validation.tsv", from: "https://ai.google.com/research/ConceptualCaptions/download",
                    for: [.validation]),
                OfficialFile(
                    "cc3m/train", from: "https://ai.google.com/research/ConceptualCaptions/download", .images, for: [.train],
                    note: WebPictures.note),
                OfficialFile(
                    "cc3m/val", from: "https://ai.google.com/research/ConceptualCaptions/download", .images, for: [.validation],
                    note: WebPictures.note),
            ],
            notes: ["A line is a caption, a tab and a URL; there is no header. Many links are dead by now."])
    ) { folder, split in
        let files = split == .train ? ["cc3m/Train_GCC-training.tsv", "cc3m/cc3m.json"] : ["cc3m/Validation_GCC-1.1.0-Validation.tsv"]
        let (form, url) = try folder.first(of: files)
        let pictures = "cc3m/\(split.rawValue)"
        if form == 1 { return WebCaptions.samples(try .jsonArray(url), folder, pictures: pictures) }
        return WebCaptions.tabbed(try .lines(url), folder, pictures: pictures, urlIsFirst: false)
    }

    static let cc12m = DatasetDefinition(
        DatasetCard(
            name: "cc12m", title: "Conceptual 12M", category: .captioning, role: .extra,
            source: "Changpinyo et al., \"Conceptual 12M\", CVPR 2021, https://github.com/google-research-datasets/conceptual-12m",
            licence: "annotations: free for any purpose, thanks to Google LLC appreciated; pictures: of the pages they are on",
            splits: [SplitFacts(.train, 12_423_374, note: "pairs; 6,029,862 in the reference's list, without dead links")],
            files: [
                OfficialFile(
                    "cc12m/cc12m.tsv", from: "https://storage.googleapis.com/conceptual_12m/cc12m.tsv",
                    note: "or cc12m/cc12m.json, a list of {\"image\", \"caption\"} or {\"url\", \"caption\"}"),
                OfficialFile(
                    "cc12m/train", from: "https://storage.googleapis.com/conceptual_12m/cc12m.tsv", .images, note: WebPictures.note),
            ],
            notes: ["A line is a URL, a tab and a caption; there is no header. Many links are dead by now."])
    ) { folder, _ in
        let (form, url) = try folder.first(of: ["cc12m/cc12m.tsv", "cc12m/cc12m.json"])
        if form == 1 { return WebCaptions.samples(try .jsonArray(url), folder, pictures: "cc12m/train") }
        return WebCaptions.tabbed(try .lines(url), folder, pictures: "cc12m/train", urlIsFirst: true)
    }

    static let laion = DatasetDefinition(
        DatasetCard(
            name: "laion", title: "LAION-115M", category: .captioning, role: .extra,
            source: "Li et al., \"BLIP\", ICML 2022, https://github.com/salesforce/BLIP (pictures of LAION-400M)",
            licence: "captions: none stated beside the files; LAION-400M's are CC BY 4.0; pictures: of the pages they are on",
            splits: [SplitFacts(.train, 115_000_000, note: "pairs, as BLIP-2 rounds them")],
            files: [
                OfficialFile(
                    "laion/laion_synthetic_filtered_large.json",
                    from: "https://storage.googleapis.com/sfr-vision-language-research/BLIP/datasets/laion_synthetic_filtered_large.json",
                    note: "or laion_synthetic_filtered.json or laion_filtered.json from the same place"),
                OfficialFile(
                    "laion/laion_synthetic_filtered_large",
                    from: "https://storage.googleapis.com/sfr-vision-language-research/BLIP/datasets/laion_synthetic_filtered_large.json",
                    .images,
                    note: "a folder of the list's name; \(WebPictures.note)"),
            ],
            notes: [
                "The first of these lists that is there is read: laion_synthetic_filtered_large.json, laion_synthetic_filtered.json, "
                    + "laion_filtered.json. An index of 12 bytes for each pair is held in memory.",
                "LAION-400M itself is published as Parquet and as tar shards, which are read as one's own data.",
            ])
    ) { folder, _ in
        let lists = ["laion_synthetic_filtered_large", "laion_synthetic_filtered", "laion_filtered"].map { "laion/\($0)" }
        let (place, url) = try folder.first(of: lists.map { $0 + ".json" })
        return WebCaptions.samples(try .jsonArray(url), folder, pictures: lists[place])
    }
}

/// Captions in one file, URLs in another, line by line.
private struct SBUCaptions: SampleCollection {
    let folder: DatasetFolder
    let captions: RecordFile
    let urls: RecordFile

    var count: Int { captions.count }

    func sample(_ index: Int) throws -> Sample {
        let url = try urls.text(index).trimmingCharacters(in: .whitespaces)
        guard let name = url.split(separator: "/").last else {
            throw DataError.badRecord(place: urls.place(index), reason: "expected a URL, found nothing")
        }
        return Sample(
            id: String(index), images: [folder.image("sbu/images/\(name)", identity: WebPictures.identity(url))],
            task: .caption(Captions([try captions.text(index).trimmingCharacters(in: .whitespaces)])), facts: ["url": url])
    }
}
