import ArgumentParser
import Blip
import BlipDecoding
import BlipImages
import Foundation

/// Where the answers of many questions go, and what happens to those that are there.
struct BatchArguments: ParsableArguments {
    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to write, JSON lines (default: standard output).", valueName: "file.jsonl"))
    var output: String?

    @Option(help: ArgumentHelp("Questions computed together (default: 8).", valueName: "n"))
    var batch: Int?

    @Flag(help: "Begin again, instead of going on with what is in --output.")
    var overwrite = false

    @Flag(help: "Try again what ended in an error.")
    var retryErrors = false

    func validate() throws {
        if let batch, !(1...4096).contains(batch) { throw ValidationError("--batch must be between 1 and 4096, found \(batch).") }
        if overwrite, retryErrors { throw ValidationError("--overwrite does everything again, errors too; leave out --retry-errors.") }
        if output == nil, overwrite || retryErrors { throw ValidationError("--overwrite and --retry-errors need --output.") }
    }

    /// The first of these options that was given.
    var firstGiven: String? {
        let given = [("--output", output != nil), ("--batch", batch != nil), ("--overwrite", overwrite), ("--retry-errors", retryErrors)]
        return given.first(where: \.1)?.0
    }

    var destination: BatchRun.Destination {
        guard let output else { return .lines { try writeOutput($0) } }
        return .file(URL(fileURLWithPath: output), overwrite ? .overwrite : retryErrors ? .retryErrors : .resume)
    }

    static let discussion = """
        Finished batches are in the file at once: the same command again goes on where it stopped, and one with another model or other
        options is refused (a hidden file beside the output tells them apart). What cannot be answered gets a line with its error, and exit
        status 65 in the end. Launched by torchrun --no-python, mpirun or srun, every process does its share (RANK and WORLD_SIZE,
        OMPI_COMM_WORLD_*, PMI_*, SLURM_*), and the last one to end puts the shares together.
        """
}

/// A run over many questions, as `ask --questions` and `caption` do it.
struct BatchWork: Sendable {
    let questions: BatchQuestions
    let arguments: BatchArguments
    let model: ModelOptions
    let decoding: DecodingArguments
    let limits: ImageLimits
    /// What one answer is called.
    let noun: String
    /// The verb's own decoding.
    var preset: DecodingPreset?
    /// Told to every picture; nil where every question has its own.
    var instruction: (@Sendable (Processor) -> String)?
    /// What else decides the answers, by name.
    var maker: [String: String] = [:]

    func run() async throws {
        let share = try BatchShare.launched()
        do {
            let hasErrors = try await interruptible { try await work(share) }
            if hasErrors { throw ExitCode(65) }
        } catch is CancellationError {
            throw BatchInterruption(output: arguments.output, overwrites: arguments.overwrite)
        }
    }

    /// - Returns: whether there are errors in what is complete.
    private func work(_ share: BatchShare) async throws -> Bool {
        let who = share.count > 1 ? "rank \(share.rank) of \(share.count): " : ""
        var batch = BatchRun(questions, to: arguments.destination, share: share, batchSize: arguments.batch ?? 8)
        // What is to be overwritten is kept until there is something that can take its place.
        var assistant = try await arguments.overwrite ? model.open() : nil
        if Task.isCancelled { throw BatchInterruption(output: nil, overwrites: false) }
        if arguments.output != nil {
            batch.maker = try model.maker.merging(decoding.given) { own, _ in own }.merging(maker) { own, _ in own }
        }
        let session = try batch.begin()
        let isDone = session.remaining == 0
        if !isDone {
            if assistant == nil { assistant = try await model.open() }
            if let assistant { try await answer(session, with: assistant, who) }
        }
        let report = try session.finish()
        if isDone { writeRemark("\(who)\(report.questions == 1 ? "it is" : "all \(report.questions) are") done already\n") }
        for (text, count) in report.notes { writeRemark("note: \(text) (\(count) of the \(noun)s)\n") }
        for error in report.firstErrors { writeRemark("error: \(error)\n") }
        if report.errors > report.firstErrors.count { writeRemark("and \(report.errors - report.firstErrors.count) more errors\n") }
        let place = arguments.output.map { "; see \($0)" } ?? ""
        let rest = report.isComplete ? "" : "; other ranks are not done yet"
        writeRemark("\(who)\(Self.counted(report.answers, noun)), \(Self.counted(report.errors, "error"))\(rest.isEmpty ? place : rest)\n")
        // A launcher would end the other ranks when one of them fails: the last one fails for all.
        return report.errors > 0 && report.isComplete
    }

    private func answer(_ session: BatchSession, with assistant: Assistant, _ who: String) async throws {
        let options = decoding.options(isEncoderDecoder: try await assistant.isEncoderDecoder, usual: preset)
        let told = instruction?(try await assistant.processor)
        if session.finishedCount > 0 { writeRemark("\(who)\(session.finishedCount) are done already, \(session.remaining) are left\n") }
        let bar = ProgressBar("\(who)\(noun)s", .items)
        defer { bar.finish() }
        bar.update(0, of: session.remaining)
        try await session.answer(with: assistant, options, limits: limits, instruction: told) { progress in
            bar.update(progress.done, of: progress.total, note: progress.errors > 0 ? Self.counted(progress.errors, "error") : nil)
        }
    }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// Ctrl-C or SIGTERM ended a run over many questions.
struct BatchInterruption: Error, CustomStringConvertible {
    /// Nil where nothing was begun, or nothing is kept.
    let output: String?
    let overwrites: Bool

    var description: String {
        guard let output else { return "interrupted" }
        let command = overwrites ? "the same command without --overwrite" : "the same command"
        return "interrupted; what is finished is in \(output), and \(command) goes on from there"
    }
}

extension BatchQuestions {
    /// Questions from standard input.
    init(standardInput root: URL?) throws {
        var data = Data()
        do {
            while data.count <= Self.maximumBytes, let more = try FileHandle.standardInput.read(upToCount: 1 << 20), !more.isEmpty {
                data += more
            }
        } catch { throw BatchError.unreadable(path: "standard input", reason: "it is closed, or no file") }
        guard data.count <= Self.maximumBytes else { throw BatchError.tooLarge(path: "standard input", limit: Self.maximumBytes) }
        let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
        try self.init([UInt8](data), name: "standard input", root: root ?? here)
        guard count > 0 else { throw BatchError.noQuestions(path: "standard input") }
    }
}
