import Foundation

extension ImageSource {
    /// What a model is shown of this source: a picture, or the sampled frames of a clip.
    ///
    /// | source | frames |
    /// |---|---|
    /// | a folder | its pictures by name, `frame2` before `frame10`; only those sampled are decoded |
    /// | an animated GIF, WebP or PNG | its frames as they are seen |
    /// | a video file | through the programs ffprobe and ffmpeg, if they are installed |
    /// | anything else | the one picture |
    ///
    /// Blocks; while a video is read, the current task's cancellation ends it.
    ///
    /// - Parameters:
    ///   - count: at most so many; ``FrameSampling/places(of:count:)`` says which. A shorter clip gives all it has.
    ///   - limits: hold for every frame; all together may have ``ImageLimits/maximumKeptPixels``.
    /// - Throws: ``ImageError``, or `CancellationError`.
    public func frames(
        _ count: Int = FrameSampling.defaultCount, limits: ImageLimits = .default, tools: VideoTools = VideoTools()
    ) throws -> [RGBImage] {
        guard (1...FrameSampling.maximumCount).contains(count) else {
            throw ImageError.frameCountOutOfRange(count: count, limit: FrameSampling.maximumCount)
        }
        if case .file(let url) = self, url.isFileURL {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder), isFolder.boolValue {
                let pictures = try FrameFolder(url: url).pictures()
                return try limits.pictures(of: label, at: FrameSampling.places(of: pictures.count, count: count)) {
                    try ImageSource.file(pictures[$0]).load(limits: limits)
                }
            }
            if SniffedFormat.isVideo(FileHead.bytes(url), name: url.lastPathComponent) {
                let path = url.standardizedFileURL.path(percentEncoded: false)
                return try VideoFile(path: path, tools: tools, limits: limits).frames(count)
            }
        }
        // Read once, for the file may be large.
        let bytes = try read(limits: limits)
        if let animation = try Animation(source: label, bytes: bytes, limits: limits) {
            return try animation.frames(at: FrameSampling.places(of: animation.frameCount, count: count))
        }
        return [try ImageDecoder(source: label, bytes: bytes, limits: limits, allowTruncated: false).decode(applyOrientation: true).image]
    }
}

extension SniffedFormat {
    /// Whether a file is a video: by its first bytes, and by its name where these say nothing.
    static func isVideo(_ head: [UInt8], name: String) -> Bool {
        guard case .other(let found) = SniffedFormat(head), !head.isEmpty else { return false }
        if found == "an MP4 or QuickTime video" || found == "a video" { return true }
        guard found.hasPrefix("data of an unknown kind") else { return false }
        let end = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        return ["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts", "wmv", "flv", "ogv", "3gp"].contains(end)
    }
}
