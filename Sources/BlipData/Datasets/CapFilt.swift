extension DatasetDefinition {
    static let capfilt = DatasetDefinition(
        DatasetCard(
            name: "capfilt", title: "Web CapFilt", category: .captioning, role: .heldIn,
            source: "Li et al., \"BLIP\", ICML 2022, https://github.com/salesforce/BLIP (pictures of CC3M, CC12M and SBU)",
            licence: "captions: none stated beside the files; pictures: of the pages they are on",
            splits: [SplitFacts(.train, 13_873_136, note: "pairs in the list of the paper's successor; the paper says 14 million")],
            files: [
                OfficialFile(
                    "capfilt/ccs_synthetic_filtered_large.json",
                    from: "https://storage.googleapis.com/sfr-vision-language-research/BLIP/datasets/ccs_synthetic_filtered_large.json",
                    note: "or ccs_synthetic_filtered.json or ccs_filtered.json from the same place"),
                OfficialFile(
                    "capfilt/ccs_synthetic_filtered_large",
                    from: "https://storage.googleapis.com/sfr-vision-language-research/BLIP/datasets/ccs_synthetic_filtered_large.json",
                    .images,
                    note: "a folder of the list's name; \(WebPictures.note)"),
            ],
            notes: [
                "The first of these lists that is there is read: ccs_synthetic_filtered_large.json, ccs_synthetic_filtered.json, "
                    + "ccs_filtered.json, annotation.json. Pictures lie in a folder of the list's name without .json.",
                "annotation.json is the list of the paper's successor, which names files "
                    + "(https://storage.googleapis.com/sfr-xinstructblip-data-research/data/capfilt14m/annotation.json).",
                "Which list the paper took, and how many of its pictures it still found, is not published. Many links are dead by now.",
            ])
    ) { folder, _ in
        let lists = ["ccs_synthetic_filtered_large", "ccs_synthetic_filtered", "ccs_filtered", "annotation"].map { "capfilt/\($0)" }
        let (place, url) = try folder.first(of: lists.map { $0 + ".json" })
        return WebCaptions.samples(try .jsonArray(url), folder, pictures: lists[place])
    }
}
