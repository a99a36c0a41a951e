public import Foundation
import Synchronization

/// The log of a training run, `log.jsonl` in its folder: a JSON object a line, for people, `jq` and ``RunHistory``.
///
/// ```swift
/// let log = try RunLog(folder: run)
/// try log.append(RunLine(step: 0, time: now, .start(details: ["plan": "own-data.yaml"])))
/// try log.append(RunLine(step: 1, time: now, .numbers(StepNumbers(loss: 2.31, learningRate: 1e-5))))
/// ```
///
/// Each line is one write, so that whoever reads meanwhile, or after a crash, finds whole lines and at most the beginning of a last one.
/// One process writes at a time; of many workers only the first should.
public final class RunLog: Sendable {
    public static let fileName = "log.jsonl"

    private struct State: ~Copyable {
        var file: AppendFile
        var lastStep: Int
    }

    private let state: Mutex<State>

    /// Opens the log of a run, or begins one in a folder that is there.
    ///
    /// - Parameter step: the step of the checkpoint that the run goes on from. Lines of later steps are cut off in one go, since those
    ///   steps are done again; nil keeps all whole lines. The beginning of a line that a crash left at the end goes in any case.
    /// - Throws: ``RunError/busy(path:)`` while another process writes it; ``RunError/badLine(path:line:reason:)`` if it is not a log.
    public init(folder: URL, resumingAt step: Int? = nil) throws(RunError) {
        let url = folder.appending(path: Self.fileName)
        var file = try AppendFile.openLocked(url)
        // Read under the lock: nobody appends meanwhile.
        let scan = try RunLogScan(url)
        let kept = scan.lines.prefix { line in step.map { line.line.step <= $0 } ?? true }
        let end = kept.last?.end ?? 0
        if end < scan.byteCount { try file.truncate(to: end) }
        state = Mutex(State(file: file, lastStep: kept.last?.line.step ?? 0))
    }

    /// Writes a line behind the others.
    ///
    /// - Throws: ``RunError/stepBackwards(path:step:last:)`` for an earlier step than the last line's.
    public func append(_ line: RunLine) throws(RunError) {
        let bytes = try line.bytes()
        try state.withLock { state throws(RunError) in
            guard line.step >= state.lastStep else {
                throw .stepBackwards(path: state.file.path, step: line.step, last: state.lastStep)
            }
            try state.file.append(bytes)
            state.lastStep = line.step
        }
    }

    /// Waits until the disk has every line; for the moments when a checkpoint is finished.
    public func synchronize() throws(RunError) {
        try state.withLock { state throws(RunError) in try state.file.synchronize() }
    }
}
