import Foundation

/// Reads pictures from the folder that is set aside for them.
struct LocalMedia: Sendable {
    let folder: URL
    let maximumBytes: Int

    /// - Parameter text: `file:///absolute/path`.
    func read(_ text: String, param: String) throws -> [UInt8] {
        // Whether a file lies elsewhere or is not there at all is nobody's business.
        let missing = Refusal.badPicture(param, "there is no such picture in the folder of pictures", code: "image_file")
        guard let path = Self.path(text), let root = Self.resolved(folder.path), let real = Self.resolved(path),
            real.hasPrefix(root.hasSuffix("/") ? root : root + "/")
        else { throw missing }
        let attributes: [FileAttributeKey: Any]
        do { attributes = try FileManager.default.attributesOfItem(atPath: real) } catch { throw missing }
        guard attributes[.type] as? FileAttributeType == .typeRegular else { throw missing }
        let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
        guard size <= maximumBytes else {
            throw Refusal.tooLarge("the picture has \(size) bytes; \(maximumBytes) at most are taken", param: param)
        }
        // The last part may have become a link or a pipe since: neither is followed, waited for, or read beyond the limit.
        let descriptor = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw missing }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do { return [UInt8](try handle.read(upToCount: maximumBytes) ?? Data()) } catch { throw missing }
    }

    private static func path(_ text: String) -> String? {
        guard text.utf8.count <= 4096, text.lowercased().hasPrefix("file://") else { return nil }
        var rest = text.dropFirst(7)
        if rest.lowercased().hasPrefix("localhost/") { rest = rest.dropFirst(9) }
        guard rest.hasPrefix("/"), let path = String(rest).removingPercentEncoding, !path.utf8.contains(0) else { return nil }
        return path
    }

    /// Without links and dots; nil where there is nothing.
    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
