import Foundation

/// A folder whose files are the frames of a clip.
struct FrameFolder {
    let url: URL

    /// The pictures in it, `frame2` before `frame10`. What a file is, its first bytes say; hidden files and folders are passed over.
    func pictures() throws(ImageError) -> [URL] {
        let path = url.path(percentEncoded: false)
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw .unreadableFile(path: path, reason: error.localizedDescription)
        }
        let files = names.filter { !$0.hasPrefix(".") }.sorted(by: NaturalOrder.precedes).map { url.appendingPathComponent($0) }
        let pictures = files.filter(Self.isPicture)
        guard !pictures.isEmpty else { throw .noPictures(path: path) }
        return pictures
    }

    private static func isPicture(_ file: URL) -> Bool {
        if case .supported = SniffedFormat(FileHead.bytes(file)) { true } else { false }
    }
}

/// The beginning of a file.
enum FileHead {
    /// Up to 512 bytes; none of what is no regular file, or cannot be read: who opens it in earnest says why.
    static func bytes(_ file: URL) -> [UInt8] {
        var status = stat()
        // A pipe or a device may never answer.
        guard stat(file.path(percentEncoded: false), &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let handle = FileHandle(forReadingAtPath: file.path(percentEncoded: false))
        else { return [] }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(handle.fileDescriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}
