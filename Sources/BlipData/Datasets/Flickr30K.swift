import Foundation

extension DatasetDefinition {
    static let flickr30k = DatasetDefinition(
        DatasetCard(
            name: "flickr30k", title: "Flickr30K", category: .captioning, role: .heldOut,
            source: "Young et al., \"From image descriptions to visual denotations\", TACL 2014, "
                + "https://shannon.cs.illinois.edu/DenotationGraph",
            licence: "captions: for non-commercial research and education, on request; pictures: Flickr's terms",
            splits: [
                SplitFacts(.train, 145_000, note: "captions of 29,000 pictures, Karpathy's"),
                SplitFacts(.validation, 5_070, note: "captions of 1,014 pictures, Karpathy's"),
                SplitFacts(.test, 5_000, note: "captions of 1,000 pictures"),
            ],
            evaluation: .test, metric: "CIDEr",
            files: [
                OfficialFile(
                    "flickr30k/dataset_flickr30k.json", from: KarpathyFile.url,
                    note: "or the official flickr30k/results_20130124.token, which needs train.txt, val.txt and test.txt of Flickr30k "
                        + "Entities beside it"),
                OfficialFile(
                    "flickr30k/flickr30k-images", from: "https://shannon.cs.illinois.edu/DenotationGraph", .images,
                    note: "flickr30k-images.tar.gz, on request"),
            ],
            notes: [
                "The official captions are tokenized: punctuation stands apart. Karpathy's file has them as they were written.",
                "The official captions have no splits. Those of Flickr30k Entities (https://github.com/BryanPlummer/flickr30k_entities) are "
                    + "29,783, 1,000 and 1,000 pictures.",
            ]),
        prompt: EvaluationPrompt(
            "A short image description:", evidence: "the paper's appendix E as users quote it (issue 719 of LAVIS; issue 6 of BLIVA)")
    ) { folder, split in
        let (form, url) = try folder.first(of: ["flickr30k/dataset_flickr30k.json", "flickr30k/results_20130124.token"])
        guard form == 0 else {
            let names = try RecordFile.lines(folder.file("flickr30k/\(split.rawValue).txt"))
            return try TokenFile(try .lines(url), of: (0..<names.count).map(names.text)) {
                Flickr30KPictures.sample("\($0).jpg", $1, folder)
            }
        }
        return KarpathyFile.samples(try .jsonArray(url, at: ["images"]), split) {
            Flickr30KPictures.sample(try $0.text("filename"), $1, folder)
        }
    }
}

private enum Flickr30KPictures {
    /// - Parameter file: its name is the number that Flickr gave the photo.
    static func sample(_ file: String, _ captions: [String], _ folder: DatasetFolder) -> Sample {
        let id = file.hasSuffix(".jpg") ? String(file.dropLast(4)) : file
        return Sample(
            id: id, images: [folder.image("flickr30k/flickr30k-images/\(file)", identity: "flickr/\(id)")],
            task: .caption(Captions(captions)), facts: ["image_id": id])
    }
}

/// Lines of `1000092795.jpg#0`, a tab and a caption, for some pictures. A line that is not so is a sample that fails.
struct TokenFile: SampleCollection {
    private let lines: RecordFile
    private let read: @Sendable (_ picture: String, _ captions: [String]) -> Sample
    private let pictures: [String]
    private let places: [String: [Int]]
    private let broken: [Int]

    /// - Parameter pictures: their names without extension, in the order wanted.
    init(
        _ lines: RecordFile, of pictures: [String], sample: @escaping @Sendable (_ picture: String, _ captions: [String]) -> Sample
    ) throws {
        self.lines = lines
        read = sample
        let pictures = pictures.map { $0.trimmingCharacters(in: .whitespaces) }
        self.pictures = pictures
        var places = Dictionary(pictures.map { ($0, [Int]()) }) { first, _ in first }
        var broken: [Int] = []
        for index in 0..<lines.count {
            do { places[try Self.parse(lines, index).picture]?.append(index) } catch { broken.append(index) }
        }
        self.places = places
        self.broken = broken
    }

    var count: Int { pictures.count + broken.count }
    var size: Int { places.values.reduce(broken.count) { $0 + $1.count } }

    func sample(_ index: Int) throws -> Sample {
        if index >= pictures.count {
            let line = try Self.parse(lines, broken[index - pictures.count])
            throw DataError.badRecord(
                place: lines.place(broken[index - pictures.count]), reason: "its picture \(line.picture) is not known")
        }
        let picture = pictures[index]
        let captions = try (places[picture] ?? []).map { try Self.parse(lines, $0).caption }
        guard !captions.isEmpty else { throw DataError.badRecord(place: lines.path, reason: "no line has a caption of \(picture)") }
        return read(picture, captions)
    }

    private static func parse(_ lines: RecordFile, _ index: Int) throws -> (picture: String, caption: String) {
        let fields = try lines.text(index).split(separator: "\t", maxSplits: 1)
        guard fields.count == 2, let end = fields[0].lastIndex(of: "#") else {
            throw DataError.badRecord(place: lines.place(index), reason: "expected a file's name, #, a number, a tab and a caption")
        }
        let file = fields[0][..<end]
        return (String(file.hasSuffix(".jpg") ? file.dropLast(4) : file), String(fields[1]).trimmingCharacters(in: .whitespaces))
    }
}
