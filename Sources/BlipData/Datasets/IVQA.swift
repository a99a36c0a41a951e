import Foundation

extension DatasetDefinition {
    static let ivqa = DatasetDefinition(
        DatasetCard(
            name: "ivqa", title: "iVQA", category: .videoQuestions, role: .heldOut,
            source: "Yang et al., \"Just Ask\", ICCV 2021, https://antoyang.github.io/just-ask.html",
            licence: "annotations: none stated; videos: from YouTube, a part of HowTo100M",
            splits: [
                SplitFacts(.train, 6_000, note: "questions, as its paper rounds"), SplitFacts(.validation, 2_000), SplitFacts(.test, 2_000),
            ],
            evaluation: .test, metric: "iVQA accuracy",
            files: [Split.train, .validation, .test].map {
                OfficialFile(
                    "ivqa/\($0.rawValue).csv", from: "https://drive.google.com/drive/folders/14e7hUcy4Ti25HdRRH5LUpuJTik2cjlzb", for: [$0])
            } + [
                OfficialFile(
                    "ivqa/video", from: "https://github.com/antoyang/just-ask", .videos,
                    note: "the clips are not published: cut them from YouTube's videos between start and end, in seconds, and name them "
                        + "VIDEO_START_END.mp4")
            ],
            notes: [
                "A clip is a file of its own, since the authors' feature extraction reads whole files and tells them by the first eleven "
                    + "characters of their names, the video's id. Any file so named is found; a whole video under that name would be taken "
                    + "for the clip.",
                "An answer counts fully if two of the five annotators gave it.",
            ]),
        prompt: EvaluationPrompt(
            "Question: {question} Short answer:",
            evidence: "appendix E of the paper as remembered; issue 333 of LAVIS quotes the same prompt for the other video questions")
    ) { folder, split in try IVQAClips(TableFile(folder.file("ivqa/\(split.rawValue).csv")), split: split.rawValue, folder) }
}

/// A table of clips with a question and what five annotators answered. Source: `data/videoqa_loader.py` of antoyang/just-ask.
struct IVQAClips: SampleCollection {
    private static let answerColumns = (1...5).map { "answer\($0)" }

    private let table: TableFile
    private let split: String
    private let folder: DatasetFolder
    /// The files of the clip folder by the ids they begin with.
    private let files: [[UInt8]: [String]]

    init(_ table: TableFile, split: String, _ folder: DatasetFolder) throws {
        try table.require("video_id", "start", "end", "question", "answer1")
        self.table = table
        self.split = split
        self.folder = folder
        let names = folder.has("ivqa/video") ? try FileManager.default.contentsOfDirectory(atPath: folder.path("ivqa/video")) : []
        files = Dictionary(grouping: names.sorted()) { Array($0.utf8.prefix(11)) }
    }

    var count: Int { table.count }

    func sample(_ index: Int) throws -> Sample {
        let row = try table.row(index)
        func field(_ column: String) throws(DataError) -> String {
            guard let text = row[column], !text.isEmpty else { throw .badRecord(place: row.place, reason: "it has no \"\(column)\"") }
            return text
        }
        let (id, start, end) = (try field("video_id"), try field("start"), try field("end"))
        let answers = Self.answerColumns.compactMap { row[$0] }.filter { !$0.isEmpty }
        guard !answers.isEmpty else { throw DataError.badRecord(place: row.place, reason: "it has no answer") }
        // The rows have no ids.
        return Sample(
            id: "\(split)-\(index)", images: [clip(id, start: start, end: end)],
            task: .question(VisualQuestion(try field("question"), answers: WeightedAnswer.counted(answers))),
            facts: ["video_id": id, "start": start, "end": end])
    }

    private func clip(_ id: String, start: String, end: String) -> SampleImage {
        let name = "\(id)_\(start)_\(end)"
        let candidates = files[Array(id.utf8.prefix(11)), default: []]
        let file = candidates.first { ($0 as NSString).deletingPathExtension == name } ?? candidates.first ?? "\(name).mp4"
        return folder.clip("ivqa/video/\(file)", identity: "youtube/\(id)/\(start)-\(end)")
    }
}
