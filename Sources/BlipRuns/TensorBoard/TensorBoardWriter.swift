public import Foundation
import Synchronization

/// Writes a run's numbers for TensorBoard: `tensorboard --logdir RUNS`.
///
/// ```swift
/// let board = try TensorBoardWriter(folder: run)
/// try board.write(line)  // the same lines as the log's
/// ```
///
/// Step numbers become `train/NAME`, metrics `validation/NAME`. TensorBoard keeps values in 32 bits; the log has all of theirs.
public final class TensorBoardWriter: Sendable {
    public let url: URL
    private let file: Mutex<AppendFile>

    /// Begins a new event file in the run's folder; every start and resumption has one of its own.
    ///
    /// - Parameter step: the step that a run goes on from: TensorBoard then drops what older files tell of later ones.
    public convenience init(folder: URL, resumingAt step: Int? = nil) throws(RunError) {
        try self.init(
            folder: folder, resumingAt: step, time: Date().timeIntervalSince1970, host: ProcessInfo.processInfo.hostName,
            process: Int(ProcessInfo.processInfo.processIdentifier), writer: "swift-instructblip")
    }

    init(folder: URL, resumingAt step: Int?, time: Double, host: String, process: Int, writer: String) throws(RunError) {
        let name = Self.fileName(time: time, host: host, process: process)
        var (attempt, url) = (0, folder.appending(path: name))
        // Two files of one process in one second; TensorBoard reads them in the order of their names.
        while true {
            if var file = try AppendFile.createNew(url) {
                try file.append(EventMessage.record(EventMessage.version(time: time, writer: writer)))
                let first = step.map { $0 == .max ? $0 : $0 + 1 } ?? 0
                try file.append(EventMessage.record(EventMessage.start(atStep: first, time: time)))
                self.url = url
                self.file = Mutex(file)
                return
            }
            attempt += 1
            url = folder.appending(path: "\(name).\(attempt)")
        }
    }

    static func fileName(time: Double, host: String, process: Int) -> String {
        let seconds = String(Int(exactly: time.rounded(.down)) ?? 0)
        let plain = String(host.unicodeScalars.map { $0.value > 0x20 && $0.value < 0x7F && $0 != "/" ? Character($0) : "-" })
        return "events.out.tfevents.\(String(repeating: "0", count: max(0, 10 - seconds.count)))\(seconds)."
            + "\(plain.isEmpty ? "localhost" : plain).\(process)"
    }

    /// Writes the numbers and metrics of a log's line; of other events nothing.
    public func write(_ line: RunLine) throws(RunError) {
        let time = line.time ?? Date().timeIntervalSince1970
        switch line.content {
        case .numbers(let numbers): try scalars(numbers.all.map { ("train/" + $0.name, $0.value) }, step: line.step, time: time)
        case .validation(let metrics):
            try scalars(metrics.inOrder.map { ("validation/" + $0.name, $0.value) }, step: line.step, time: time)
        case .start, .save, .badBatch, .resume, .end, .note: break
        }
    }

    /// Writes values of one step under TensorBoard's tags, "group/name"; `time` in seconds since 1970.
    public func scalars(_ values: [(tag: String, value: Double)], step: Int, time: Double) throws(RunError) {
        if values.isEmpty { return }
        try append(EventMessage.scalars(values, step: step, time: time))
    }

    /// Writes a Markdown text, for the page of texts.
    public func text(_ text: String, tag: String, step: Int = 0, time: Double = Date().timeIntervalSince1970) throws(RunError) {
        try append(EventMessage.text(text, tag: tag, step: step, time: time))
    }

    /// Writes a text whose lines and blanks count, such as a plan's YAML.
    public func plain(_ text: String, tag: String, step: Int = 0, time: Double = Date().timeIntervalSince1970) throws(RunError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        try self.text(lines.joined(separator: "\n"), tag: tag, step: step, time: time)
    }

    /// Waits until the disk has every event.
    public func synchronize() throws(RunError) {
        try file.withLock { file throws(RunError) in try file.synchronize() }
    }

    private func append(_ event: [UInt8]) throws(RunError) {
        let record = EventMessage.record(event)
        try file.withLock { file throws(RunError) in try file.append(record) }
    }
}
