import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file whose bytes stand in memory without having been copied there.
///
/// The map lives as long as this object. It shows the file as it is *now*: should another program shorten the file while it is mapped,
/// touching the lost part ends the process (SIGBUS). Replace weight files by renaming, as this package does, never by writing into them.
public final class MappedFile: Sendable {
    public let path: String
    /// Size in bytes.
    public let count: Int
    /// Nil for an empty file, which cannot be mapped. The memory is read-only, hence safe to share.
    nonisolated(unsafe) private let base: UnsafeMutableRawPointer?

    /// Maps a regular file; symbolic links are followed.
    ///
    /// - Throws: ``SafetensorsError/system(operation:path:code:)`` or ``SafetensorsError/notAFile(path:found:)``.
    public init(_ url: URL) throws {
        guard url.isFileURL else { throw SafetensorsError.notAFile(path: url.absoluteString, found: "not on this machine") }
        path = url.path
        // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SafetensorsError.system(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }

        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SafetensorsError.system(operation: "examine", path: path, code: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw SafetensorsError.notAFile(path: path, found: "a folder")
        default: throw SafetensorsError.notAFile(path: path, found: "a device or pipe")
        }
        count = Int(status.st_size)
        guard count > 0 else {
            base = nil
            return
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw SafetensorsError.system(operation: "map", path: path, code: errno)
        }
        base = address
    }

    deinit {
        if let base { munmap(base, count) }
    }

    /// All bytes, valid while this object lives.
    public var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Runs `body` on all bytes; they must not be used after it returns.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(unsafeBytes) }
    }

    /// Tells the system that the file will be read once from front to back. Only a hint: a refusal changes nothing but speed.
    public func adviseSequential() { advise(0..<count, POSIX_MADV_SEQUENTIAL) }

    /// Tells the system to start reading these bytes now. Only a hint; what lies outside the file is left out.
    public func adviseWillNeed(_ range: Range<Int>) { advise(range.clamped(to: 0..<count), POSIX_MADV_WILLNEED) }

    /// Gives back the memory of bytes that were read and are not needed again soon; they stay readable, from the file. Without this, a
    /// program that reads a large file through once seems to hold all of it. Only a hint; what lies outside the file is left out.
    public func release(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<count)
        guard let base, !range.isEmpty else { return }
        let page = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
        let start = range.lowerBound / page * page
        // Not posix_madvise, whose POSIX_MADV_DONTNEED does nothing in glibc.
        _ = madvise(base + start, range.upperBound - start, MADV_DONTNEED)
    }

    private func advise(_ range: Range<Int>, _ advice: Int32) {
        guard let base, !range.isEmpty else { return }
        let page = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
        let start = range.lowerBound / page * page
        _ = posix_madvise(base + start, range.upperBound - start, advice)
    }
}

/// The bytes of one tensor where they lie in a mapped file, which they keep alive.
public struct TensorBytes: Sendable {
    /// The map. Whoever keeps ``unsafeBytes`` beyond this value (libtorch's `from_blob`, for one) must retain it.
    public let owner: MappedFile
    /// Place in the file.
    public let range: Range<Int>

    public var count: Int { range.count }

    /// Valid while ``owner`` lives; not necessarily aligned, see ``TensorInfo/isAligned``.
    public var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: owner.unsafeBytes[range]) }

    /// Runs `body` on the bytes; they must not be used after it returns.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(owner) { try body(unsafeBytes) }
    }
}
