import Foundation

/// Pictures that a list names by URL, and how they are called where they were downloaded to.
///
/// A list only has URLs, so that the names are the downloader's. Two are known, both by the place of the record in its list:
/// - img2dataset's, with shards of 10,000 as it is set: `00012/000120034.jpg`. It is taken where there is a folder `00000`.
/// - the one of LAVIS's scripts for Conceptual Captions: `120034_3239086386.jpg`, the place and the CRC-32 of the URL.
struct WebPictures: Sendable {
    /// What a card says of it.
    static let note =
        "each of its URL, downloaded by img2dataset as files (00012/000120034.jpg for record 120034, counted from 0), or named by record and CRC-32 of the "
        + "URL as LAVIS's scripts do (120034_3239086386.jpg)"

    private let folder: DatasetFolder
    private let path: String
    private let isSharded: Bool

    /// - Parameter path: the folder of the list's pictures, below the folder of all datasets.
    init(_ folder: DatasetFolder, _ path: String) {
        self.folder = folder
        self.path = path
        isSharded = folder.has(path + "/00000")
    }

    func image(_ record: Int, url: String) -> SampleImage {
        let name = isSharded ? "\(Self.padded(record / 10_000, 5))/\(Self.padded(record, 9)).jpg" : "\(record)_\(Self.crc32(url.utf8)).jpg"
        return folder.image("\(path)/\(name)", identity: Self.identity(url))
    }

    /// The picture of a record that names a file: absolute, or below the folder of the list's pictures.
    func image(file: String) -> SampleImage { file.hasPrefix("/") ? .file(file) : folder.image("\(path)/\(file)") }

    /// Flickr's number of the photo, by which Flickr30K calls it too; elsewhere the URL.
    static func identity(_ url: String) -> String {
        let parts = url.split(separator: "/", omittingEmptySubsequences: true)
        // https:, host, ..., 4385058960_b0f291553e.jpg
        if parts.count > 2, let name = parts.last, [".flickr.com", ".staticflickr.com"].contains(where: parts[1].hasSuffix) {
            let number = name.prefix { $0 != "_" }
            if number.count < name.count, !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber }) { return "flickr/\(number)" }
        }
        return "url/\(url)"
    }

    /// The checksum of zlib, gzip and PNG (polynomial 0xEDB88320).
    static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var rest = UInt32.max
        for byte in bytes {
            rest ^= UInt32(byte)
            for _ in 0..<8 { rest = rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
        }
        return ~rest
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// A JSON list of `{"url", "caption"}`, as BLIP publishes its web captions, or of `{"image", "caption"}`, as LAVIS's scripts leave them.
enum WebCaptions {
    /// - Parameter path: the folder of the list's pictures.
    static func samples(_ list: RecordFile, _ folder: DatasetFolder, pictures path: String) -> MappedRecords {
        let pictures = WebPictures(folder, path)
        return MappedRecords(list) { record, index in
            let caption = Captions([try record.text("caption")])
            if let file = try record.optionalText("image") {
                return Sample(id: String(index), images: [pictures.image(file: file)], task: .caption(caption))
            }
            let url = try record.text("url")
            return Sample(id: String(index), images: [pictures.image(index, url: url)], task: .caption(caption), facts: ["url": url])
        }
    }

    /// Lines of two texts with a tab between them, as Conceptual Captions are published.
    ///
    /// - Parameter urlIsFirst: in the file of 12 million; in the one of 3 million the caption is.
    static func tabbed(_ lines: RecordFile, _ folder: DatasetFolder, pictures path: String, urlIsFirst: Bool) -> PairedLines {
        PairedLines(count: lines.count, pictures: WebPictures(folder, path)) { index in
            let fields = try lines.text(index).split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 2, !fields[0].isEmpty, !fields[1].isEmpty else {
                throw DataError.badRecord(
                    place: lines.place(index),
                    reason: "expected a caption and a URL with one tab between them, found \(fields.count) fields")
            }
            let (first, second) = (
                String(fields[0]).trimmingCharacters(in: .whitespaces), String(fields[1]).trimmingCharacters(in: .whitespaces)
            )
            return urlIsFirst ? (first, second) : (second, first)
        }
    }
}

/// Pairs of URL and caption from anywhere.
struct PairedLines: SampleCollection {
    let count: Int
    let pictures: WebPictures
    let pair: @Sendable (_ index: Int) throws -> (url: String, caption: String)

    func sample(_ index: Int) throws -> Sample {
        let (url, caption) = try pair(index)
        return Sample(
            id: String(index), images: [pictures.image(index, url: url)], task: .caption(Captions([caption])), facts: ["url": url])
    }
}
