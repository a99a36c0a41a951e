public import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that appears whole or not at all: written under another name in the same folder, then renamed. Without ``publish()`` nothing is left.
public final class OutputFile {
    public let path: String
    private let temporary: String
    /// Negative once everything was written.
    private var descriptor: Int32
    /// Whether there is a file under the other name.
    private var isUnnamed = false

    /// - Throws: ``RecordError/notAFile(path:found:)`` where a folder, device or pipe has the name, ``RecordError/system(operation:path:code:)``.
    public init(_ url: URL) throws(RecordError) {
        guard url.isFileURL else { throw .notAFile(path: url.absoluteString, found: "not on this machine") }
        path = url.path
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        temporary = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).\(unique).partial").path
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            descriptor = -1
            throw .notAFile(path: path, found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe")
        }
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(operation: "create", path: path, code: errno) }
        isUnnamed = true
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if isUnnamed { unlink(temporary) }
    }

    public func append(_ bytes: [UInt8]) throws(RecordError) {
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, min(bytes.count - done, 1 << 30)) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system(operation: "write", path: path, code: written < 0 ? errno : EIO) }
            done += written
        }
    }

    /// Ends the writing; the file has no name yet, and is not held open any more.
    func seal() throws(RecordError) {
        guard descriptor >= 0 else { return }
        #if canImport(Darwin)
            // On macOS, fsync leaves the bytes in the drive's cache.
            let isSynced = fcntl(descriptor, F_FULLFSYNC) == 0 || fsync(descriptor) == 0
        #else
            let isSynced = fsync(descriptor) == 0
        #endif
        guard isSynced else { throw .system(operation: "finish", path: path, code: errno) }
        let closing = descriptor
        descriptor = -1
        guard close(closing) == 0 else { throw .system(operation: "close", path: path, code: errno) }
    }

    /// Gives the file its name, in place of an older one.
    public func publish() throws(RecordError) {
        try seal()
        guard rename(temporary, path) == 0 else { throw .system(operation: "rename", path: path, code: errno) }
        isUnnamed = false
    }
}
