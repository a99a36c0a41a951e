public import Foundation

extension DatasetDefinition {
    static let lavisCaption = DatasetDefinition(
        DatasetCard(
            name: "lavis_caption", title: "LAVIS captions", category: .captioning, role: .extra,
            source: "Li et al., \"LAVIS\", 2022, https://github.com/salesforce/LAVIS",
            licence: "that of the dataset whose captions they are", splits: LAVISFiles.splits("pictures or captions"),
            files: LAVISFiles.files("lavis_caption") {
                "https://storage.googleapis.com/sfr-vision-language-research/datasets/coco_karpathy_\($0).json"
            },
            notes: LAVISFiles.notes)
    ) { folder, split in
        try LAVISCaptions(folder.file("lavis_caption/\(split.rawValue).json"), images: folder.path("lavis_caption/images"))
    }

    static let lavisVQA = DatasetDefinition(
        DatasetCard(
            name: "lavis_vqa", title: "LAVIS questions", category: .questionAnswering, role: .extra,
            source: "Li et al., \"LAVIS\", 2022, https://github.com/salesforce/LAVIS",
            licence: "that of the dataset whose questions they are", splits: LAVISFiles.splits("questions"),
            files: LAVISFiles.files("lavis_vqa") {
                "https://storage.googleapis.com/sfr-vision-language-research/LAVIS/datasets/vqav2/vqa_\($0).json"
            },
            notes: LAVISFiles.notes)
    ) { folder, split in
        try LAVISQuestions(folder.file("lavis_vqa/\(split.rawValue).json"), images: folder.path("lavis_vqa/images"))
    }
}

/// A caption file of LAVIS: a list of `{"image" or "video", "caption"}`, where `caption` is a text, a list of them, or missing.
///
/// In training files a picture comes back with each of its captions; each is a sample.
public struct LAVISCaptions: SampleCollection {
    private let list: RecordFile
    private let images: String

    /// - Parameter images: the absolute path of the folder that the file's paths begin in.
    public init(_ file: URL, images: String) throws {
        list = try .jsonArray(file)
        self.images = images
    }

    public var count: Int { list.count }

    public func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(list, index)
        let captions = Captions(try record.has("caption") ? LAVISFiles.texts(record, "caption") : [])
        var facts: [String: String] = [:]
        facts["image_id"] = try record.optionalIdentifier("image_id")
        return Sample(id: String(index), images: [try LAVISFiles.image(record, images)], task: .caption(captions), facts: facts)
    }
}

/// A question file of LAVIS: a list of `{"image" or "video", "question", "answer"}`, where `answer` is a text, a list of what annotators said,
/// or missing; or with A-OKVQA's `direct_answers`, `choices` and `correct_choice_idx`.
public struct LAVISQuestions: SampleCollection {
    private let list: RecordFile
    private let images: String

    /// - Parameter images: the absolute path of the folder that the file's paths begin in.
    public init(_ file: URL, images: String) throws {
        list = try .jsonArray(file)
        self.images = images
    }

    public var count: Int { list.count }

    public func sample(_ index: Int) throws -> Sample {
        let record = try RecordFields(list, index)
        let key = record.has("answer") ? "answer" : "direct_answers"
        let question = VisualQuestion(
            try record.text("question"), answers: WeightedAnswer.counted(try record.has(key) ? LAVISFiles.texts(record, key) : []))
        var facts: [String: String] = [:]
        for name in ["question_id", "dataset"] { facts[name] = try record.optionalIdentifier(name) }
        return Sample(
            id: facts["question_id"] ?? String(index), images: [try LAVISFiles.image(record, images)], task: .question(question),
            facts: facts)
    }
}

private enum LAVISFiles {
    static let notes = [
        "Any file of this form can stand there under this name; the addresses are examples. Its pictures' paths begin in the folder images, "
            + "which may be a link.",
        "A picture of COCO is known by its file's name, and by its folder where that holds the year.",
    ]

    static func splits(_ what: String) -> [SplitFacts] { Split.withFiles.map { SplitFacts($0, nil, note: what + " of the file") } }

    static func files(_ name: String, from url: (String) -> String) -> [OfficialFile] {
        Split.withFiles.map {
            OfficialFile("\(name)/\($0.rawValue).json", from: url($0.rawValue), for: [$0], note: "or another of this form")
        } + [
            OfficialFile(
                "\(name)/images", from: "https://github.com/salesforce/LAVIS", .images,
                note: "the pictures of the dataset that the file is of")
        ]
    }

    static func texts(_ record: RecordFields, _ key: String) throws -> [String] {
        record.isText(key) ? [try record.text(key)] : try record.texts(key)
    }

    static func image(_ record: RecordFields, _ folder: String) throws -> SampleImage {
        let isClip = !record.has("image") && record.has("video")
        let name = try record.text(isClip ? "video" : "image")
        let path = name.hasPrefix("/") ? name : (folder as NSString).appendingPathComponent(name)
        if isClip { return SampleImage(.clip(path)) }
        return .file(path, identity: PicturePlaces.identity(path))
    }
}
