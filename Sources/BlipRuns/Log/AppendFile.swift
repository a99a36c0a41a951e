import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that grows by whole records: each in one write, and cut back if the disk takes only a part of it.
struct AppendFile: ~Copyable {
    let path: String
    private let descriptor: Int32
    private var length: Int

    /// Creates a file that is not there yet; nil if it is.
    static func createNew(_ url: URL) throws(RunError) -> AppendFile? {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o664)
        if descriptor < 0, errno == EEXIST { return nil }
        guard descriptor >= 0 else { throw .system(operation: "created", path: url.path, code: errno) }
        return AppendFile(path: url.path, descriptor: descriptor, length: 0)
    }

    /// Opens or creates a file and keeps other processes from doing so until it is closed, even by a crash.
    ///
    /// A file system without locks gives a file without one.
    static func openLocked(_ url: URL) throws(RunError) -> AppendFile {
        let descriptor = open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o664)
        guard descriptor >= 0 else { throw .system(operation: "opened", path: url.path, code: errno) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            if code == ENOLCK || code == EOPNOTSUPP || code == ENOSYS { break }
            close(descriptor)
            throw code == EWOULDBLOCK ? .busy(path: url.path) : .system(operation: "locked", path: url.path, code: code)
        }
        let length = lseek(descriptor, 0, SEEK_END)
        guard length >= 0 else {
            let code = errno
            close(descriptor)
            throw .system(operation: "measured", path: url.path, code: code)
        }
        return AppendFile(path: url.path, descriptor: descriptor, length: Int(length))
    }

    private init(path: String, descriptor: Int32, length: Int) {
        self.path = path
        self.descriptor = descriptor
        self.length = length
    }

    deinit { close(descriptor) }

    mutating func append(_ bytes: [UInt8]) throws(RunError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : EIO
                // Half a record would make one unreadable line with the next. If even this fails, the first reason is the one to tell.
                if done > 0 { ftruncate(descriptor, off_t(length)) }
                throw .system(operation: "written", path: path, code: code)
            }
            done += count
        }
        length += bytes.count
    }

    /// Cuts off what stands behind so many bytes.
    mutating func truncate(to newLength: Int) throws(RunError) {
        guard ftruncate(descriptor, off_t(newLength)) == 0 else { throw .system(operation: "shortened", path: path, code: errno) }
        length = newLength
    }

    /// Waits until the disk has everything.
    func synchronize() throws(RunError) {
        #if canImport(Darwin)
            // On macOS, fsync leaves the bytes in the drive's cache.
            let isSynced = fcntl(descriptor, F_FULLFSYNC) == 0 || fsync(descriptor) == 0
        #else
            let isSynced = fsync(descriptor) == 0
        #endif
        // Pipes and devices have nothing to wait for.
        guard isSynced || errno == EINVAL || errno == ENOTSUP else { throw .system(operation: "finished", path: path, code: errno) }
    }
}
