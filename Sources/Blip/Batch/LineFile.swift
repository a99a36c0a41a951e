import Foundation

/// A file of JSON lines that a run appends to, or an earlier one left.
struct LineFile {
    let url: URL

    /// A finished line of the output.
    struct Line {
        let index: Int
        /// With the line break.
        let bytes: ArraySlice<UInt8>
        /// The sentence of an error line; nil for an answer.
        let error: String?
    }

    /// What a file holds.
    struct Contents {
        var lines: [Line] = []
        /// Where the last whole line ends.
        var byteCount = 0
        /// Something behind it: a line that was cut off.
        var hasTail = false

        var isAscending: Bool { zip(lines, lines.dropFirst()).allSatisfy { $0.index < $1.index } }
    }

    var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

    /// Whether there is anything in it.
    var hasContents: Bool {
        var status = stat()
        return stat(url.path, &status) == 0 && status.st_size > 0
    }

    /// - Parameter skipping: whether a line that belongs to no question is passed over instead of being an error.
    /// - Throws: ``BatchError/foreignLine(path:line:reason:)``; also for a file of something else, which has no whole line of the output
    ///   and does not begin like one.
    func read(_ questions: BatchQuestions, skipping: (_ line: ArraySlice<UInt8>) -> Bool = { _ in false }) throws -> Contents {
        var contents = Contents()
        let bytes = try bytes()
        var (start, number) = (0, 0)
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            number += 1
            let line = bytes[start...end]
            do {
                let (index, error) = try questions.match(line.dropLast())
                contents.lines.append(Line(index: index, bytes: line, error: error))
            } catch {
                // The last line may be what a full disk or a power cut left of one.
                let isLast = end == bytes.count - 1
                if isLast, !(error is JSONLine.Mismatch) { break }
                guard skipping(line) else {
                    let reason = (error as? JSONLine.Mismatch)?.reason ?? "\(error)"
                    let remedy = BatchQuestions.isError(line) ? "; it is an error, and goes when errors are tried again" : ""
                    throw BatchError.foreignLine(path: url.path, line: number, reason: reason + remedy)
                }
            }
            start = end + 1
            contents.byteCount = start
        }
        contents.hasTail = contents.byteCount < bytes.count
        // A tail is cut off: without a line before it, it must be seen to be ours.
        if contents.byteCount == 0, contents.hasTail, !questions.isBeginning(bytes), !skipping(bytes[...]) {
            throw BatchError.foreignLine(path: url.path, line: 1, reason: "it does not begin like an answer to one of them")
        }
        return contents
    }

    private func bytes() throws -> [UInt8] {
        guard exists else { return [] }
        do { return [UInt8](try Data(contentsOf: url)) } catch {
            throw BatchError.unreadable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Replaces the file as a whole, or leaves it as it was.
    func write(_ lines: some Sequence<Line>) throws {
        let new = url.deletingLastPathComponent().appendingPathComponent("\(url.lastPathComponent).new-\(getpid())")
        do {
            let file = try Appender(new)
            try file.truncate(to: 0)
            var buffer: [UInt8] = []
            for line in lines {
                buffer += line.bytes
                if buffer.count > 1 << 20 {
                    try file.append(buffer)
                    buffer.removeAll(keepingCapacity: true)
                }
            }
            try file.append(buffer)
            try file.synchronize()
            guard rename(new.path, url.path) == 0 else { throw BatchError.system(url.path) }
        } catch {
            unlink(new.path)
            throw error
        }
    }

    func remove() throws {
        guard unlink(url.path) == 0 || errno == ENOENT else { throw BatchError.system(url.path) }
    }
}

/// A file open for appending. Every call leaves what it was given in the file, for whoever reads it next.
final class Appender {
    private let path: String
    private let descriptor: Int32

    init(_ url: URL) throws {
        path = url.path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o664)
        guard descriptor >= 0 else { throw BatchError.system(path) }
    }

    /// Cuts off what stands behind so many bytes.
    func truncate(to length: Int) throws {
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw BatchError.system(path) }
    }

    deinit { close(descriptor) }

    /// False when another process has it.
    func lock() throws -> Bool { try RunLock.lock(descriptor, LOCK_EX | LOCK_NB, path) }

    func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Foundation.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw BatchError.system(path) }
                done += count
            }
        }
    }

    func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw BatchError.system(path) }
    }
}
