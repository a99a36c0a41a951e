extension DatasetDefinition {
    static let msvdQA = DatasetDefinition(
        DatasetCard(
            name: "msvd_qa", title: "MSVD-QA", category: .videoQuestions, role: .heldOut,
            source:
                "Xu et al., \"Video Question Answering via Gradually Refined Attention over Appearance and Motion\", ACM Multimedia 2017, "
                + "https://github.com/xudejing/video-question-answering",
            licence: "annotations: none stated with their code; videos: those of Microsoft's video description corpus, from YouTube",
            splits: [
                SplitFacts(.train, 30_933, note: "questions"), SplitFacts(.validation, 6_415), SplitFacts(.test, 13_157),
            ],
            evaluation: .test, metric: "top-1 accuracy",
            files: [
                OfficialFile("msvd_qa/train_qa.json", from: MSVDVideos.url, note: MSVDVideos.trainNote),
                OfficialFile("msvd_qa/val_qa.json", from: MSVDVideos.url, for: [.validation]),
                OfficialFile("msvd_qa/test_qa.json", from: MSVDVideos.url, for: [.test]),
                OfficialFile(
                    MSVDVideos.mapping, from: MSVDVideos.url,
                    note: "lines like \"-4wsuPCjDBc_5_15 vid1\"; or name the videos vid1.avi and so on, in msvd_qa/video"),
                OfficialFile(
                    "msvd_qa/YouTubeClips", from: "https://www.cs.utexas.edu/users/ml/clamp/videoDescription/YouTubeClips.tar", .videos),
            ],
            notes: [
                "Ranked are the 1,000 answers most frequent in training, as its authors' code chooses them. The paper says neither how "
                    + "many nor which; the reference code ranks 2,423, those of all splits together.",
                "The questions were made from captions by a program.",
            ]),
        prompt: .videoQuestion
    ) { folder, split in
        let training = try folder.file("msvd_qa/train_qa.json")
        let videos = try MSVDVideos(folder)
        return VideoQuestions(
            try .jsonArray(folder.file("msvd_qa/\(split.rawValue)_qa.json")),
            vocabulary: split == .train ? nil : AnswerVocabulary(try .jsonArray(training)), video: videos.video)
    }
}

extension EvaluationPrompt {
    /// What MSVD-QA and MSRVTT-QA are asked with.
    static let videoQuestion = EvaluationPrompt(
        "Question: {question} Short answer:", .rank,
        evidence: "issue 333 of LAVIS quotes it; section 2.5 of the paper names both sets among those it ranks, over their answers")
}

/// The videos of MSVD by the numbers that the questions use.
struct MSVDVideos: Sendable {
    static let url = "https://data.mendeley.com/datasets/h5j7cpwnvn"
    static let trainNote = "other splits need it too: its answers are what is ranked"
    static let mapping = "msvd_qa/youtube_mapping.txt"

    private let folder: DatasetFolder
    /// The names of the official files; nil where the videos are named by number.
    private let names: [Int: String]?

    init(_ folder: DatasetFolder) throws {
        self.folder = folder
        if !folder.has(Self.mapping), folder.has("msvd_qa/video") {
            names = nil
            return
        }
        let lines = try RecordFile.lines(folder.file(Self.mapping))
        var names: [Int: String] = [:]
        for index in 0..<lines.count {
            let words = try lines.text(index).split(separator: " ")
            guard words.count == 2, words[1].hasPrefix("vid"), let number = Int(words[1].dropFirst(3)) else {
                throw DataError.badRecord(place: lines.place(index), reason: "expected a file's name and a number like vid12")
            }
            names[number] = String(words[0])
        }
        self.names = names
    }

    @Sendable func video(_ number: Int, _ record: RecordFields) throws -> SampleImage {
        guard let names else { return folder.clip("msvd_qa/video/vid\(number).avi", identity: "msvd/\(number)") }
        guard let name = names[number] else { throw record.bad("no line of youtube_mapping.txt has its video vid\(number)") }
        return folder.clip("msvd_qa/YouTubeClips/\(name).avi", identity: "msvd/\(number)")
    }
}
