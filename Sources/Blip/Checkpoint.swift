import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors
import BlipTokenizers
import Foundation

/// How a checkpoint is opened.
public struct OpenOptions: Sendable {
    /// The type to compute in; nil takes the one the config names, and float32 when it names none.
    public var dtype: DType?
    public var device: Device
    public var resizing: ResizeBackend

    public init(dtype: DType? = nil, device: Device = .cpu, resizing: ResizeBackend = .torchvision) {
        self.dtype = dtype
        self.device = device
        self.resizing = resizing
    }
}

/// An opened checkpoint folder: the network, its processor, and what ends an answer. It belongs to one thread, as tensors do.
final class Checkpoint {
    let config: InstructBLIPConfig
    let network: InstructBLIP
    let processor: Processor
    let device: Device
    let dtype: DType
    private let weights: CheckpointWeights

    init(_ folder: URL, _ options: OpenOptions, progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void) throws {
        guard options.device.isAvailable else { throw TensorError.deviceUnavailable(options.device) }
        config = try Self.config(in: folder)
        let files = try WeightFiles(folder: folder)
        dtype = try options.dtype ?? Self.dtype(of: config, files)
        device = options.device
        processor = try Processor(folder: folder, config, resizing: options.resizing)
        weights = CheckpointWeights(files, precision: Precision(dtype), device: device, progress: progress)
        network = try InstructBLIP(Scope(weights), config)
        try weights.finish()
    }

    /// Reads `config.json`, and says what is wrong with a folder that has none.
    static func config(in folder: URL) throws -> InstructBLIPConfig {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw BlipError.folderMissing(path: folder.path)
        }
        guard isFolder.boolValue else { throw BlipError.notAFolder(path: folder.path) }
        let file = folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: file.path) else { throw BlipError.configMissing(path: folder.path) }
        return try InstructBLIPConfig(file: file)
    }

    /// What the config names, else what the first weight is stored in, as the reference decides.
    private static func dtype(of config: InstructBLIPConfig, _ files: WeightFiles) throws -> DType {
        let supported: [DType] = [.float32, .bfloat16, .float16]
        guard let name = config.dtypeName else {
            return files.infos.lazy.compactMap(\.type.dtype).first(where: supported.contains) ?? .float32
        }
        guard let type = DType(rawValue: name), supported.contains(type) else {
            throw BlipError.unknownDType(found: name, file: files.folder.appendingPathComponent("config.json").path)
        }
        return type
    }

    var padding: Padding {
        Padding(
            instructionID: processor.instructionTokenizer.special.pad ?? config.qformer.padID,
            promptID: processor.tokenizer.special.pad.flatMap { $0 < config.language.vocabularySize ? $0 : nil } ?? 0,
            promptSide: network.promptPadding)
    }

    func batch(_ inputs: [ModelInput]) throws -> Batch { try Batch(inputs, padding, on: device) }

    /// New tokens that fit behind a prompt: as many as wanted, or as many as the model has positions left.
    ///
    /// - Throws: ``BlipError/instructionTooLong(tokens:limit:)`` when not one fits.
    func room(after input: ModelInput, wanted: Int) throws -> Int {
        let limit = config.language.promptLimit - config.queryCount
        guard input.promptIDs.count <= limit else {
            throw BlipError.instructionTooLong(tokens: input.promptIDs.count, limit: max(0, limit))
        }
        guard let positions = config.language.positionCount else { return wanted }
        return min(wanted, positions - config.queryCount - input.promptIDs.count)
    }

    /// The network's prompt, with the time of each stage noted.
    func prompt(_ inputs: [ModelInput], _ timings: inout Timings, _ clock: inout Stopwatch) throws -> Prompt {
        var (seen, watch) = (timings, clock)
        let prompt = try network.prompt(
            for: batch(inputs),
            observe: .init { stage, _ in
                switch stage {
                case .vision: seen.vision = watch.lap()
                case .qformer: seen.qformer = watch.lap()
                case .projection: seen.qformer += watch.lap()
                }
            })
        (timings, clock) = (seen, watch)
        return prompt
    }

    /// The tokens of candidate answers, as they follow a prompt.
    func candidateIDs(_ candidates: [String], countsEnd: Bool?) throws -> [[Int]] {
        let end = processor.tokenizer.special.eos.map { [$0] } ?? []
        let tail = countsEnd ?? config.language.isEncoderDecoder ? end : []
        return try candidates.enumerated().map { index, candidate in
            let ids = processor.tokenizer.encode(candidate, addSpecialTokens: false)
            guard !ids.isEmpty else { throw GenerationError.emptyCandidate(index: index) }
            try processor.check(ids, "language", rows: config.language.vocabularySize)
            return ids + tail
        }
    }

    /// What decoding asks back: what counts as said before, and whether a stop string has come.
    func hooks(
        _ options: AnswerOptions, _ request: DecodingOptions, _ input: ModelInput, onStep: @escaping (Int, [Int?]) throws -> Void
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
        return DecodingHooks(said: counts ? [processor.layout(input.promptIDs)] : [], endsAnswer: endsAnswer, onStep: onStep)
    }

    func sequence(_ row: TokenRow, _ options: AnswerOptions, _ request: DecodingOptions) -> Answer.Sequence {
        let spoken = row.ids.filter { !request.stopIDs.contains($0) }
        return Answer.Sequence(
            text: AnswerText.text(spoken, processor.tokenizer, stops: options.stopStrings), tokenIDs: row.ids, finishReason: row.finish,
            logProbabilities: row.logProbabilities, score: row.score)
    }

    /// Explains an output that is not finite: damaged weights if there are any, else the arithmetic.
    func explainNotFinite() throws -> BlipError {
        if let damage = try weights.firstNotFinite() { return .notFinite(explanation: "\(damage)") }
        let advice =
            dtype == .float32
            ? "the weights are finite, but the computation overflows" : "it overflows in \(dtype.rawValue); try --dtype float32"
        return .notFinite(explanation: advice)
    }
}
