import Foundation

/// A lock that ends with the process, whatever ends it: `flock` on a file, as Python's `filelock` takes it.
///
/// Unchecked: the descriptor is only touched under the lock.
final class FileLock: @unchecked Sendable {
    private let mutex = NSLock()
    private var descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { release() }

    /// Nil when somebody else holds it. A file system without locks (some network disks) gives a lock that locks nothing: the files
    /// are checked and renamed into place all the same, so only work is done twice.
    static func take(_ file: URL) throws -> FileLock? {
        try CachedRepository.makeFolder(file.deletingLastPathComponent())
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
        guard descriptor >= 0 else { throw HubError.system(file.path, code: errno) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                close(descriptor)
                return nil
            case ENOLCK, EOPNOTSUPP, ENOSYS: return FileLock(descriptor)
            case let code:
                close(descriptor)
                throw HubError.system(file.path, code: code)
            }
        }
        return FileLock(descriptor)
    }

    /// Waits, without holding a thread, until the lock is free; `waiting` is called once if it is not at first.
    static func wait(for file: URL, waiting: () -> Void = {}) async throws -> FileLock {
        var isFirst = true
        while true {
            try Task.checkCancellation()
            if let lock = try take(file) { return lock }
            if isFirst { waiting() }
            isFirst = false
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func release() {
        mutex.withLock {
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}
