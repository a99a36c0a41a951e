import BlipJSON
import Foundation

/// One entry of LLaMA-Factory's register of datasets, `dataset_info.json`.
///
/// Source: LLaMA-Factory, data/README.md. Files and pictures are looked for below the register's folder. Only what lies on this machine is
/// read: entries that must be fetched are refused.
struct DatasetInfo {
    /// Keys that name something on the network or code to run.
    private static let remote = ["hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name"]
    private static let known =
        remote + ["file_name", "formatting", "ranking", "subset", "split", "folder", "num_samples", "columns", "tags"]

    private static let knownColumns = ["prompt", "query", "response", "history", "messages", "system", "images", "videos"] + ranking
    private static let ranking = ["chosen", "rejected", "kto_tag"]
    /// Messages by observations and functions fail, whatever they are called.
    private static let knownTags = [
        "role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag",
    ]
    /// How often a record may be drawn.
    private static let mostRepeats = 1000

    let entry: RecordFields
    let register: URL

    /// The register and the name in `folder/dataset_info.json#name`; nil for a path of another kind.
    static func parts(_ path: String) -> (register: String, name: String)? {
        guard let mark = path.lastIndex(of: "#"), !FileManager.default.fileExists(atPath: path) else { return nil }
        let register = String(path[..<mark])
        guard register.lowercased().hasSuffix(".json") else { return nil }
        return (register, String(path[path.index(after: mark)...]))
    }

    static func names(_ register: URL) throws -> [String] {
        let file = try RecordFile.jsonMembers(register)
        return try (0..<file.count).compactMap { try file.key($0) }
    }

    init(_ register: URL, _ name: String) throws {
        let names = try Self.names(register)
        guard let place = names.firstIndex(of: name) else {
            let near = Spelling.nearest(to: name, among: names)
            throw DataError.unknownDataset(
                name: "\(register.lastPathComponent)#\(name)", nearest: near.isEmpty ? Array(names.prefix(20)) : near)
        }
        let file = try RecordFile.jsonMembers(register)
        entry = RecordFields(try file.json(place), place: "\(register.lastPathComponent)#\(name)")
        self.register = register
    }

    func records(images: String?, trustsPaths: Bool, _ progress: RecordFile.Progress?) throws -> (any OwnRecords, files: [String]) {
        guard entry.value.object != nil else { throw entry.bad("it is not an object; expected one with \"file_name\"") }
        try Self.check(entry, Self.known)
        guard entry.has("file_name") else {
            let found = Self.remote.filter(entry.has)
            throw entry.bad(
                found.isEmpty
                    ? "it has no \"file_name\""
                    : "it is fetched from the network by its \"\(found[0])\", which is not done here; download it and write \"file_name\"")
        }
        if entry.has("ranking"), try entry.flag("ranking") {
            throw entry.bad("it is for ranking, with a better and a worse answer to each question; only instructions are read")
        }
        if let split = try entry.optionalText("split"), split != "train" {
            throw entry.bad("its \"split\" is \"\(split)\", and a file has none but train; write a file for each split")
        }
        let folder = register.deletingLastPathComponent()
        let places = PicturePlaces(images ?? folder.path, trustsPaths: trustsPaths)
        let reader = try reader(places)
        let files = try files(folder, trustsPaths: trustsPaths)
        let parts = try files.map { url -> any OwnRecords in
            let prefix = files.count == 1 ? "" : url.lastPathComponent + "/"
            return url.pathExtension.lowercased() == "csv"
                ? TableRecords(file: try TableFile(url, progress: progress), reader: reader, prefix: prefix)
                : RowRecords(try RowRecords.file(url, progress), reader, prefix: prefix)
        }
        return (try chosen(parts.count == 1 ? parts[0] : JoinedRecords(parts)), files.map(\.path))
    }

    private static func check(_ fields: RecordFields, _ known: [String]) throws(DataError) {
        for member in fields.value.object?.members ?? [] where !known.contains(member.key.description) {
            throw fields.bad("it has \"\(member.key)\", which is not known; expected \(known.joined(separator: ", "))")
        }
    }

    /// A file, or all of a folder of them.
    private func files(_ folder: URL, trustsPaths: Bool) throws -> [URL] {
        // The data file is as little to be trusted as a picture's path.
        let places = PicturePlaces(folder.path, trustsPaths: trustsPaths)
        let inner = try entry.optionalText("folder").map { $0 + "/" } ?? ""
        let path = try places.path(inner + entry.text("file_name"), entry)
        guard PictureFolder.isFolder(path) else { return [URL(fileURLWithPath: path)] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { ["json", "jsonl", "csv"].contains(($0 as NSString).pathExtension.lowercased()) }
        guard !names.isEmpty else { throw entry.bad("the folder \(path) has no .json, .jsonl or .csv file") }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { URL(fileURLWithPath: path + "/" + $0) }
    }

    /// So many records, drawn once and for all; each as often as any other, give or take one, where there are fewer.
    private func chosen(_ records: any OwnRecords) throws -> any OwnRecords {
        guard let wanted = try entry.optionalInteger("num_samples") else { return records }
        guard wanted > 0, records.count > 0 else {
            throw entry.bad("its \"num_samples\" is \(wanted), of \(records.count) records; expected 1 or more")
        }
        // More would be a slip of the pen, and fill the memory.
        let most = min(records.count, Int(Int32.max) / Self.mostRepeats) * Self.mostRepeats
        guard wanted <= most else {
            throw entry.bad("its \"num_samples\" is \(wanted), of \(records.count) records; expected \(most) at most")
        }
        let order = SeededOrder(count: records.count, SeededGenerator(seed: 0, SeededGenerator.key(entry.place)))
        return ChosenRecords(base: records, count: wanted, order: order)
    }

    private func reader(_ places: PicturePlaces) throws -> RowReader {
        var reader = RowReader(places: places)
        let columns = entry.has("columns") ? try entry.object("columns") : RecordFields(.object(JSONObject()), place: entry.place)
        let tags = entry.has("tags") ? try entry.object("tags") : RecordFields(.object(JSONObject()), place: entry.place)
        try Self.check(columns, Self.knownColumns)
        try Self.check(tags, Self.knownTags)
        for name in Self.ranking where columns.has(name) {
            throw columns.bad("it has \"\(name)\", which is for ranking; only instructions are read")
        }
        // Unlike in other files, pictures are read only where the entry names their column.
        let pictures = try columns.optionalText("images").map { [$0] } ?? []
        let clips = try columns.optionalText("videos").map { [$0] } ?? []
        switch try entry.optionalText("formatting") ?? "alpaca" {
        case "alpaca":
            reader.kinds = [.alpaca]
            reader.alpaca = PromptColumns(
                prompt: try columns.optionalText("prompt") ?? "instruction", query: try columns.optionalText("query") ?? "input",
                response: try columns.optionalText("response") ?? "output", history: try columns.optionalText("history"),
                system: try columns.optionalText("system"), pictures: pictures, clips: clips)
        case "sharegpt", "openai":
            let isChat = try entry.optionalText("formatting") == "openai"
            reader.kinds = [.messages]
            reader.messages = DialogColumns(
                messages: try columns.optionalText("messages") ?? (isChat ? "messages" : "conversations"),
                role: try tags.optionalText("role_tag") ?? (isChat ? "role" : "from"),
                content: try tags.optionalText("content_tag") ?? (isChat ? "content" : "value"),
                user: try tags.optionalText("user_tag") ?? (isChat ? "user" : "human"),
                assistant: try tags.optionalText("assistant_tag") ?? (isChat ? "assistant" : "gpt"),
                systemRole: try tags.optionalText("system_tag") ?? "system", system: try columns.optionalText("system"),
                pictures: pictures, clips: clips)
        case let other: throw entry.bad("its \"formatting\" is \"\(other)\"; expected \"alpaca\" or \"sharegpt\"")
        }
        return reader
    }
}
