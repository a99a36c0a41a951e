import Blip
import BlipTraining
import Foundation

/// What a person sees of training: a table of the parts, then one line that moves.
final class TrainingDisplay: TrainingObserver {
    /// Begun with the first step: what is opened and read before is no training.
    private var bar: ProgressBar?
    private var first = 0
    /// Of the last steps, since one alone jumps.
    private var recent: [StepRecord] = []

    func began(_ start: TrainingStart) throws {
        first = start.step
        writeRemark(Self.table(start))
        if start.step > 0 { writeRemark("resuming behind step \(start.step)\n") }
        bar = ProgressBar("training", .items)
    }

    static func table(_ start: TrainingStart) -> String {
        let rows = start.parts.map { part in
            [
                part.part.rawValue, grouped(part.parameters), part.trained > 0 ? grouped(part.trained) : "frozen",
                part.isPacked ? "packed" : "", megabytes(part.bytes),
            ]
        }
        let (all, trained) = (start.parts.map(\.parameters).reduce(0, +), start.parts.map(\.trained).reduce(0, +))
        let sum = ["all", grouped(all), grouped(trained), "", megabytes(start.parts.map(\.bytes).reduce(0, +))]
        let table = TextTable(["part", "parameters", "trained", "", "memory"], rows + [sum], rightAligned: [1, 2, 4])
        return table.text
            + "memory with gradients and optimizer about \(megabytes(start.memoryBytes)), and what a batch takes\n"
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes >= 10_000_000_000 ? String(format: "%.1f GB", Double(bytes) / 1e9) : String(format: "%.1f MB", Double(bytes) / 1e6)
    }

    func stepped(_ record: StepRecord) throws {
        recent = recent.suffix(19) + [record]
        let seconds = recent.map(\.seconds).reduce(0, +)
        let tokens = recent.map(\.targetTokens).reduce(0, +)
        let loss = recent.filter { !$0.isSkipped }.map(\.loss)
        let mean = loss.isEmpty ? .nan : loss.reduce(0, +) / Double(loss.count)
        let note = String(format: "loss %.4f  rate %.2e  %.0f tokens/s", mean, record.rate, seconds > 0 ? Double(tokens) / seconds : 0)
        bar?.update(record.step - first, of: record.steps - first, note: note)
        if record.isSkipped, !record.isOverflow {
            let samples = record.badBatch.map { "; its samples are in \($0)" } ?? ""
            writeRemark("note: step \(record.step) changed nothing: its loss or gradient is not finite\(samples)\n")
        }
    }

    func validated(_ record: ValidationRecord) throws { writeRemark("\n" + Self.lines(record)) }

    static func lines(_ record: ValidationRecord) -> String {
        var lines: [String] = []
        if let loss = record.loss { lines.append(String(format: "held-out loss %.4f of %ld samples", loss, record.samples)) }
        lines += record.benchmarks.map { benchmark in
            let error = benchmark.standardError.map { String(format: " ± %.1f", 100 * $0) } ?? ""
            let failed = benchmark.failures > 0 ? ", \(benchmark.failures) failed, the first because \(benchmark.firstFailure ?? "")" : ""
            return
                "\(benchmark.name) \(String(format: "%.1f", 100 * benchmark.value))\(error) (\(benchmark.metric) of \(benchmark.samples) samples\(failed))"
        }
        if record.isBest, let last = lines.indices.last { lines[last] += ", the best so far" }
        return lines.map { "step \(record.step): \($0)\n" }.joined()
    }

    func noted(_ text: String) throws { writeRemark("note: \(text)\n") }

    func ended(step: Int, _ end: TrainingEnd) throws { close() }

    func close() { bar?.finish() }
}
