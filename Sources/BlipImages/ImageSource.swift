public import Foundation

/// How large a picture may be. Sizes are checked against the file's header, before memory for pixels is spent.
public struct ImageLimits: Sendable, Equatable {
    public var maximumPixels: Int
    /// The most pixels in a row or a column.
    public var maximumSide: Int
    /// The fewest pixels in a row or a column.
    public var minimumSide: Int
    /// The longest file.
    public var maximumBytes: Int
    /// The most frames an animation may have.
    public var maximumFrames = 10_000
    /// The most pixels of an animation that may be composited: its width by its height by the frames up to the last one wanted.
    public var maximumAnimationPixels = 4_000_000_000

    public init(
        maximumPixels: Int = 50_000_000, maximumSide: Int = 20_000, minimumSide: Int = 1, maximumBytes: Int = 256 << 20
    ) {
        self.maximumPixels = maximumPixels
        self.maximumSide = maximumSide
        self.minimumSide = minimumSide
        self.maximumBytes = maximumBytes
    }

    public static let `default` = ImageLimits()

    /// What is wrong with a size, as it completes "it is WxH pixels, but ..."; nil if nothing is.
    func objection(width: Int, height: Int) -> String? {
        let minimum = max(minimumSide, 1)
        if min(width, height) < minimum { return "a side must have at least \(minimum)" }
        if max(width, height) > maximumSide { return "a side may have at most \(maximumSide)" }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow || pixels > maximumPixels ? "a picture may have at most \(maximumPixels) in all" : nil
    }
}

/// Where a picture comes from.
public enum ImageSource: Sendable, Equatable {
    case file(URL)
    case bytes([UInt8])

    public static func data(_ data: Data) -> ImageSource { .bytes([UInt8](data)) }

    /// Reads and decodes the picture.
    ///
    /// - Parameters:
    ///   - limits: What is too large; the defaults allow 50 megapixels.
    ///   - applyOrientation: Turn the picture upright as its EXIF data says.
    ///   - allowTruncated: Take what is there of a file that is cut short, instead of throwing ``ImageError/truncated(source:format:)``.
    public func load(
        limits: ImageLimits = .default, applyOrientation: Bool = true, allowTruncated: Bool = false
    ) throws(ImageError) -> RGBImage {
        try decode(limits: limits, applyOrientation: applyOrientation, allowTruncated: allowTruncated).image
    }

    /// Like ``load(limits:applyOrientation:allowTruncated:)``, and tells what was found on the way.
    public func decode(
        limits: ImageLimits = .default, applyOrientation: Bool = true, allowTruncated: Bool = false
    ) throws(ImageError) -> DecodedImage {
        let bytes = try read(limits: limits)
        let decoder = ImageDecoder(source: label, bytes: bytes, limits: limits, allowTruncated: allowTruncated)
        return try decoder.decode(applyOrientation: applyOrientation)
    }

    /// What the picture's first bytes say: its kind and whether its size is within the limits. Its pixels may be broken all the same.
    public func checkHeader(limits: ImageLimits = .default) throws(ImageError) {
        try ImageDecoder(source: label, bytes: read(limits: limits), limits: limits, allowTruncated: false).checkHeader()
    }

    /// The undecoded bytes, at least one and at most `limits.maximumBytes`.
    public func read(limits: ImageLimits = .default) throws(ImageError) -> [UInt8] {
        let bytes: [UInt8]
        switch self {
        case .file(let url): bytes = try Self.contents(of: url, limit: limits.maximumBytes)
        case .bytes(let given): bytes = given
        }
        guard !bytes.isEmpty else { throw .empty(source: label) }
        guard bytes.count <= limits.maximumBytes else {
            throw .tooManyBytes(source: label, count: bytes.count, limit: limits.maximumBytes)
        }
        return bytes
    }

    /// How messages call the picture.
    var label: String {
        switch self {
        case .file(let url): url.isFileURL ? url.path(percentEncoded: false) : url.absoluteString
        case .bytes: "the image given as bytes"
        }
    }

    private static func contents(of url: URL, limit: Int) throws(ImageError) -> [UInt8] {
        guard url.isFileURL else { throw .unreadableFile(path: url.absoluteString, reason: "only local files can be read") }
        let path = url.path(percentEncoded: false)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { throw .missingFile(path: path) }
        guard !isDirectory.boolValue else { throw .isDirectory(path: path) }
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path(percentEncoded: false))
            // A device or a pipe may never end.
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw ImageError.unreadableFile(path: path, reason: "it is not a regular file")
            }
            let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
            guard size <= limit else { throw ImageError.tooManyBytes(source: path, count: size, limit: limit) }
            let handle = try FileHandle(forReadingFrom: url)
            return [UInt8](try handle.read(upToCount: size + 1) ?? Data())
        } catch let error as ImageError {
            throw error
        } catch {
            throw .unreadableFile(path: path, reason: error.localizedDescription)
        }
    }
}
