import BlipImages
import Foundation

/// A ``BatchRun`` that has begun: it holds the output's lock until it is gone.
public final class BatchSession {
    private let run: BatchRun
    private let files: BatchFiles?
    private let lock: RunLock?
    /// The file that finished batches are appended to.
    private var appender: Appender?
    /// Questions of this share that have no line yet, in order.
    private var open: [Int] = []
    private var errors: [Int: String] = [:]
    private var notes: [String: Int] = [:]
    private var finishedBefore = 0
    private let count: Int

    /// Questions that are left.
    public var remaining: Int { open.count }

    /// Questions of this share that were finished when it began.
    public var finishedCount: Int { finishedBefore }

    init(_ run: BatchRun) throws {
        self.run = run
        let mine = (0..<run.questions.count).filter(run.share.takes)
        count = mine.count
        guard case .file(let url, let existing) = run.destination else {
            if run.share.count > 1 { throw BatchError.shareWithoutFile(rank: run.share.rank, count: run.share.count) }
            (files, lock, open) = (nil, nil, mine)
            return
        }
        let files = try BatchFiles(url)
        self.files = files
        lock = try files.lock(run.share.count > 1 ? .shared : .alone)
        try files.check(run.maker, overwrites: existing == .overwrite)
        let finished = try run.share.count > 1 ? Self.joinOthers(files, run, existing) : Self.beginAlone(files, run, existing)
        appender = finished.appender
        open = mine.filter { finished.lines.lines[$0] == nil }
        finishedBefore = mine.count - open.count
        for index in mine {
            if let error = finished.lines.lines[index]?.error { errors[index] = error }
        }
    }

    // MARK: Beginning

    /// A single process puts everything in order first, so that the output alone counts.
    private static func beginAlone(
        _ files: BatchFiles, _ run: BatchRun, _ existing: BatchRun.Existing
    ) throws -> (lines: FinishedLines, appender: Appender) {
        var finished = FinishedLines(questions: run.questions.count)
        let parts = try files.parts()
        var (isInOrder, length) = (parts.isEmpty, 0)
        if existing == .overwrite {
            isInOrder = false
        } else {
            for file in [files.output] + parts {
                // An error of a question that was changed or taken out since then is no reason to stop.
                let contents = try file.read(run.questions) { line in
                    let isOld = existing == .retryErrors && BatchQuestions.isError(line)
                    if isOld { isInOrder = false }
                    return isOld
                }
                for line in contents.lines {
                    if existing == .retryErrors, line.error != nil { isInOrder = false } else { finished.add(line) }
                }
                if !contents.isAscending { isInOrder = false }
                if file.url == files.output.url { length = contents.byteCount }
            }
        }
        if !isInOrder {
            try files.output.write(finished.lines.compactMap(\.self))
            for part in parts { try part.remove() }
            length = finished.lines.compactMap { $0?.bytes.count }.reduce(0, +)
        }
        let appender = try Appender(files.output.url)
        try appender.truncate(to: length)
        return (finished, appender)
    }

    /// A process of several leaves alone what others wrote, but for lines of its own share that are to be done again.
    private static func joinOthers(
        _ files: BatchFiles, _ run: BatchRun, _ existing: BatchRun.Existing
    ) throws -> (lines: FinishedLines, appender: Appender) {
        let mergeLock = try files.mergeLock()
        defer { withExtendedLifetime(mergeLock) {} }
        let own = files.part(run.share)
        guard try Appender(own.url).lock() else { throw BatchError.busy(path: own.url.path) }
        var finished = FinishedLines(questions: run.questions.count)
        var length = 0
        for file in [files.output] + (try files.parts()) where file.exists {
            var hasForeign = false
            var contents = try file.read(run.questions) { line in
                let goes = existing == .overwrite || (existing == .retryErrors && BatchQuestions.isError(line))
                hasForeign = hasForeign || goes
                return goes
            }
            let kept = contents.lines.filter { line in
                guard run.share.takes(line.index) else { return true }
                return existing == .resume || (existing == .retryErrors && line.error == nil)
            }
            if hasForeign || kept.count < contents.lines.count {
                // Whoever writes a part would go on in a file that is no longer there.
                if file.url != files.output.url, try !Appender(file.url).lock() { throw BatchError.busy(path: file.url.path) }
                try file.write(kept)
                contents.byteCount = kept.map(\.bytes.count).reduce(0, +)
            }
            if file.url.lastPathComponent == own.url.lastPathComponent { length = contents.byteCount }
            for line in kept { finished.add(line) }
        }
        let appender = try Appender(own.url)
        guard try appender.lock() else { throw BatchError.busy(path: own.url.path) }
        try appender.truncate(to: length)
        return (finished, appender)
    }

    // MARK: Working

    /// Answers what is left.
    ///
    /// - Parameters:
    ///   - instruction: for pictures that are to be captioned.
    ///   - progress: called after every batch.
    /// - Throws: also `CancellationError` when the task is cancelled, at the next token; what is finished by then is kept.
    public func answer(
        with assistant: Assistant, _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default, instruction: String? = nil,
        progress: (BatchProgress) -> Void = { _ in }
    ) async throws {
        let processor = try await assistant.processor
        try await work(
            instruction: instruction, prepare: { try await processor.inputs(for: $0, limits: limits) },
            answer: { inputs in
                let answers = try await assistant.answers(to: inputs, options)
                for case .success(let answer) in answers { answer.notes.forEach(self.note) }
                return answers.map { $0.map(\.text) }
            }, progress: progress)
    }

    /// Everything about a run but the network: `prepare` makes the next batch while `answer` computes one.
    func work<Prepared: Sendable>(
        instruction: String? = nil, prepare: @escaping @Sendable ([Question]) async throws -> Prepared,
        answer: (Prepared) async throws -> [Result<String, any Error>], progress: (BatchProgress) -> Void = { _ in }
    ) async throws {
        let questions = run.questions
        try await workByNumber(
            prepare: { batch in try await prepare(batch.compactMap { try questions.question($0, instruction: instruction) }) },
            answer: answer,
            progress: progress)
    }

    /// The same for things that somebody else asks: `prepare` is given their numbers, and an answer is what stands in the output.
    package func workByNumber<Prepared: Sendable>(
        prepare: @escaping @Sendable ([Int]) async throws -> Prepared,
        answer: (Prepared) async throws -> [Result<String, any Error>], progress: (BatchProgress) -> Void = { _ in }
    ) async throws {
        let batches = stride(from: 0, to: open.count, by: run.batchSize).map { Array(open[$0..<min($0 + run.batchSize, open.count)]) }
        let total = open.count
        var newErrors = 0
        func prepared(_ number: Int) -> Task<Prepared, any Error>? {
            guard batches.indices.contains(number) else { return nil }
            let batch = batches[number]
            return Task { try await prepare(batch) }
        }
        var next = prepared(0)
        defer { next?.cancel() }
        func value(of task: Task<Prepared, any Error>) async throws -> Prepared {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
        for (number, batch) in batches.enumerated() {
            try Task.checkCancellation()
            guard let task = next else { break }
            let ready = try await value(of: task)
            try Task.checkCancellation()
            next = prepared(number + 1)
            var answers = try await answer(ready)[...]
            // Lines that are no questions have their error already.
            let results = batch.map { index -> (Int, Result<String, any Error>) in
                if let problem = run.questions.problem(index) { return (index, .failure(Problem(description: problem))) }
                return (index, answers.popFirst() ?? .failure(Problem(description: "there is no answer")))
            }
            try keep(results)
            newErrors += results.count { if case .failure = $0.1 { true } else { false } }
            progress(BatchProgress(done: total - open.count, total: total, errors: newErrors))
        }
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private func keep(_ results: [(index: Int, result: Result<String, any Error>)]) throws {
        let lines = results.flatMap { run.questions.line($0.index, $0.result) }
        if let appender { try appender.append(lines) } else if case .lines(let write) = run.destination { try write(Data(lines)) }
        for case (let index, .failure(let error)) in results { errors[index] = "\(error)" }
        open.removeFirst(results.count)
    }

    private func note(_ text: String) {
        guard notes[text] != nil || notes.count < 20 else { return }
        notes[text, default: 0] += 1
    }

    // MARK: Ending

    /// Puts the output in order; the last of several processes makes it of their parts. Nothing may be left to answer.
    ///
    /// - Returns: what this share came to, or the whole where all shares are done.
    public func finish() throws -> BatchReport {
        try appender?.synchronize()
        appender = nil
        var (isComplete, count, errors) = (true, count, errors)
        if let files {
            let mergeLock = run.share.count > 1 ? try files.mergeLock() : nil
            defer { withExtendedLifetime(mergeLock) {} }
            if let whole = try merge(files) {
                count = run.questions.count
                errors = [:]
                for case let line? in whole.lines { errors[line.index] = line.error }
            } else {
                isComplete = false
            }
        }
        let shown = errors.sorted { $0.key < $1.key }.prefix(20).map { run.questions.label($0.key, $0.value) }
        return BatchReport(
            questions: count, finishedBefore: finishedBefore, answers: count - open.count - errors.count, errors: errors.count,
            firstErrors: shown, isComplete: isComplete, notes: notes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// - Returns: nil when questions are open.
    private func merge(_ files: BatchFiles) throws -> FinishedLines? {
        let parts = try files.parts()
        var finished = FinishedLines(questions: run.questions.count)
        var isInOrder = parts.isEmpty
        for file in [files.output] + parts {
            let contents = try file.read(run.questions)
            for line in contents.lines { finished.add(line) }
            if !contents.isAscending || contents.hasTail { isInOrder = false }
        }
        guard finished.isComplete else { return nil }
        if !isInOrder { try files.output.write(finished.lines.compactMap(\.self)) }
        for part in parts { try part.remove() }
        return finished
    }
}
