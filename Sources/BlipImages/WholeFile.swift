package import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Files that somebody names to have something written to.
package enum WholeFile {
    /// Writes a whole file. One that stands there is replaced as a whole or not at all, behind a link the file it points to; to a device or a
    /// pipe the bytes are written, as replacing it would take it from everybody.
    package static func write(_ data: Data, to url: URL) throws(ImageError) {
        try check(url)
        do {
            guard isSpecial(url.path) else { return try data.write(to: url.resolvingSymlinksInPath(), options: .atomic) }
            let handle = try FileHandle(forWritingTo: url)
            try handle.write(contentsOf: data)
            try handle.close()
        } catch {
            throw .unwritableFile(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Says at once what would keep a file from being written in the end.
    package static func check(_ url: URL) throws(ImageError) {
        let (path, folder) = (url.path, url.deletingLastPathComponent().path)
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { throw .unwritableFile(path: path, reason: "it is a folder; give a file's name") }
            if isSpecial(path) { return }
        }
        guard stat(folder, &status) == 0 else {
            throw .unwritableFile(path: path, reason: "there is no folder \(folder); make it first")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .unwritableFile(path: path, reason: "\(folder) is not a folder") }
        guard access(folder, W_OK) == 0 else {
            throw .unwritableFile(path: path, reason: "nothing may be written in \(folder)")
        }
    }

    /// Whether two paths lead to one file, also through links.
    package static func isSame(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    private static func isSpecial(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }
}
