import Foundation

/// A folder of pictures: with `metadata.jsonl` or `metadata.csv` that says what is in them, or pictures alone.
///
/// Source: the `imagefolder` builder of Hugging Face's datasets. Rows have `file_name` besides the names that ``RowReader`` knows; what else
/// they have becomes facts.
enum PictureFolder {
    static let metadataNames = ["metadata.jsonl", "metadata.csv"]
    private static let splitNames = ["train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation"]
    private static let extensions = ["jpg", "jpeg", "png", "webp", "gif", "bmp"]

    /// - Parameter path: the folder, or its metadata.
    static func records(
        _ path: String, images: String?, trustsPaths: Bool, _ progress: RecordFile.Progress?
    ) throws -> (records: any OwnRecords, file: String, folder: String) {
        guard isFolder(path) else {
            let folder = images ?? URL(fileURLWithPath: path).deletingLastPathComponent().path
            return (try metadata(URL(fileURLWithPath: path), PicturePlaces(folder, trustsPaths: trustsPaths), progress), path, folder)
        }
        if let file = metadataNames.map({ path + "/" + $0 }).first(where: FileManager.default.fileExists) {
            let places = PicturePlaces(images ?? path, trustsPaths: trustsPaths)
            return (try metadata(URL(fileURLWithPath: file), places, progress), file, places.folder)
        }
        let splits = try FileManager.default.contentsOfDirectory(atPath: path).filter {
            splitNames.contains($0) && isFolder(path + "/" + $0)
        }
        if splits.count == 1 {
            return try records(path + "/" + splits[0], images: images, trustsPaths: trustsPaths, progress)
        }
        guard splits.isEmpty else {
            throw DataError.unknownFormat(
                path: path, reason: "it has the splits \(splits.sorted().joined(separator: ", ")); open the folder of one of them")
        }
        return (try PicturesAlone(path), path, path)
    }

    private static func metadata(_ url: URL, _ places: PicturePlaces, _ progress: RecordFile.Progress?) throws -> any OwnRecords {
        var reader = RowReader(places: places)
        reader.keepsExtras = true
        if url.pathExtension.lowercased() == "csv" { return TableRecords(file: try TableFile(url, progress: progress), reader: reader) }
        return RowRecords(try RowRecords.file(url, progress), reader)
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    static func isPicture(_ path: String) -> Bool {
        extensions.contains((path as NSString).pathExtension.lowercased())
    }
}

/// Pictures without texts, in the order of their paths; the folder that one lies in is its class.
struct PicturesAlone: OwnRecords {
    private let folder: String
    private let paths: [String]

    init(_ folder: String) throws {
        var paths: [String] = []
        var folders = [""]
        while let inner = folders.popLast() {
            for name in try Self.names(folder + "/" + inner) {
                let path = inner + name
                if PictureFolder.isPicture(path) {
                    paths.append(path)
                } else if try Self.isFolder(folder + "/" + path) {
                    folders.append(path + "/")
                }
            }
        }
        guard !paths.isEmpty else {
            throw DataError.unknownFormat(
                path: folder, reason: "the folder has no \(PictureFolder.metadataNames.joined(separator: ", ")), tar shards or pictures")
        }
        self.folder = folder
        self.paths = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func names(_ folder: String) throws(DataError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder) } catch { throw unreadable(folder, error) }
    }

    /// A link to a folder is none: it might lead round in a circle.
    private static func isFolder(_ path: String) throws(DataError) -> Bool {
        do { return try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeDirectory } catch {
            throw unreadable(path, error)
        }
    }

    private static func unreadable(_ path: String, _ error: any Error) -> DataError {
        .unknownFormat(path: path, reason: "it cannot be read (\(error.localizedDescription)); allow that, or move it elsewhere")
    }

    var count: Int { paths.count }
    func place(_ record: Int) -> String { paths[record] }

    func sample(_ record: Int, part: Int) throws -> Sample {
        let path = folder + "/" + paths[record]
        let label = (paths[record] as NSString).deletingLastPathComponent
        return Sample(
            id: paths[record], images: [.file(path, identity: PicturePlaces.identity(path))], task: .caption(Captions([])),
            facts: label.isEmpty ? [:] : ["class": label])
    }
}
