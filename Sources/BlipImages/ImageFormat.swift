/// The file formats that can be decoded.
public enum ImageFormat: String, Sendable, CaseIterable {
    case jpeg, png, webp, gif

    /// As it stands in messages.
    var name: String {
        switch self {
        case .jpeg: "JPEG"
        case .png: "PNG"
        case .webp: "WebP"
        case .gif: "GIF"
        }
    }

    var article: String { "a \(name)" }
}

/// What the first bytes of a file say it is. Names and declared types are never asked: they are often wrong, and may lie.
enum SniffedFormat: Equatable {
    case supported(ImageFormat)
    /// Something else, as it completes the sentence "it is ...".
    case other(String)

    init(_ bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(512))
        if head.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .supported(.jpeg)
        } else if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .supported(.png)
        } else if head.starts(with: "RIFF".utf8), head.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .supported(.webp)
        } else if head.starts(with: "GIF87a".utf8) || head.starts(with: "GIF89a".utf8) {
            self = .supported(.gif)
        } else {
            self = .other(Self.describe(head))
        }
    }

    private static let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
        (0, Array("GIF8".utf8), "a GIF picture of an unknown version"),
        (0, [0x49, 0x49, 0x2A, 0x00], "a TIFF picture"),
        (0, [0x4D, 0x4D, 0x00, 0x2A], "a TIFF picture"),
        (4, Array("ftypavif".utf8), "an AVIF picture"),
        (4, Array("ftypavis".utf8), "an AVIF picture"),
        (4, Array("ftyphei".utf8), "a HEIC picture"),
        (4, Array("ftyphev".utf8), "a HEIC picture"),
        (4, Array("ftypmif1".utf8), "a HEIF picture"),
        (4, Array("ftypmsf1".utf8), "a HEIF picture"),
        (4, Array("ftyp".utf8), "an MP4 or QuickTime video"),
        (0, [0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL picture"),
        (0, [0xFF, 0x0A], "a JPEG XL picture"),
        (0, [0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20], "a JPEG 2000 picture"),
        (0, [0x00, 0x00, 0x01, 0x00], "an icon file"),
        (0, Array("8BPS".utf8), "a Photoshop document"),
        (0, Array("%PDF".utf8), "a PDF document"),
        (0, Array("%!PS".utf8), "a PostScript document"),
        (4, Array("moov".utf8), "an MP4 or QuickTime video"),
        (4, Array("mdat".utf8), "an MP4 or QuickTime video"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "a video"),  // Matroska, WebM
        (8, Array("AVI LIST".utf8), "a video"),
        (0, [0x00, 0x00, 0x01, 0xBA], "a video"),  // MPEG
        (0, [0x00, 0x00, 0x01, 0xB3], "a video"),
        (0, Array("FLV\u{1}".utf8), "a video"),
        (0, Array("OggS".utf8), "a video"),
        (0, [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11], "a video"),  // Windows Media
        (0, Array("RIFF".utf8), "a RIFF file that is not WebP"),
        (0, [0x50, 0x4B, 0x03, 0x04], "a ZIP archive"),
        (0, [0x1F, 0x8B], "gzip data"),
        (0, [0x89, 0x50, 0x4E, 0x47], "a PNG picture damaged by a text-mode transfer"),
        (0, [0xFF, 0xD8], "the beginning of a JPEG picture without the rest"),
    ]

    private static func describe(_ head: [UInt8]) -> String {
        for signature in signatures where head.dropFirst(signature.offset).starts(with: signature.bytes) { return signature.name }
        // Two letters alone would take texts for pictures; a BMP also says how long its own header is.
        if head.starts(with: "BM".utf8), head.count >= 18, [12, 40, 52, 56, 64, 108, 124].contains(head[14]), head[15] == 0 {
            return "a BMP picture"
        }
        return describeText(head) ?? "data of an unknown kind (it begins with \(hexadecimal(head.prefix(8))))"
    }

    private static func describeText(_ head: [UInt8]) -> String? {
        var head = head[...]
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head = head.dropFirst(3) }
        let isText = head.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) || $0 == 0x1B }
        // The end may cut a character in two, so the last three bytes are not looked at.
        guard isText, !head.isEmpty, String(validating: head.dropLast(head.count > 3 ? trailing(head) : 0), as: UTF8.self) != nil else {
            return nil
        }
        let text = String(decoding: head, as: UTF8.self).lowercased()
        if text.contains("<svg") { return "an SVG drawing" }
        if text.contains("<!doctype html") || text.contains("<html") { return "an HTML page" }
        if text.hasPrefix("version https://git-lfs") { return "a Git LFS pointer, not the picture itself" }
        return "text"
    }

    /// How many bytes at the end belong to a character that may be incomplete.
    private static func trailing(_ bytes: ArraySlice<UInt8>) -> Int {
        var count = 0
        for byte in bytes.suffix(3).reversed() {
            if byte < 0x80 { return count }
            count += 1
            if byte >= 0xC0 { return count }
        }
        return count
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    }
}
