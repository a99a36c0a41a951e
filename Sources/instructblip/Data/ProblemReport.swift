import BlipData
import Foundation

/// The file in which a check writes every problem. It takes its name when it is complete.
struct ProblemReport {
    private let url: URL
    private let temporary: URL
    private let handle: FileHandle

    init(_ path: String) throws {
        url = URL(fileURLWithPath: path)
        temporary = url.deletingLastPathComponent().appendingPathComponent(
            ".\(url.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier)")
        guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
            throw DataError.unwritable(path: path, reason: "no file can be made in \(url.deletingLastPathComponent().path)")
        }
        handle = try FileHandle(forWritingTo: temporary)
    }

    private struct Line: Encodable {
        let kind: String
        let sample: Int
        let id: String?
        let message: String
    }

    private struct Last: Encodable {
        let samples: Int
        let problems: [String: Int]
    }

    func add(_ problem: SampleChecker.Problem) throws {
        try write(Line(kind: problem.kind.rawValue, sample: problem.index + 1, id: problem.id, message: problem.message))
    }

    func finish(samples: Int, _ counts: [SampleChecker.Kind: Int]) throws {
        try write(Last(samples: samples, problems: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })))
        do {
            try handle.synchronize()
            try handle.close()
            guard rename(temporary.path, url.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        } catch { throw DataError.unwritable(path: url.path, reason: error.localizedDescription) }
    }

    private func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { try handle.write(contentsOf: encoder.encode(value) + Data("\n".utf8)) } catch {
            throw DataError.unwritable(path: url.path, reason: error.localizedDescription)
        }
    }
}
