import Foundation

/// Data that is not one of the catalog's: anyone's own, in the forms that people keep such data in.
///
/// ```swift
/// let opened = try OwnData.open("train.json", images: "/data/pictures")
/// let first = try opened.samples.sample(0)
/// ```
public enum OwnData {
    /// Opens a file, a folder, shards (`name-{000000..000099}.tar`) or an entry of a register (`dataset_info.json#name`).
    ///
    /// - Parameters:
    ///   - format: nil to tell by what the file holds.
    ///   - images: the folder that pictures are named below; that of the file where nil.
    ///   - annotations: for ``OwnDataFormat/vqa`` alone, the file of answers where it is not found beside the questions by its name.
    ///   - trustsPaths: whether pictures outside of that folder may be named, by absolute paths or by `..`. Say so only of files whose writer
    ///     you trust: what they name is read, shown and copied into shards.
    /// - Throws: ``DataError/unknownFormat(path:reason:)``, ``DataError/missingFile(dataset:path:remedy:)``, or ``RecordError`` for a file that is
    ///   broken as a whole. A broken record is told of when its sample is asked for.
    public static func open(
        _ path: String, format: OwnDataFormat? = nil, images: String? = nil, annotations: String? = nil, trustsPaths: Bool = false,
        progress: RecordFile.Progress? = nil
    ) throws -> OpenedData {
        let format = try format ?? FormatFinder.format(of: path)
        if let annotations, format != .vqa {
            throw DataError.unknownFormat(
                path: annotations, reason: "\(path) is read as \(format.rawValue), and only vqa has its annotations in another file")
        }
        let url = URL(fileURLWithPath: path)
        let folder = images ?? (PictureFolder.isFolder(path) ? path : url.deletingLastPathComponent().path)
        let places = PicturePlaces(folder, trustsPaths: trustsPaths)
        func opened(_ records: any OwnRecords, _ files: [String], folder: String? = nil) throws -> OpenedData {
            OpenedData(format: format, samples: try OwnSamples(records), files: files, images: folder ?? places.folder)
        }
        switch format {
        case .llava, .messages, .jsonl:
            var reader = RowReader(places: places)
            if format == .llava { reader.kinds = [.conversation] }
            if format == .messages { reader.kinds = [.messages, .query, .alpaca] }
            return try opened(RowRecords(try RowRecords.file(existing(path), progress), reader), [url.path])
        case .datasetInfo:
            guard let parts = DatasetInfo.parts(path) else {
                let names = try DatasetInfo.names(existing(path)).prefix(20).joined(separator: ", ")
                throw DataError.unknownFormat(path: path, reason: "it is a register of datasets; add # and the name of one: \(names)")
            }
            let (records, files) = try DatasetInfo(existing(parts.register), parts.name)
                .records(images: images, trustsPaths: trustsPaths, progress)
            return try opened(records, files)
        case .folder:
            _ = try existing(path)
            let (records, file, folder) = try PictureFolder.records(path, images: images, trustsPaths: trustsPaths, progress)
            return try opened(records, [file], folder: folder)
        case .coco: return try opened(CaptionedImages(existing(path), places, progress), [url.path])
        case .vqa:
            let questions = try existing(path)
            let answers = try annotations.map(existing) ?? QuestionPair.annotations(beside: questions)
            return try opened(
                try QuestionPair(questions: questions, annotations: answers, places, progress),
                [url.path] + (answers.map { [$0.path] } ?? []))
        case .tsv: return try opened(BenchmarkTable(existing(path), places, progress), [url.path])
        case .webdataset:
            let shards = try shards(path)
            return try opened(try TarRecords(shards.map { URL(fileURLWithPath: $0) }, RowReader(places: places), progress), shards)
        }
    }

    /// The tar shards that a path means: a name with braces, a list of shards, one shard, or all of a folder in the order of their names.
    public static func shards(_ path: String) throws -> [String] {
        let shards: [String]
        if PictureFolder.isFolder(path) {
            let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.lowercased().hasSuffix(".tar") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            // Shards of several names are several datasets, such as training and validation.
            let kinds = Set(names.map { String($0.dropLast(4).reversed().drop { $0.isNumber }.reversed()) })
            guard kinds.count <= 1 else {
                throw DataError.unknownFormat(
                    path: path,
                    reason:
                        "its shards begin with \(kinds.sorted().joined(separator: ", ")); open one of them, such as \(kinds.sorted()[0]){000000..000009}.tar"
                )
            }
            shards = names.map { path + "/" + $0 }
        } else if path.lowercased().hasSuffix(".json") {
            shards = try ShardList.paths(existing(path))
        } else {
            shards = FileManager.default.fileExists(atPath: path) ? [path] : try ShardNames.expanded(path)
        }
        guard !shards.isEmpty else { throw DataError.unknownFormat(path: path, reason: "it has no tar shards") }
        return try shards.map { try existing($0).path }
    }

    private static func existing(_ path: String) throws(DataError) -> URL {
        guard !path.utf8.contains(0), FileManager.default.fileExists(atPath: path) else {
            throw .missingFile(dataset: "this data", path: path, remedy: "check the path")
        }
        return URL(fileURLWithPath: path)
    }
}

/// Own data that was opened, with what a checker needs besides its samples.
public struct OpenedData: Sendable {
    /// As it was given or found.
    public let format: OwnDataFormat
    public let samples: OwnSamples
    /// The files that were read for it.
    public let files: [String]
    /// The folder that pictures are named below.
    public let images: String
}
