import Foundation

/// Tells the format of own data by its name and by what it holds.
enum FormatFinder {
    /// - Throws: ``DataError/unknownFormat(path:reason:)`` that says what was looked for.
    static func format(of path: String) throws -> OwnDataFormat {
        if DatasetInfo.parts(path) != nil { return .datasetInfo }
        let name = (path as NSString).lastPathComponent.lowercased()
        if name.hasSuffix(".tar") { return .webdataset }
        guard FileManager.default.fileExists(atPath: path) else {
            throw DataError.missingFile(dataset: "this data", path: path, remedy: "check the path")
        }
        if PictureFolder.isFolder(path) { return try folder(path) }
        switch (name as NSString).pathExtension {
        case "tsv": return .tsv
        case "csv": return .folder
        default: break
        }
        if PictureFolder.metadataNames.contains(name) { return .folder }
        let url = URL(fileURLWithPath: path)
        let start = try FileStart(url)
        if start.first == UInt8(ascii: "{"), name.hasSuffix(".json") {
            if let found = try document(url) { return found }
        }
        return try rows(start, url)
    }

    private static func folder(_ path: String) throws -> OwnDataFormat {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        if names.contains("dataset_info.json") {
            let entries = try DatasetInfo.names(URL(fileURLWithPath: path + "/dataset_info.json")).prefix(20).joined(separator: ", ")
            throw DataError.unknownFormat(
                path: path, reason: "it has a register of datasets; open \(path)/dataset_info.json# and the name of one: \(entries)")
        }
        if names.contains(where: PictureFolder.metadataNames.contains) { return .folder }
        return names.contains { $0.lowercased().hasSuffix(".tar") } ? .webdataset : .folder
    }

    /// A JSON object with the records inside; nil if the file is lines of objects.
    private static func document(_ url: URL) throws -> OwnDataFormat? {
        let names: Set<String>
        do {
            names = Set(try RecordFile.jsonMemberNames(url))
        } catch RecordError.structure {
            return nil
        }
        if names.contains("questions") { return .vqa }
        if names.contains("shardlist") { return .webdataset }
        if names.isSuperset(of: ["images", "annotations"]) { return .coco }
        if names.contains("annotations") {
            throw DataError.unknownFormat(
                path: url.path, reason: "it has annotations without images or questions; open the file of questions instead")
        }
        if url.lastPathComponent == "dataset_info.json" { return .datasetInfo }
        return nil
    }

    private static func rows(_ start: FileStart, _ url: URL) throws -> OwnDataFormat {
        let names: Set<String>
        do {
            names = Set(try start.firstNames())
        } catch let error as RecordError {
            if let members = members(url) {
                throw DataError.unknownFormat(
                    path: url.path,
                    reason: "it is one JSON object with \(members); expected a list of records, an object a line, or an object with "
                        + "\"questions\" or with \"images\" and \"annotations\"")
            }
            throw DataError.unknownFormat(path: url.path, reason: "its first record cannot be read: \(error)")
        }
        if names.contains("conversations") { return .llava }
        if names.contains("messages") || names.contains("query") { return .messages }
        if names.isSuperset(of: ["task", "images"]) { return .jsonl }
        if names.isSuperset(of: ["instruction", "output"]) || names.isSuperset(of: ["instruction", "input"]) { return .messages }
        if names.contains("file_name") { return .folder }
        if !names.isDisjoint(with: ["text_input", "instruction", "question", "caption", "captions", "text"]) { return .jsonl }
        let found = names.isEmpty ? "nothing" : names.sorted().prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
        throw DataError.unknownFormat(
            path: url.path,
            reason: "its first record has \(found). These were looked for: \(OwnDataFormat.allCases.map(\.summary).joined(separator: "; "))"
        )
    }

    /// What a file that is one JSON object has; nil for another file.
    private static func members(_ url: URL) -> String? {
        do {
            let names = try RecordFile.jsonMemberNames(url).prefix(20)
            return names.isEmpty ? nil : names.map { "\"\($0)\"" }.joined(separator: ", ")
        } catch { return nil }
    }
}
