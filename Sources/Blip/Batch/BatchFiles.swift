import Foundation

/// The files of one output: itself, the parts that processes of a divided run write, and locks.
struct BatchFiles {
    /// A symbolic link is followed: what it points to is replaced, not the link.
    let output: LineFile

    init(_ url: URL) throws {
        let url = url.resolvingSymlinksInPath()
        if FileManager.default.fileExists(atPath: url.path) {
            var status = stat()
            guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw BatchError.notAFile(path: url.path) }
        } else if !FileManager.default.fileExists(atPath: url.deletingLastPathComponent().path) {
            throw BatchError.unwritable(path: url.path, reason: "there is no folder \(url.deletingLastPathComponent().path)")
        }
        output = LineFile(url: url)
    }

    private func sibling(_ suffix: String) -> URL {
        output.url.deletingLastPathComponent().appendingPathComponent(output.url.lastPathComponent + suffix)
    }

    func part(_ share: BatchShare) -> LineFile { LineFile(url: sibling(".part-\(share.rank)-of-\(share.count)")) }

    /// The parts that are there, of any division.
    func parts() throws -> [LineFile] {
        let folder = output.url.deletingLastPathComponent()
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw BatchError.unreadable(path: folder.path, reason: error.localizedDescription)
        }
        let prefix = output.url.lastPathComponent + ".part-"
        return names.filter { name in
            guard name.hasPrefix(prefix) else { return false }
            let numbers = name.dropFirst(prefix.count).components(separatedBy: "-of-").map { Int($0) }
            guard numbers.count == 2, let rank = numbers[0], let count = numbers[1] else { return false }
            return (0..<max(0, count)).contains(rank)
        }.sorted().map { LineFile(url: folder.appendingPathComponent($0)) }
    }

    /// Held by a single process alone, by the processes of a divided run together.
    func lock(_ kind: RunLock.Kind) throws -> RunLock {
        guard let lock = try RunLock.take(sibling(".lock"), kind) else { throw BatchError.busy(path: output.url.path) }
        return lock
    }

    /// Goes on with answers of the same maker alone, and leaves a note of it for the next time.
    func check(_ maker: [String: String], overwrites: Bool) throws {
        guard !maker.isEmpty else { return }
        let lock = try mergeLock()
        defer { withExtendedLifetime(lock) {} }
        let note = output.url.deletingLastPathComponent().appendingPathComponent(".\(output.url.lastPathComponent).maker.json")
        let hasAnswers = try !overwrites && ([output] + parts()).contains(where: \.hasContents)
        do {
            guard hasAnswers, FileManager.default.fileExists(atPath: note.path) else {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return try encoder.encode(maker).write(to: note, options: .atomic)
            }
            let known = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: note))
            let differing = Set(known.keys).union(maker.keys).filter { known[$0] != maker[$0] }.sorted()
            guard differing.isEmpty else { throw BatchError.madeOtherwise(path: output.url.path, differing: differing) }
        } catch let error as BatchError { throw error } catch is DecodingError {
            throw BatchError.unreadable(path: note.path, reason: "it says nothing of what made the answers beside it; remove it")
        } catch { throw BatchError.unwritable(path: note.path, reason: error.localizedDescription) }
    }

    /// Held for a moment by processes of a divided run that read or rewrite what others wrote.
    func mergeLock() throws -> RunLock {
        guard let lock = try RunLock.take(sibling(".merge-lock"), .alone, waits: true) else { throw BatchError.busy(path: output.url.path) }
        return lock
    }
}

/// What is finished, out of all files of an output.
struct FinishedLines {
    private(set) var lines: [LineFile.Line?]
    private(set) var count = 0

    init(questions: Int) { lines = Array(repeating: nil, count: questions) }

    /// Of two lines for one question an answer wins over an error.
    mutating func add(_ line: LineFile.Line) {
        if let old = lines[line.index] {
            if old.error == nil || line.error != nil { return }
        } else {
            count += 1
        }
        lines[line.index] = line
    }

    var isComplete: Bool { count == lines.count }
}
