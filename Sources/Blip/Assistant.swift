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
/// The model's tensors belong to this actor, which runs on a thread of its own. Requests are answered one after another; an ``AnswerScheduler``
/// answers many at once.
public actor Assistant {
    private let thread: EngineThread
    /// Opened on the actor's own thread; nil only until ``open(_:_:progress:)`` returns.
    private var opened: Checkpoint?
    private(set) var loadSeconds = 0.0
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

    /// Whether the language model reads the prompt with an encoder, as T5 does; decoding presets differ by it.
    public var isEncoderDecoder: Bool {
        get throws { try checkpoint().config.language.isEncoderDecoder }
    }

    /// Whether the Q-Former reads the instruction; in BLIP-2 it sees every picture alike, whatever is asked.
    public var tellsQFormer: Bool {
        get throws { try checkpoint().config.tellsQFormer }
    }

    /// How many pictures came from ``OpenOptions/featureFolder`` so far, and how many the image encoder was shown; nil without such a folder.
    public var keptFeatures: (found: Int, made: Int)? {
        get throws { try checkpoint().keptFeatures }
    }

    /// What went wrong with the folders of pictures seen, once. Answers carry it, too.
    public func takeNotes() throws -> [String] { try checkpoint().takeNotes() }

    /// Lets others have the thread who wait for it already.
    func giveWay() async {
        guard thread.isAwaited else { return }
        await withCheckedContinuation { continuation in thread.run { continuation.resume() } }
    }

    func checkpoint() throws -> Checkpoint {
        guard let opened else { throw BlipError.folderMissing(path: folder.path) }
        return opened
    }

    /// Answers one instruction about one picture or clip; see the form with several pictures.
    public func answer(
        _ instruction: String, about image: ImageSource, _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default,
        onText: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws -> Answer {
        try answer(instruction, about: [image], options, limits: limits, onText: onText)
    }

    /// Answers one instruction about a picture, or about several: each is read with the same instruction, and what was found in them
    /// stands in a row before the words, as the paper reads the frames of a clip.
    ///
    /// - Parameters:
    ///   - images: at least one; decoded with `limits`. Of a clip, four frames are read; for another number of them, give the frames that
    ///     `ImageSource.frames` samples.
    ///   - onText: sees the answer's text as it comes, piece by piece; together the pieces are the answer's text. Called on the actor's thread;
    ///     throwing ends the answer.
    ///     Beams and several answers have no order to show: their text comes at the end.
    /// - Throws: also `CancellationError` when the task is cancelled, at the next token.
    public func answer(
        _ instruction: String, about images: [ImageSource], _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default,
        onText: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws -> Answer {
        try respond(instruction, options, onText) { try images.flatMap { try $0.frames(limits: limits) } }
    }

    /// The same for pictures that are decoded already, as the frames that `ImageSource.frames` samples from a clip.
    public func answer(
        _ instruction: String, about frames: [RGBImage], _ options: AnswerOptions = AnswerOptions(),
        onText: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws -> Answer {
        try respond(instruction, options, onText) { frames }
    }

    private func respond(
        _ instruction: String, _ options: AnswerOptions, _ onText: @escaping @Sendable (String) throws -> Void,
        _ frames: () throws -> [RGBImage]
    ) throws -> Answer {
        let checkpoint = try checkpoint()
        var request = options.decoding
        request.stopIDs = options.stop.ids(checkpoint.config.language, checkpoint.processor.tokenizer)
        try request.validate()
        var timings = Timings()
        timings.load = loadSeconds
        var clock = Stopwatch()
        let input = try checkpoint.processor.input(frames(), instruction)
        timings.image = clock.lap()
        let wanted = request.maximumTokens
        request.maximumTokens = try checkpoint.room(after: input, wanted: wanted)
        request.minimumTokens = min(request.minimumTokens, request.maximumTokens)

        return try withoutGradients {
            let prompt = try checkpoint.prompt([input], &timings, &clock)
            var text = AnswerText(checkpoint.processor.tokenizer, stops: options.stopStrings)
            let streams = request.beams == 1 && request.returned == 1
            let hooks = checkpoint.hooks(options, request, [input]) { step, tokens in
                try Task.checkCancellation()
                if step == 0 { timings.prefill = clock.lap() }
                if streams, let id = tokens.first ?? nil, !request.stopIDs.contains(id) {
                    let piece = text.append(id)
                    if !piece.isEmpty { try onText(piece) }
                }
            }
            let rows: [TokenRow]
            do { rows = try TokenLoop(checkpoint.network.language, request).run(prompt, hooks)[0] } catch GenerationError.notFinite {
                throw try checkpoint.explainNotFinite()
            }
            timings.decode = clock.lap()
            let sequences = checkpoint.sequences(rows, options, request)
            let best = sequences[0]
            let rest = streams ? text.finish() : best.text
            if !rest.isEmpty { try onText(rest) }
            if timings.decode > 0, best.tokenIDs.count > 1 { timings.tokensPerSecond = Double(best.tokenIDs.count - 1) / timings.decode }
            var notes = input.notes + checkpoint.takeNotes()
            if best.finishReason == .length, request.maximumTokens < wanted {
                notes.append("the answer ends after \(request.maximumTokens) tokens, where this model's room for it ends")
            }
            return Answer(sequences: sequences, promptTokens: prompt.length, timings: timings, notes: notes)
        }
    }

    /// The answer about a picture or clip, as an asynchronous sequence of its pieces of text. Ending the iteration early cancels the answer.
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

    /// Every intermediate result of reading one picture (of an animation the first frame) and instruction, written to a safetensors file.
    public func trace(_ instruction: String, about image: ImageSource, to file: URL, limits: ImageLimits = .default, layers: Bool = false)
        throws
    {
        try trace(instruction, about: [image.load(limits: limits)], to: file, layers: layers)
    }

    /// The same for the frames of a clip, which stand in the first dimension of what concerns one frame.
    ///
    /// - Parameter layers: what every layer makes too.
    public func trace(_ instruction: String, about frames: [RGBImage], to file: URL, layers: Bool = false) throws {
        let checkpoint = try checkpoint()
        let input = try checkpoint.processor.input(frames, instruction)
        _ = try checkpoint.room(after: input, wanted: 1)
        try withoutGradients { try Trace(checkpoint, input, layers: layers).write(to: file) }
    }
}
