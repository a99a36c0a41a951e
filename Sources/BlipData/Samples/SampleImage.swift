/// A picture or a clip that a sample speaks of. It is named, never loaded, here.
public struct SampleImage: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// The absolute path of a picture.
        case file(String)
        /// The absolute path of a video, or of a folder of frames.
        case clip(String)
        /// A stretch of a larger file: a member of an archive, or a cell of a table.
        case part(FilePart)
        case bytes([UInt8])
    }

    public var source: Source
    /// The picture's own name where datasets share pictures, for example `coco/9` or `openimages/0a1b`; nil if it has none. Two samples with
    /// the same identity show the same picture.
    public var identity: String?

    public init(_ source: Source, identity: String? = nil) {
        self.source = source
        self.identity = identity
    }

    /// A picture in a file.
    ///
    /// - Parameter path: absolute.
    public static func file(_ path: String, identity: String? = nil) -> SampleImage { SampleImage(.file(path), identity: identity) }

    /// How messages call it.
    public var label: String {
        switch source {
        case .file(let path), .clip(let path): path
        case .part(let part): "\(part.path) (\(part.count) bytes from byte \(part.offset))"
        case .bytes: identity ?? "a picture given as bytes"
        }
    }
}

/// A stretch of a file that holds one encoded picture.
public struct FilePart: Sendable, Hashable {
    public enum Encoding: String, Sendable, Hashable {
        case raw, base64
    }

    /// Absolute.
    public var path: String
    /// The first byte.
    public var offset: Int
    /// In bytes, as they stand in the file.
    public var count: Int
    public var encoding: Encoding

    public init(path: String, offset: Int, count: Int, encoding: Encoding = .raw) {
        self.path = path
        self.offset = offset
        self.count = count
        self.encoding = encoding
    }
}
