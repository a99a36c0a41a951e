package import Foundation

/// A lock on a file of its own beside the output, which ends with the process, whatever ends it.
///
/// A file system without locks, as some network disks are, gives a lock that locks nothing.
package final class RunLock {
    package enum Kind {
        /// Nobody else has it in any way.
        case alone
        /// Others may have it as ``shared`` too.
        case shared

        var operation: Int32 { self == .alone ? LOCK_EX : LOCK_SH }
    }

    private let file: URL
    private let kind: Kind
    private let descriptor: Int32

    private init(_ file: URL, _ kind: Kind, _ descriptor: Int32) {
        self.file = file
        self.kind = kind
        self.descriptor = descriptor
    }

    /// Whoever is the last to hold it removes the file.
    deinit {
        if kind == .alone || flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(file.path) }
        close(descriptor)
    }

    /// Nil when others hold it in a way that does not go together; `waits` waits for them, otherwise a second, which whoever is just
    /// ending may need.
    package static func take(_ file: URL, _ kind: Kind, waits: Bool = false) throws -> RunLock? {
        let patience = ContinuousClock.now + .seconds(1)
        while true {
            let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
            guard descriptor >= 0 else { throw BatchError.system(file.path) }
            guard try lock(descriptor, kind.operation | (waits ? 0 : LOCK_NB), file.path) else {
                close(descriptor)
                if ContinuousClock.now > patience { return nil }
                usleep(20_000)
                continue
            }
            // Whoever held it may have removed the file: then this is a lock on nothing.
            if isAt(file.path, descriptor) { return RunLock(file, kind, descriptor) }
            close(descriptor)
        }
    }

    /// False when others hold it.
    static func lock(_ descriptor: Int32, _ operation: Int32, _ path: String) throws -> Bool {
        while flock(descriptor, operation) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            case ENOLCK, EOPNOTSUPP, ENOSYS: return true
            case let code: throw BatchError.system(path, code: code)
            }
        }
        return true
    }

    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (held, there) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino && held.st_dev == there.st_dev
    }
}
