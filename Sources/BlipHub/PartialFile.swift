import Foundation

/// A blob while it is being fetched: `HASH.incomplete`, kept when the work is interrupted, and its running hash.
///
/// Unchecked: it belongs to one fetch, whose steps follow one another: the session's queue writes while the task waits for it.
final class PartialFile: @unchecked Sendable {
    let file: URL
    private let digest: Digest?
    private var checksum: Checksum
    private let descriptor: Int32
    private(set) var count = 0

    /// Opens the file, and reads what is already in it into the hash.
    ///
    /// What is longer than `size` cannot be a part of the file, and is dropped.
    static func resume(_ file: URL, size: Int?, digest: Digest?) async throws -> PartialFile {
        let partial = try PartialFile(file, digest: digest)
        try await partial.readBack()
        if let size, partial.count > size { try partial.restart() }
        return partial
    }

    private init(_ file: URL, digest: Digest?) throws {
        self.file = file
        self.digest = digest
        checksum = Checksum(digest)
        descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw HubError.system(file.path, code: errno) }
    }

    deinit { close(descriptor) }

    private func readBack() async throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            try Task.checkCancellation()
            // Gigabytes may be waiting; other tasks need the thread too.
            if count % (64 << 20) == 0 { await Task.yield() }
            let got = read(descriptor, buffer.baseAddress, buffer.count)
            if got == 0 { return }
            if got < 0 {
                if errno == EINTR { continue }
                throw HubError.system(file.path, code: errno)
            }
            checksum.update(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            count += got
        }
    }

    func append(_ bytes: Data) throws {
        for region in bytes.regions {
            try region.withUnsafeBytes { buffer in
                var rest = buffer
                while !rest.isEmpty {
                    let written = write(descriptor, rest.baseAddress, rest.count)
                    if written < 0 {
                        if errno == EINTR { continue }
                        throw HubError.system(file.path, code: errno)
                    }
                    checksum.update(UnsafeRawBufferPointer(rebasing: rest[..<written]))
                    count += written
                    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                }
            }
        }
    }

    /// Empties the file.
    func restart() throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw HubError.system(file.path, code: errno) }
        checksum = Checksum(digest)
        count = 0
    }

    /// Nil when the bytes are what the hub published, else their hash.
    func wrongHash() -> String? {
        guard let digest, let found = checksum.finish(), found != digest.text else { return nil }
        return found
    }

    /// Makes it the blob: written out to the disk, then renamed, so that a blob is complete whenever it is there.
    func move(to blob: URL) throws {
        guard fsync(descriptor) == 0 else { throw HubError.system(file.path, code: errno) }
        guard rename(file.path, blob.path) == 0 else { throw HubError.system(blob.path, code: errno) }
    }

    func delete() throws {
        guard unlink(file.path) == 0 || errno == ENOENT else { throw HubError.system(file.path, code: errno) }
    }
}
