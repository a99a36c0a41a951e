import Foundation

extension SampleImage {
    /// More is no picture.
    public static let encodedLimit = 512 << 20

    /// The picture as it is encoded.
    ///
    /// - Parameter limit: the largest picture, in bytes.
    /// - Throws: ``RecordError`` if the file cannot be read or the picture is larger, ``DataError/badRecord(place:reason:)`` for a clip or for
    ///   base64 that is none.
    public func encodedBytes(limit: Int = SampleImage.encodedLimit) throws -> [UInt8] {
        let bytes = try storedBytes(limit)
        guard bytes.count <= limit else { throw RecordError.tooLong(place: label, limit: limit) }
        return bytes
    }

    private func storedBytes(_ limit: Int) throws -> [UInt8] {
        switch source {
        case .bytes(let bytes): return bytes
        case .clip(let path):
            throw DataError.badRecord(place: path, reason: "it is a video or a folder of frames, where a picture is needed")
        case .file(let path):
            let file = try DataFile(URL(fileURLWithPath: path))
            guard file.count <= limit else { throw RecordError.tooLong(place: label, limit: limit) }
            return try file.bytes(0..<file.count)
        case .part(let part):
            let file = try DataFile(URL(fileURLWithPath: part.path))
            let (end, overflow) = part.offset.addingReportingOverflow(part.count)
            guard part.offset >= 0, part.count >= 0, !overflow, end <= file.count else {
                throw DataError.badRecord(place: label, reason: "the file has only \(file.count) bytes; write the list of its parts anew")
            }
            // Base64 takes four bytes for three, and may have its lines broken.
            let stored = part.encoding == .base64 ? part.count / 2 : part.count
            guard stored <= limit else { throw RecordError.tooLong(place: label, limit: limit) }
            let bytes = try file.bytes(part.offset..<end)
            guard part.encoding == .base64 else { return bytes }
            guard let picture = Base64.bytes(bytes) else {
                throw DataError.badRecord(place: label, reason: "it is not base64; encode the picture's file as it is")
            }
            return picture
        }
    }
}

/// Kinds of pictures by their first bytes.
enum PictureKind {
    private static let beginnings: [(name: String, bytes: [UInt8])] = [
        ("jpg", [0xFF, 0xD8, 0xFF]), ("png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), ("gif", Array("GIF8".utf8)),
    ]

    static let names = beginnings.map(\.name) + ["webp"]

    /// The usual extension of such a picture; nil for what is none.
    static func kind(_ bytes: [UInt8]) -> String? {
        if let found = beginnings.first(where: { bytes.starts(with: $0.bytes) }) { return found.name }
        let isWebP = bytes.starts(with: "RIFF".utf8) && bytes.count >= 12 && bytes[8..<12].elementsEqual("WEBP".utf8)
        return isWebP ? "webp" : nil
    }
}
