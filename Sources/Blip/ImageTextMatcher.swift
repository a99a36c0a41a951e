import BlipImages
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// How well a text fits a picture.
public struct ImageTextMatch: Sendable {
    /// That picture and text belong together, having been read together: 0 to 1.
    public let matchingProbability: Double
    /// The cosine between picture and text, each read alone: -1 to 1. Only comparisons mean something.
    public let similarity: Double
    /// `qformer` has both scores.
    public let timings: Timings
    /// Things the user should know, as a truncated text.
    public let notes: [String]
}

/// Compares pictures with texts by a BLIP-2 checkpoint for retrieval (`Salesforce/blip2-itm-*`), which has no language model.
///
/// Scores are those of `Blip2ForImageTextRetrieval` of transformers with and without its matching head.
public actor ImageTextMatcher {
    private let thread: EngineThread
    /// Opened on the actor's own thread; nil only until ``open(_:_:progress:)`` returns.
    private var opened: OpenedFolder<ImageTextRetrieval>?
    private var loadSeconds = 0.0
    public let folder: URL

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(folder: URL) {
        thread = EngineThread()
        self.folder = folder
    }

    /// - Parameter progress: bytes of weights placed so far, and in all; called on the actor's thread.
    /// - Throws: ``BlipError/notRetrieval(path:architecture:)`` for a checkpoint with a language model; what is wrong with the folder.
    public static func open(
        _ folder: URL, _ options: OpenOptions = OpenOptions(),
        progress: @escaping @Sendable (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) async throws -> ImageTextMatcher {
        let matcher = ImageTextMatcher(folder: folder)
        try await matcher.load(options, progress)
        return matcher
    }

    private func load(_ options: OpenOptions, _ progress: @escaping @Sendable (Int, Int) -> Void) throws {
        let clock = Stopwatch()
        opened = try OpenedFolder(
            folder, options, progress: progress,
            check: { config in
                guard config.architecture != .blip2Retrieval else { return }
                throw BlipError.notRetrieval(path: folder.path, architecture: config.architecture.name)
            }, build: ImageTextRetrieval.init)
        loadSeconds = clock.seconds
    }

    /// Compares one picture with one text.
    /// - Throws: ``BlipError/emptyText``; ``BlipError/notFinite(explanation:)``; what is wrong with the picture.
    public func match(_ text: String, about image: ImageSource, limits: ImageLimits = .default) throws -> ImageTextMatch {
        guard let opened else { throw BlipError.folderMissing(path: folder.path) }
        guard text.contains(where: { !$0.isWhitespace }) else { throw BlipError.emptyText }
        var timings = Timings()
        timings.load = loadSeconds
        var clock = Stopwatch()
        let planes = try opened.processor.images(image.load(limits: limits))
        let (ids, notes) = try opened.processor.comparedIDs(text)
        timings.image = clock.lap()
        return try withoutGradients {
            let (network, device) = (opened.network, opened.device)
            let look = try opened.images.look(at: planes) { try network.look(at: planes.tensor(on: device)) }
            timings.vision = clock.lap()
            let words = try TokenBatch([ids], padding: 0, at: .right, on: device)
            let matching = try network.matching(look, words).to(.float32).softmax().select(0, 0).select(0, 1).item()
            let similarity = try network.similarity(look, words).to(.float32).select(0, 0).select(0, 0).item()
            timings.qformer = clock.lap()
            guard matching.isFinite, similarity.isFinite else { throw try opened.explainNotFinite() }
            return ImageTextMatch(
                matchingProbability: matching, similarity: similarity, timings: timings, notes: notes + opened.images.takeNotes())
        }
    }
}

extension Processor {
    /// The ids of a text that is compared with a picture, `[CLS] ... [SEP]`, and a note where it had to be cut.
    func comparedIDs(_ text: String) throws -> (ids: [Int], notes: [String]) {
        let positions = min(config.qformer.positionCount, tokenizer.modelMaximumLength ?? .max)
        let whole = tokenizer.encode(text, specialTokens: .asText)
        let ids = whole.count <= positions ? whole : tokenizer.encode(text, specialTokens: .asText, maximumLength: positions)
        try check(ids, "Q-Former", rows: config.qformer.vocabularySize)
        return (ids, ids.count < whole.count ? ["only \(positions) of \(whole.count) tokens of the text were compared"] : [])
    }
}
