import BlipJSON
import Foundation

/// A picture in a tar shard, called by the extension of its file: `jpg`, or `0.png` in a sample of several.
struct TarPicture: Sendable {
    let name: String
    let image: SampleImage
}

/// Files of a tar archive that stand together and share a base name, which makes them one sample.
struct TarGroup: Sendable {
    struct File: Sendable {
        /// What follows the first dot of the file's name, in lower case.
        let name: String
        let range: Range<Int>
    }

    /// The path up to the first dot of the last part.
    let key: String
    var files: [File]

    /// Source: the rules of the webdataset library for keys and extensions.
    static func parts(_ path: String) -> (key: String, name: String)? {
        let bytes = path.utf8
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
        guard let dot = bytes[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else { return nil }
        return (String(path[..<dot]), path[bytes.index(after: dot)...].lowercased())
    }
}

/// The groups of a shard in their order, in constant memory.
struct TarGroups {
    private var reader: TarReader
    private var pending: TarGroup?

    init(_ url: URL) throws(RecordError) { reader = try TarReader(url) }

    var progress: (done: Int, of: Int) { reader.progress }
    var path: String { reader.path }

    /// The next group; nil after the last. Folders, links and files without an extension or whose name begins with a dot belong to none.
    mutating func next() throws(RecordError) -> TarGroup? {
        while let member = try reader.next() {
            guard member.kind == .file, let (key, name) = TarGroup.parts(member.name) else { continue }
            let file = TarGroup.File(name: name, range: member.range)
            if pending?.key.utf8.elementsEqual(key.utf8) == true {
                pending?.files.append(file)
                continue
            }
            let finished = pending
            pending = TarGroup(key: key, files: [file])
            if let finished { return finished }
        }
        defer { pending = nil }
        return pending
    }

    func bytes(_ file: TarGroup.File) throws(RecordError) -> [UInt8] { try reader.bytes(in: file.range) }
}

/// Makes samples of groups.
struct TarGroupReader: Sendable {
    let rows: RowReader

    private static let pictures = ["jpg", "jpeg", "png", "webp", "gif", "bmp"]
    private static let texts = ["json", "txt", "text", "caption", "cls", "cls2"]
    /// Longest text that is read.
    private static let textLimit = 64 << 20

    func count(_ group: TarGroup, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> Int {
        let parts = try parts(group, place)
        guard let json = parts.json else { return 1 }
        let row = try row(json, place, bytes)
        return try holdsText(row) ? count(row, pictures: parts.pictures.count) : 1
    }

    /// Only what is said decides how many samples there are, so any pictures do.
    private func count(_ row: RecordFields, pictures: Int) throws -> Int {
        try rows.count(row, given: (0..<pictures).map { _ in SampleImage(.bytes([])) })
    }

    func sample(_ group: TarGroup, part: Int, shard: String, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> Sample {
        let parts = try parts(group, place)
        let pictures = parts.pictures.map { file in
            TarPicture(
                name: file.name,
                image: SampleImage(
                    .part(FilePart(path: shard, offset: file.range.lowerBound, count: file.range.count)),
                    // Of `0.jpg` and `1.jpg`, only one could be the picture that the key names.
                    identity: file.name.contains(".") ? nil : PicturePlaces.identity("\(group.key).\(file.name)")))
        }
        var sample: Sample?
        if let json = parts.json {
            let row = try row(json, place, bytes)
            if try holdsText(row) { sample = try rows.sample(row, part: part, number: group.key, given: pictures) }
        }
        if sample == nil {
            // A caption in a text file, or a picture without any: both are what crawls are kept as.
            var captions: [String] = []
            for file in group.files where ["txt", "text", "caption"].contains(file.name) { captions.append(try text(file, place, bytes)) }
            guard !captions.isEmpty || !pictures.isEmpty else {
                throw DataError.badRecord(
                    place: place, reason: "it has neither pictures nor texts among \(group.files.map(\.name).joined(separator: ", "))")
            }
            sample = Sample(id: group.key, images: pictures.map(\.image), task: .caption(Captions(captions)))
        }
        for file in group.files where ["cls", "cls2"].contains(file.name) { sample?.facts["class"] = try text(file, place, bytes) }
        guard let sample else { throw DataError.badRecord(place: place, reason: "it holds nothing") }
        return sample
    }

    func unknownKeys(_ group: TarGroup, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> [String] {
        var unknown: [String] = []
        for file in group.files where !Self.texts.contains(file.name) && !Self.isPicture(file.name) { unknown.append(file.name) }
        if let json = try parts(group, place).json {
            let row = try row(json, place, bytes)
            if try holdsText(row) { unknown += try rows.unknownKeys(row) }
        }
        return unknown
    }

    private func parts(_ group: TarGroup, _ place: String) throws(DataError) -> (json: TarGroup.File?, pictures: [TarGroup.File]) {
        var names: Set<String> = []
        for file in group.files where !names.insert(file.name).inserted {
            throw .badRecord(place: place, reason: "it has two files \".\(file.name)\"; give every file of a sample its own extension")
        }
        return (group.files.first { $0.name == "json" }, group.files.filter { Self.isPicture($0.name) })
    }

    private static func isPicture(_ name: String) -> Bool { name.split(separator: ".").last.map { pictures.contains(String($0)) } ?? false }

    private func row(_ file: TarGroup.File, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> RecordFields {
        let content = try content(file, place, bytes)
        do throws(JSONError) {
            return RecordFields(try JSONValue(parsing: content), place: place)
        } catch {
            throw RecordError.brokenRecord(place: "\(place), .json", reason: error)
        }
    }

    /// Crawls keep a picture's origin in the JSON and its caption in a text file.
    private func holdsText(_ row: RecordFields) throws(DataError) -> Bool {
        do {
            _ = try rows.kind(row)
            return true
        } catch {
            guard row.value.object != nil else { throw error }
            return false
        }
    }

    private func text(_ file: TarGroup.File, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> String {
        guard let text = String(validating: try content(file, place, bytes), as: UTF8.self) else {
            throw RecordError.notText(place: "\(place), .\(file.name)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func content(_ file: TarGroup.File, _ place: String, _ bytes: (TarGroup.File) throws -> [UInt8]) throws -> [UInt8] {
        guard file.range.count <= Self.textLimit else { throw RecordError.tooLong(place: "\(place), .\(file.name)", limit: Self.textLimit) }
        return try bytes(file)
    }
}

/// The samples of tar shards, each to be had by its number: their headers are read once, pictures stay where they are.
struct TarRecords: OwnRecords {
    private struct Entry: Sendable {
        let shard: Int
        let group: TarGroup
    }

    private let shards: [URL]
    private let entries: [Entry]
    private let reader: TarGroupReader

    init(_ shards: [URL], _ rows: RowReader, _ progress: RecordFile.Progress?) throws {
        self.shards = shards
        reader = TarGroupReader(rows: rows)
        var entries: [Entry] = []
        for (place, url) in shards.enumerated() {
            var groups = try TarGroups(url)
            while let group = try groups.next() { entries.append(Entry(shard: place, group: group)) }
            progress?(place + 1, shards.count)
        }
        self.entries = entries
    }

    var isOneSampleEach: Bool { false }
    var count: Int { entries.count }

    func place(_ record: Int) -> String { Self.place(shards[entries[record].shard], entries[record].group) }

    static func place(_ shard: URL, _ group: TarGroup) -> String {
        "\(shard.lastPathComponent), sample \(group.key) (byte \(group.files.first?.range.lowerBound ?? 0))"
    }

    func sampleCount(_ record: Int) throws -> Int { try reader.count(entries[record].group, place(record), source(record)) }
    func sample(_ record: Int, part: Int) throws -> Sample {
        try reader.sample(entries[record].group, part: part, shard: shards[entries[record].shard].path, place(record), source(record))
    }
    func unknownKeys(_ record: Int) throws -> [String] { try reader.unknownKeys(entries[record].group, place(record), source(record)) }

    /// Opened anew for every sample: thousands of shards are more than a process may have open.
    private func source(_ record: Int) -> (TarGroup.File) throws -> [UInt8] {
        let url = shards[entries[record].shard]
        return { try TarReader(url).bytes(in: $0.range) }
    }
}
