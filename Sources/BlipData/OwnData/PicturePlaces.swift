import Foundation

/// Finds the pictures that annotations name, and refuses names that annotations should not have.
///
/// Annotations may come from somebody else, and what they name is read, shown and copied into shards. A path must therefore lie below the
/// pictures' folder, whether it is relative or absolute, unless the one who opens the data says that the paths can be trusted. Symbolic links
/// inside the folder are the owner's own and are followed.
public struct PicturePlaces: Sendable {
    /// Absolute, without a slash at its end unless it is the root of all.
    public let folder: String
    public let trustsPaths: Bool

    /// - Parameter trustsPaths: whether annotations may name files outside of the folder.
    public init(_ folder: String, trustsPaths: Bool = false) {
        let absolute = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        self.folder = "/" + Self.parts(absolute).joined(separator: "/")
        self.trustsPaths = trustsPaths
    }

    /// The picture that a text names: a path, or the picture itself as a data URL.
    ///
    /// - Parameter row: the record that names it.
    /// - Throws: ``DataError/badRecord(place:reason:)`` for what cannot be or must not be a picture's place. Whether the file is there is not
    ///   looked at.
    public func picture(_ text: String, _ row: RecordFields) throws(DataError) -> SampleImage {
        if text.utf8.starts(with: "data:".utf8) { return SampleImage(.bytes(try DataURL.bytes(text, row))) }
        let path = try path(text, row)
        return .file(path, identity: Self.identity(path))
    }

    /// A video, or a folder of frames.
    public func clip(_ text: String, _ row: RecordFields) throws(DataError) -> SampleImage {
        SampleImage(.clip(try path(text, row)))
    }

    /// The absolute path that a text means.
    public func path(_ text: String, _ row: RecordFields) throws(DataError) -> String {
        guard !text.isEmpty else { throw row.bad("it names a picture with an empty text; write a path, or leave the picture out") }
        guard !text.utf8.contains(0) else { throw row.bad("the name of its picture holds a zero byte; write a path") }
        if let scheme = Self.scheme(text) {
            throw row.bad("its picture is at a \(scheme) address, and nothing is fetched here; download it and write its path")
        }
        let absolute = text.hasPrefix("/") ? text : (folder == "/" ? "" : folder) + "/" + text
        if trustsPaths { return absolute }
        let path = Self.isPlain(absolute) ? absolute : "/" + Self.parts(absolute).joined(separator: "/")
        guard folder == "/" || path.utf8.starts(with: (folder + "/").utf8) else {
            throw row.bad(
                "its picture \(text) lies outside of \(folder); open the data with the folder that holds its pictures, or say that its paths can be trusted"
            )
        }
        return path
    }

    /// The parts of an absolute path without `.` and `..`; above the root there is nothing.
    private static func parts(_ path: String) -> [Substring] {
        var parts: [Substring] = []
        // By bytes, as the system does: to Swift a slash before a combining mark is another character.
        for part in path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts
    }

    /// Whether an absolute path has no part that is empty or begins with a dot: most have none, and need not be taken apart.
    private static func isPlain(_ path: String) -> Bool {
        var isAfterSlash = false
        for byte in path.utf8 {
            if isAfterSlash, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return false }
            isAfterSlash = byte == UInt8(ascii: "/")
        }
        return !isAfterSlash
    }

    private static func scheme(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        guard let end = text.range(of: "://") else { return nil }
        let scheme = text[..<end.lowerBound]
        return !scheme.isEmpty && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+") } ? scheme.lowercased() : nil
    }

    /// COCO's pictures are known by their names, so that pictures of evaluation splits are recognised in anyone's data.
    static func identity(_ path: String) -> String? {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
        guard let name = parts.last?.split(separator: UInt8(ascii: ".")).first else { return nil }
        let words = name.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard let digits = words.last, digits.count == 12, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            return nil
        }
        func isYear(_ text: Substring.UTF8View) -> Bool { years.contains { $0.utf8.elementsEqual(text) } }
        let isOld = words.count == 3 && words[0].elementsEqual("COCO".utf8) && isYear(words[1])
        let isNew = words.count == 1 && parts.count > 1 && isYear(parts[parts.count - 2])
        return isOld || isNew ? Int(Substring(digits)).map(COCOImages.identity) : nil
    }

    private static let years = ["train2014", "val2014", "test2014", "test2015", "train2017", "val2017", "test2017", "unlabeled2017"]
}

/// Pictures written into a text: `data:image/png;base64,iVBORw0…`.
enum DataURL {
    static func bytes(_ text: String, _ row: RecordFields) throws(DataError) -> [UInt8] {
        guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else { throw row.bad("its data URL has no comma before the data") }
        let head = text[..<comma].lowercased()
        guard head.hasPrefix("data:image/") || head.hasPrefix("data:application/octet-stream"), head.hasSuffix(";base64") else {
            throw row.bad("its data URL begins with \(head.prefix(60)); expected data:image/…;base64")
        }
        return try base64(text[text.utf8.index(after: comma)...], row)
    }

    static func base64(_ text: some StringProtocol, _ row: RecordFields) throws(DataError) -> [UInt8] {
        guard let bytes = Base64.bytes(text.utf8) else { throw row.bad("its picture is not base64; encode the picture's file as it is") }
        return bytes
    }
}
