import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// How a checkpoint is opened.
public struct OpenOptions: Sendable {
    /// The type to compute in; nil takes the one the config names, and float32 when it names none or weights are packed.
    public var dtype: DType?
    /// Packs the weights while they are loaded: slower to open and as large to read as before, but quicker to answer and smaller in memory.
    /// A checkpoint that was packed before needs none.
    public var quantization: Quantization?
    public var device: Device
    public var resizing: ResizeBackend
    /// Memory for what was seen in pictures, so that the next question about one is quicker; a 224-pixel picture of the published models
    /// takes about 11 MB in float32. 0 keeps nothing.
    public var imageCacheBytes: Int
    /// A folder where the same is kept for other runs and processes; nil keeps nothing there.
    public var imageCacheFolder: URL?
    /// What that folder may grow to; the pictures unused for longest go first.
    public var imageCacheFolderBytes: Int
    /// A folder for the image encoder's own output alone, an eighth of that: see ``VisionFeatureStore``. For going through many pictures more
    /// than once. Nil keeps nothing there.
    public var featureFolder: URL?
    /// What that folder may grow to; pictures that do not fit any more are looked at each time.
    public var featureFolderBytes = 8_000_000_000
    /// Pictures that the image encoder is shown at once, at most. With 1 what it makes of one does not depend on the others, not even in the
    /// last bit.
    public var picturesAtOnce = 16
    /// A folder of low-rank changes of the language model in PEFT's layout; nil for none.
    public var adapter: URL?

    public init(
        dtype: DType? = nil, quantization: Quantization? = nil, device: Device = .cpu, resizing: ResizeBackend = .torchvision,
        imageCacheBytes: Int = 256 << 20, imageCacheFolder: URL? = nil, imageCacheFolderBytes: Int = 4_000_000_000, adapter: URL? = nil
    ) {
        self.adapter = adapter
        self.imageCacheBytes = imageCacheBytes
        self.imageCacheFolder = imageCacheFolder
        self.imageCacheFolderBytes = imageCacheFolderBytes
        self.dtype = dtype
        self.quantization = quantization
        self.device = device
        self.resizing = resizing
    }
}

extension OpenOptions {
    /// What to compute in. Sums with packed weights are float32 on the CPU, and half precision beside them would save nothing; but a language model
    /// that is not packed keeps its type, and its mapped memory. Other devices multiply with packed weights in bfloat16.
    func dtype(for config: InstructBLIPConfig, _ files: WeightFiles) throws -> DType {
        if let dtype { return dtype }
        let isPacked =
            config.architecture == .blip2Retrieval
            ? quantization != nil || files.arePacked : quantization?.language != nil || files.languageIsPacked
        if isPacked { return device == .cpu ? .float32 : .bfloat16 }
        return try Checkpoint.dtype(of: config, files)
    }
}

/// An opened checkpoint folder: the network, its processor, and what ends an answer. It belongs to one thread, as tensors do.
final class Checkpoint {
    private let opened: OpenedFolder<InstructBLIP>
    /// Of a network that is being trained: what its image encoder makes of pictures [R, P, V]; nil asks the network.
    private let features: (([PixelPlanes]) throws -> Tensor)?

    var config: InstructBLIPConfig { opened.config }
    var network: InstructBLIP { opened.network }
    var processor: Processor { opened.processor }
    var device: Device { opened.device }
    var dtype: DType { opened.dtype }

    init(_ folder: URL, _ options: OpenOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void) throws {
        features = nil
        opened = try OpenedFolder(
            folder, options, progress: progress,
            check: { if $0.architecture == .blip2Retrieval { throw BlipError.retrievalOnly(path: folder.path) } }, build: InstructBLIP.init)
    }

    /// A network that is in memory already, and may change between two answers.
    init(_ opened: OpenedFolder<InstructBLIP>, features: @escaping ([PixelPlanes]) throws -> Tensor) {
        (self.opened, self.features) = (opened, features)
    }

    /// Reads `config.json`, and says what is wrong with a folder that has none.
    static func config(in folder: URL) throws -> InstructBLIPConfig { try InstructBLIPConfig(file: configFile(in: folder)) }

    /// The place of `config.json`.
    /// - Throws: ``BlipError`` where there is none.
    static func configFile(in folder: URL) throws -> URL {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw BlipError.folderMissing(path: folder.path)
        }
        guard isFolder.boolValue else { throw BlipError.notAFolder(path: folder.path) }
        let file = folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: file.path) else { throw BlipError.configMissing(path: folder.path) }
        return file
    }

    /// What the config names, else what the first weight is stored in, as the reference decides.
    static func dtype(of config: InstructBLIPConfig, _ files: WeightFiles) throws -> DType {
        let supported: [DType] = [.float32, .bfloat16, .float16]
        guard let name = config.dtypeName else {
            return files.infos.lazy.compactMap(\.type.dtype).first(where: supported.contains) ?? .float32
        }
        guard let type = DType(rawValue: name), supported.contains(type) else {
            throw BlipError.unknownDType(found: name, file: files.folder.appendingPathComponent("config.json").path)
        }
        return type
    }

    var padding: Padding { Padding(processor, config, promptSide: network.promptPadding) }

    func batch(_ inputs: [ModelInput]) throws -> Batch { try Batch(inputs, padding, on: device) }

    /// New tokens that fit behind a prompt: as many as wanted, or as many as the model has room for.
    ///
    /// - Throws: ``BlipError/tooManyPictures(count:limit:)`` when the pictures alone leave no room for an instruction;
    ///   ``BlipError/instructionTooLong(tokens:limit:)`` when not one token fits behind both.
    func room(after input: ModelInput, wanted: Int) throws -> Int {
        let places = config.queryCount * input.frames.count
        let limit = config.language.promptLimit - places
        guard limit >= 1 || input.frames.count < 2 else {
            let fitting = (config.language.promptLimit - input.promptIDs.count) / config.queryCount
            throw BlipError.tooManyPictures(count: input.frames.count, limit: max(1, fitting))
        }
        guard input.promptIDs.count <= limit else {
            throw BlipError.instructionTooLong(tokens: input.promptIDs.count, limit: max(0, limit))
        }
        return min(wanted, config.language.answerLimit(after: places + input.promptIDs.count))
    }

    /// The network's prompt, with the time of each stage noted. Pictures seen before are not looked at again.
    ///
    /// - Parameter inputs: with equally many pictures; without any, the language model is asked alone.
    func prompt(_ inputs: [ModelInput], _ timings: inout Timings, _ clock: inout Stopwatch) throws -> Prompt {
        if inputs.allSatisfy(\.frames.isEmpty) { return try network.prompt(of: padding.prompts(inputs, on: device)) }
        let look = try look(at: inputs.flatMap(\.frames))
        timings.vision = clock.lap()
        var (seconds, watch) = (0.0, clock)
        let prompt = try network.prompt(
            seeing: look, told: padding.instructions(inputs, on: device), then: padding.prompts(inputs, on: device),
            observe: .init { _, _ in seconds += watch.lap() })
        timings.qformer = seconds
        clock = watch
        return prompt
    }

    /// What the network sees in pictures; those seen before are not looked at again.
    func look(at pictures: [PixelPlanes]) throws -> Look {
        let looks = try opened.images.looks(at: pictures, atOnce: opened.picturesAtOnce) { unseen in
            if let features { return try network.look(from: features(unseen)) }
            guard let store = opened.features else { return try network.look(at: pixels(unseen)) }
            return try network.look(
                from: store.features(of: unseen, on: device, atOnce: opened.picturesAtOnce) { try network.vision($0) })
        }
        return try looks.count == 1 ? looks[0] : Look(joining: looks)
    }

    private func pixels(_ pictures: [PixelPlanes]) throws -> Tensor {
        try Tensor.concatenate(pictures.map { try $0.tensor(on: device) }, 0)
    }

    /// Use of the memory of pictures seen.
    var pictureUse: (queries: Int, hits: Int, bytes: Int) { (opened.images.queries, opened.images.hits, opened.images.byteCount) }

    /// What went wrong with the folders of pictures seen, once.
    func takeNotes() -> [String] { opened.images.takeNotes() + (opened.features?.takeNotes() ?? []) }

    /// How many pictures came from the folder of features, and how many were looked at; nil without one.
    var keptFeatures: (found: Int, made: Int)? { opened.features?.counts }

    /// The tokens of candidate answers, as they follow a prompt.
    ///
    /// OPT's tokenizer, unlike LLaMA's and T5's, sees a word behind a space as another one than a word that begins a text; behind an
    /// instruction a candidate is read with the space that parts the two.
    func candidateIDs(_ candidates: [String], behind instruction: String, countsEnd: Bool?) throws -> [[Int]] {
        // BLIP-2's OPT ends its texts as the config says, with a line break.
        let isOPT = if case .opt = config.language { true } else { false }
        let end = (isOPT ? config.language.endIDs.first : processor.tokenizer.special.eos).map { [$0] } ?? []
        let tail = countsEnd ?? config.language.isEncoderDecoder ? end : []
        let parts = isOPT && instruction.last.map { !$0.isWhitespace } == true
        return try candidates.enumerated().map { index, candidate in
            let isParted = !parts || candidate.first?.isWhitespace != false
            let ids = processor.tokenizer.encode(isParted ? candidate : " " + candidate, addSpecialTokens: false)
            guard !ids.isEmpty else { throw GenerationError.emptyCandidate(index: index) }
            try processor.check(ids, "language", rows: config.language.vocabularySize)
            return ids + tail
        }
    }

    /// What decoding asks back: what counts as said before, and whether a stop string has come.
    func hooks(
        _ options: AnswerOptions, _ request: DecodingOptions, _ inputs: [ModelInput], onStep: @escaping (Int, [Int?]) throws -> Void
    ) -> DecodingHooks {
        let (tokenizer, stops) = (processor.tokenizer, options.stopStrings)
        let endsAnswer: (([Int]) throws -> Bool)? =
            stops.isEmpty
            ? nil
            : { ids in
                let text = tokenizer.decode(ids)
                return stops.contains { !$0.isEmpty && text.contains($0) }
            }
        // An encoder's prompt is not part of what its decoder has said.
        let counts = request.penalizesPrompt && !config.language.isEncoderDecoder
        return DecodingHooks(
            said: counts ? inputs.map { processor.layout($0.promptIDs, frames: $0.frames.count) } : [], endsAnswer: endsAnswer,
            onStep: onStep)
    }

    /// The answers to one question, best first. Beams come so already; samples are put in order, and know when they were drawn.
    func sequences(_ rows: [TokenRow], _ options: AnswerOptions, _ request: DecodingOptions) -> [Answer.Sequence] {
        let sequences = rows.enumerated().map { number, row in
            let spoken = row.ids.filter { !request.stopIDs.contains($0) }
            return Answer.Sequence(
                text: AnswerText.text(spoken, processor.tokenizer, stops: options.stopStrings), tokenIDs: row.ids,
                finishReason: row.finish, logProbabilities: row.logProbabilities, score: row.score, number: number)
        }
        return request.beams > 1 ? sequences : sequences.sorted { $0.score > $1.score }
    }

    func explainNotFinite() throws -> BlipError { try opened.explainNotFinite() }
}
