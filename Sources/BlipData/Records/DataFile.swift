import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open file that is read at any place, from any thread, without being held in memory.
///
/// Not a map: a mapped file that somebody shortens ends the process, and its pages count as the program's memory.
final class DataFile: Sendable {
    let path: String
    /// The last part of the path, for messages.
    let name: String
    /// Size in bytes when it was opened.
    let count: Int
    private let descriptor: Int32

    /// Opens a regular file; symbolic links are followed. Compressed files and the like are refused by their first bytes.
    init(_ url: URL) throws(RecordError) {
        guard url.isFileURL else { throw .notAFile(path: url.absoluteString, found: "not on this machine") }
        path = url.path
        name = url.lastPathComponent
        // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        var status = stat()
        // From here on a thrown error does not run deinit, because `count` is not set yet.
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(operation: "examine", path: path, code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile(path: path, found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe")
        }
        count = Int(status.st_size)
        let beginning = try bytes(0..<min(count, ForeignForm.beginningLength))
        if let form = ForeignForm(of: beginning) { throw .unreadableForm(path: path, found: form.found, remedy: form.remedy) }
    }

    deinit { close(descriptor) }

    /// The bytes of a range inside the file.
    func bytes(_ range: Range<Int>) throws(RecordError) -> [UInt8] {
        var failure: RecordError?
        let result = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initializedCount in
            do throws(RecordError) {
                try read(
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]),
                    at: range.lowerBound)
                initializedCount = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    /// Fills the whole buffer.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(RecordError) {
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            // macOS refuses more than 2 GB at once.
            let got = pread(descriptor, start + done, min(buffer.count - done, 1 << 30), off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            guard got > 0 else { throw .changed(path: path, offset: offset + done) }
            done += got
        }
    }
}

/// What a file's first bytes say that is not read here.
private struct ForeignForm {
    static let beginningLength = 10

    let found: String
    let remedy: String

    init?(of bytes: [UInt8]) {
        func begins(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
        switch true {
        case begins([0x1F, 0x8B, 0x08]): (found, remedy) = ("compressed with gzip", "unpack it first (gunzip)")
        case begins([0x50, 0x4B, 0x03, 0x04]): (found, remedy) = ("a zip archive", "unpack it first (unzip)")
        case begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]): (found, remedy) = ("compressed with xz", "unpack it first (unxz)")
        case begins([0x28, 0xB5, 0x2F, 0xFD]): (found, remedy) = ("compressed with zstd", "unpack it first (unzstd)")
        case begins([0x42, 0x5A, 0x68]) && bytes.dropFirst(4).elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59]):
            (found, remedy) = ("compressed with bzip2", "unpack it first (bunzip2)")
        case begins([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]): (found, remedy) = ("a 7z archive", "unpack it first")
        // The letters alone may begin a text.
        case begins(Array("PAR1".utf8)) && bytes.dropFirst(4).first.map({ $0 < 0x20 }) == true:
            (found, remedy) = ("in Parquet form", "convert it to JSON lines first")
        case begins([0xFF, 0xFE]), begins([0xFE, 0xFF]): (found, remedy) = ("text in UTF-16", "convert it to UTF-8 first")
        default: return nil
        }
    }
}
