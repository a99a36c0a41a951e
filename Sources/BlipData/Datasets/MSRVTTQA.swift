extension DatasetDefinition {
    static let msrvttQA = DatasetDefinition(
        DatasetCard(
            name: "msrvtt_qa", title: "MSRVTT-QA", category: .videoQuestions, role: .heldOut,
            source:
                "Xu et al., \"Video Question Answering via Gradually Refined Attention over Appearance and Motion\", ACM Multimedia 2017, "
                + "https://github.com/xudejing/video-question-answering",
            licence: "annotations: none stated with their code; videos: those of Microsoft's MSR-VTT, from YouTube",
            splits: [
                SplitFacts(.train, 158_581, note: "questions"), SplitFacts(.validation, 12_278), SplitFacts(.test, 72_821),
            ],
            evaluation: .test, metric: "top-1 accuracy",
            files: [
                OfficialFile("msrvtt_qa/train_qa.json", from: MSRVTTVideos.url, note: MSVDVideos.trainNote),
                OfficialFile("msrvtt_qa/val_qa.json", from: MSRVTTVideos.url, for: [.validation]),
                OfficialFile("msrvtt_qa/test_qa.json", from: MSRVTTVideos.url, for: [.test]),
                OfficialFile(
                    "msrvtt_qa/video", from: "https://www.robots.ox.ac.uk/~maxbain/frozen-in-time/data/MSRVTT.zip", .videos,
                    note:
                        "the videos video0.mp4 to video9999.mp4, published by Microsoft as TrainValVideo and TestVideo; unpacked in "
                        + "msrvtt_qa either archive is found under its own name"),
            ],
            notes: [
                "Ranked are the 1,000 answers most frequent in training, as its authors' code chooses them. The paper says neither how "
                    + "many nor which.",
                "The questions were made from captions by a program.",
            ]),
        prompt: .videoQuestion
    ) { folder, split in
        let training = try folder.file("msrvtt_qa/train_qa.json")
        let videos = MSRVTTVideos.place(folder, split)
        return VideoQuestions(
            try .jsonArray(folder.file("msrvtt_qa/\(split.rawValue)_qa.json")),
            vocabulary: split == .train ? nil : AnswerVocabulary(try .jsonArray(training))
        ) { number, _ in folder.clip("\(videos)/video\(number).mp4", identity: "msrvtt/\(number)") }
    }
}

enum MSRVTTVideos {
    static let url = "https://data.mendeley.com/datasets/bvxhs33bw6"

    /// The folder with a split's videos: as the question set's authors have it, as Microsoft's archives, or as the copy that others use.
    static func place(_ folder: DatasetFolder, _ split: Split) -> String {
        let archive = split == .test ? "TestVideo" : "TrainValVideo"
        let places = ["video", archive, "MSRVTT/videos/all"].map { "msrvtt_qa/\($0)" }
        return places.first(where: folder.has) ?? places[0]
    }
}
