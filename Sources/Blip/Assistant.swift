import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors
import Foundation

/// Answers instructions about pictures with one checkpoint.
///
/// ```swift
/// import Blip
///
/// let assistant = try await Assistant.open(URL(fileURLWithPath: "instructblip-flan-t5-xl"))
/// let answer = try await assistant.answer("What is unusual about this image?", about: .file(URL(fileURLWithPath: "photo.jpg")))
/// print(answer.text)
/// ```
///
/// The model's tensors belong to this actor, which runs on a thread of its own. Requests are answered one after another.
public actor Assistant {
    private let thread: EngineThread
    /// Opened on the actor's own thread; nil only until ``open(_:_:progress:)`` returns.
    private var opened: Checkpoint?
    private var loadSeconds = 0.0
    public let folder: URL

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(folder: URL) {
        thread = EngineThread()
        self.folder = folder
    }

    /// Opens a checkpoint folder in the Hugging Face layout (`Salesforce/instructblip-*`).
    ///
    /// - Parameter progress: bytes of weights placed so far, and in all; called on the actor's thread.
    /// - Throws: what is wrong with the folder, its config, tokenizers or weights, in one sentence.
    public static func open(
        _ folder: URL, _ options: OpenOptions = OpenOptions(),
        progress: @escaping @Sendable (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) async throws -> Assistant {
        let assistant = Assistant(folder: folder)
        try await assistant.load(options, progress)
        return assistant
    }

    private func load(_ options: OpenOptions, _ progress: @escaping @Sendable (Int, Int) -> Void) throws {
        let clock = Stopwatch()
        opened = try Checkpoint(folder, options, progress: progress)
        loadSeconds = clock.seconds
    }

    private func checkpoint() throws -> Checkpoint {
        guard let opened else { throw BlipError.folderMissing(path: folder.path) }
        return opened
    }

    /// Answers one instruction.
    ///
    /// - Parameters:
    ///   - image: decoded with `limits`.
    ///   - onText: sees the answer's text as it comes, piece by piece; together the pieces are the answer's text. Called on the actor's thread.
    /// - Throws: also `CancellationError` when the task is cancelled, at the next token.
    public func answer(
        _ instruction: String, about image: ImageSource, _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default,
        onText: @Sendable (String) -> Void = { _ in }
    ) throws -> Answer {
        let checkpoint = try checkpoint()
        guard options.maximumTokens >= 1 else {
            throw BlipError.invalidOption(name: "the number of new tokens", found: "\(options.maximumTokens)", expected: "at least 1")
        }
        var timings = Timings()
        timings.load = loadSeconds
        var clock = Stopwatch()
        let input = try checkpoint.processor.input(image.load(limits: limits), instruction)
        timings.image = clock.lap()
        let room = try checkpoint.room(after: input, wanted: options.maximumTokens)

        return try withoutGradients {
            let prompt = try checkpoint.network.prompt(
                for: checkpoint.batch([input]),
                observe: .init { stage, _ in
                    switch stage {
                    case .vision: timings.vision = clock.lap()
                    case .qformer: timings.qformer = clock.lap()
                    case .projection: timings.qformer += clock.lap()
                    }
                })
            let stopIDs = options.stop.ids(checkpoint.config.language, checkpoint.processor.tokenizer)
            var text = AnswerText(checkpoint.processor.tokenizer)
            let loop = TokenLoop(checkpoint.network.language, TokenLimits(maximumTokens: room, stopIDs: stopIDs))
            let rows: [TokenRow]
            do {
                rows = try loop.run(prompt) { step, tokens in
                    try Task.checkCancellation()
                    if step == 0 { timings.prefill = clock.lap() }
                    if let id = tokens[0], !stopIDs.contains(id) {
                        let piece = text.append(id)
                        if !piece.isEmpty { onText(piece) }
                    }
                    return true
                }
            } catch DecodingError.notFinite {
                throw try checkpoint.explainNotFinite()
            }
            timings.decode = clock.lap()
            let rest = text.finish()
            if !rest.isEmpty { onText(rest) }
            let row = rows[0]
            if timings.decode > 0, row.ids.count > 1 { timings.tokensPerSecond = Double(row.ids.count - 1) / timings.decode }
            var notes = input.notes
            if row.finish == .length, room < options.maximumTokens {
                notes.append("the answer ends after \(room) tokens, where the model's positions end")
            }
            return Answer(
                text: text.whole, tokenIDs: row.ids, finishReason: row.finish, promptTokens: prompt.length, timings: timings, notes: notes)
        }
    }

    /// The answer as an asynchronous sequence of its pieces of text. Ending the iteration early cancels the answer.
    public nonisolated func stream(
        _ instruction: String, about image: ImageSource, _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default
    ) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    _ = try await answer(instruction, about: image, options, limits: limits) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Every intermediate result of reading one picture and instruction, written to a safetensors file.
    public func trace(_ instruction: String, about image: ImageSource, to file: URL, limits: ImageLimits = .default) throws {
        let checkpoint = try checkpoint()
        let input = try checkpoint.processor.input(image.load(limits: limits), instruction)
        _ = try checkpoint.room(after: input, wanted: 1)
        try withoutGradients { try Trace(checkpoint, input).write(to: file) }
    }
}
