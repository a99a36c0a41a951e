import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that appears whole or not at all: written under another name in the same folder, then renamed.
///
/// ``append(_:)`` as often as needed, ``seal()``, ``publish()``. Without the last, the file that stood there before stays as it was and the
/// unfinished one is removed, at the latest when this object goes. A process that is killed leaves `.<name>.<random>.partial` behind.
package final class AtomicFile {
    /// `write(2)`; tests put a full disk here.
    package typealias SystemWrite = (_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int

    package static let writeToDescriptor: @Sendable (Int32, UnsafeRawPointer, Int) -> Int = { write($0, $1, $2) }

    let path: String
    let folder: URL
    private let temporary: String
    private let expectedByteCount: Int
    private let systemWrite: SystemWrite
    private var descriptor: Int32 = -1
    private var isPending = true

    /// Creates the temporary file.
    ///
    /// - Parameter byteCount: how much will be written; not negative.
    package init(_ url: URL, byteCount: Int, systemWrite: @escaping SystemWrite = AtomicFile.writeToDescriptor) throws {
        path = url.path
        folder = url.deletingLastPathComponent()
        self.systemWrite = systemWrite
        expectedByteCount = byteCount
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        temporary = folder.appending(path: ".\(url.lastPathComponent).\(unique).partial").path
        if let found = Self.objection(to: path) {
            isPending = false
            throw SafetensorsError.notAFile(path: path, found: found)
        }
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            isPending = false
            throw failure("create")
        }
        try checkRoom(byteCount)
    }

    deinit { abandon() }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            // macOS refuses more than 2 GB at once.
            let written = systemWrite(descriptor, start, min(rest.count, 1 << 30))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("write", code: written < 0 ? errno : EIO) }
            rest = rest.dropFirst(written)
        }
    }

    /// What stands at a path and must not be replaced; nil for a file or nothing. Renaming over `/dev/null` would take it from everybody.
    private static func objection(to path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFDIR: return "a folder"
        default: return "a device or pipe"
        }
    }

    /// Brings the bytes to the disk, if they must outlive a power cut, and closes the file.
    package func seal(durably: Bool = true) throws {
        #if canImport(Darwin)
            // On macOS, fsync leaves the bytes in the drive's cache.
            let isSynced = !durably || fcntl(descriptor, F_FULLFSYNC) == 0 || fsync(descriptor) == 0
        #else
            let isSynced = !durably || fsync(descriptor) == 0
        #endif
        guard isSynced else { throw failure("finish") }
        let closing = descriptor
        descriptor = -1
        guard close(closing) == 0 else { throw failure("close") }
    }

    /// Gives the sealed file its name, in place of an older file of that name.
    package func publish() throws {
        guard rename(temporary, path) == 0 else { throw failure("rename to") }
        isPending = false
    }

    /// Removes the unfinished file; does nothing after ``publish()``.
    package func abandon() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if isPending { unlink(temporary) }
        isPending = false
    }

    /// Writes a whole file at once.
    package static func writeWhole(_ data: Data, to url: URL) throws {
        let file = try AtomicFile(url, byteCount: data.count)
        try data.withUnsafeBytes { try file.append($0) }
        try file.seal()
        try file.publish()
        try syncFolder(file.folder)
    }

    /// Brings the names in a folder to the disk, so that a rename survives a power cut.
    package static func syncFolder(_ folder: URL) throws {
        let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SafetensorsError.system(operation: "open", path: folder.path, code: errno) }
        defer { close(descriptor) }
        // Some network file systems cannot do this for folders, and say so with these two.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
            throw SafetensorsError.system(operation: "finish", path: folder.path, code: errno)
        }
    }

    /// Refuses what cannot fit, so that a full disk shows before hours of writing.
    private func checkRoom(_ byteCount: Int) throws {
        var status = statvfs()
        // A file system that does not tell its size says 0 blocks.
        guard fstatvfs(descriptor, &status) == 0, status.f_blocks > 0 else { return }
        let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        if !overflow, free < UInt64(byteCount) { throw failure("write", code: ENOSPC) }
    }

    private func failure(_ operation: String, code: Int32 = errno) -> SafetensorsError {
        if code == ENOSPC || code == EDQUOT { return .diskFull(path: path, bytes: expectedByteCount) }
        return .system(operation: operation, path: path, code: code)
    }
}
