import BlipImages
import BlipModels
import BlipTokenizers
import Foundation

/// Turns a picture and an instruction into what the network takes: the tokenizers and the image processor of a checkpoint.
///
/// Equal to `InstructBlipProcessor` and `Blip2Processor` of transformers. Differs: special tokens that a user types stay text, and an instruction longer than the
/// Q-Former's positions is cut at its beginning instead of failing.
public struct Processor: Sendable {
    public let images: ImageProcessor
    /// The language model's tokenizer; of a checkpoint for retrieval the Q-Former's.
    public let tokenizer: Tokenizer
    /// The Q-Former's tokenizer; nil where the Q-Former is told nothing, as in BLIP-2.
    public let instructionTokenizer: Tokenizer?
    let config: InstructBLIPConfig

    /// - Parameter folder: a checkpoint folder.
    public init(folder: URL, _ config: InstructBLIPConfig, resizing: ResizeBackend = .torchvision) throws {
        images = try ImageProcessor(
            checkpoint: folder, forVideo: config.architecture == .instructBLIPVideo, backend: resizing, side: config.vision.imageSize)
        tokenizer = try Tokenizer(folder: folder)
        instructionTokenizer =
            config.tellsQFormer ? try Tokenizer(folder: folder.appendingPathComponent("qformer_tokenizer")) : nil
        self.config = config
        let patch = config.vision.patchSize
        let (rows, columns) = (images.height / patch, images.width / patch)
        let (patches, overflows) = rows.multipliedReportingOverflow(by: columns)
        guard !overflows, (1...Self.patchLimit).contains(patches) else {
            throw BlipError.wrongImageSize(height: images.height, width: images.width, patch: patch, limit: Self.patchLimit)
        }
    }

    /// Ours, on memory: attention grows with the square. The published models have 256 and 676 patches.
    static let patchLimit = 16_384

    /// - Parameters:
    ///   - instruction: BLIP-2 writes a caption where it is empty or white space; InstructBLIP must be told something.
    ///   - specialTokens: whether special tokens in the instruction are text, or what they stand for.
    public func input(
        _ image: RGBImage, _ instruction: String, specialTokens: SpecialTokenHandling = .asText
    ) throws -> ModelInput {
        try input([image], instruction, specialTokens: specialTokens)
    }

    /// The same for the frames of a clip: each is read with the same instruction.
    public func input(
        _ frames: [RGBImage], _ instruction: String, specialTokens: SpecialTokenHandling = .asText
    ) throws -> ModelInput {
        try input(planes: frames.map { try images($0) }, instruction, specialTokens: specialTokens)
    }

    /// The same for pictures that were resized and normalised before.
    func input(planes: [PixelPlanes], _ instruction: String, specialTokens: SpecialTokenHandling = .asText) throws -> ModelInput {
        guard !planes.isEmpty else { throw BlipError.invalidOption(name: "the number of pictures", found: "0", expected: "at least 1") }
        guard let instructionTokenizer else { return try input(planes: planes, promptOnly: instruction, specialTokens) }
        guard !instruction.allSatisfy(\.isWhitespace) else { throw BlipError.emptyInstruction }
        return try input(planes: planes, instruction, instructionTokenizer, specialTokens)
    }

    /// The language model alone: it reads the instruction as its own tokenizer writes it, and nothing stands for a picture.
    public func textInput(_ instruction: String, specialTokens: SpecialTokenHandling = .asText) throws -> ModelInput {
        try input(planes: [], promptOnly: instruction, specialTokens)
    }

    /// What only the language model is told.
    private func input(planes: [PixelPlanes], promptOnly instruction: String, _ specialTokens: SpecialTokenHandling) throws -> ModelInput {
        let isEmpty = instruction.allSatisfy(\.isWhitespace)
        guard !isEmpty || !config.architecture.isInstructed else { throw BlipError.emptyInstruction }
        // `generate` without input ids begins with the config's first id alone.
        let begin = isEmpty ? config.language.beginID.map { [$0] } : nil
        let prompt = begin ?? tokenizer.encode(instruction, specialTokens: specialTokens)
        try check(prompt, "language", rows: config.language.vocabularySize)
        return ModelInput(frames: planes, instructionIDs: nil, promptIDs: prompt, notes: [])
    }

    private func input(
        planes: [PixelPlanes], _ instruction: String, _ instructionTokenizer: Tokenizer, _ specialTokens: SpecialTokenHandling,
        _ limit: Int? = nil
    ) throws -> ModelInput {
        let positions = min(config.qformer.positionCount, instructionTokenizer.modelMaximumLength ?? .max, limit ?? .max)
        let whole = instructionTokenizer.encode(instruction, specialTokens: specialTokens)
        let told =
            whole.count <= positions
            ? whole : instructionTokenizer.encode(instruction, specialTokens: specialTokens, maximumLength: positions, cutting: .left)
        let prompt = tokenizer.encode(instruction, specialTokens: specialTokens, maximumLength: limit, cutting: .left)
        try check(told, "Q-Former", rows: config.qformer.vocabularySize)
        try check(prompt, "language", rows: config.language.vocabularySize)
        let note = "the Q-Former read only the last \(positions) of \(whole.count) tokens of the instruction"
        return ModelInput(frames: planes, instructionIDs: told, promptIDs: prompt, notes: told.count < whole.count ? [note] : [])
    }

    /// The same for training, where an instruction may be empty, and a long one is cut at its beginning.
    ///
    /// - Parameter limit: tokens of an instruction, special ones included; 128 in the reference.
    public func trainingInput(planes: [PixelPlanes], _ instruction: String, limit: Int) throws -> ModelInput {
        guard !planes.isEmpty else { throw BlipError.invalidOption(name: "the number of pictures", found: "0", expected: "at least 1") }
        guard let instructionTokenizer else {
            // A caption without a prompt begins as BLIP-2 asks for one.
            let isEmpty = !config.architecture.isInstructed && instruction.allSatisfy(\.isWhitespace)
            guard !isEmpty else { return try input(planes: planes, instruction) }
            return ModelInput(frames: planes, instructionIDs: nil, promptIDs: try prompt(instruction, limit: limit), notes: [])
        }
        return try self.input(planes: planes, instruction, instructionTokenizer, .asText, limit)
    }

    /// What the language model reads of an instruction in training, without a picture.
    public func prompt(_ instruction: String, limit: Int) throws -> [Int] {
        let prompt = tokenizer.encode(instruction, maximumLength: limit, cutting: .left)
        try check(prompt, "language", rows: config.language.vocabularySize)
        return prompt
    }

    /// The ids of an answer to be learned, with the end and without a beginning.
    ///
    /// - Parameter limit: tokens with the end, and with the beginning that the reference has here; 256 there. Of a longer answer T5 learns the
    ///   beginning and an end, the others the beginning alone, as in the reference.
    public func target(_ answer: String, limit: Int) throws -> [Int] {
        // BLIP-2's OPT ends its texts as the config says, with a line break.
        let isOPT = if case .opt = config.language { true } else { false }
        let end = (isOPT ? config.language.endIDs.first : tokenizer.special.eos).map { [$0] } ?? []
        let ids = tokenizer.encode(answer, addSpecialTokens: false)
        try check(ids, "language", rows: config.language.vocabularySize)
        if config.language.isEncoderDecoder { return ids.prefix(max(0, limit - end.count)) + end }
        let begins = tokenizer.encode("").first.map { $0 == tokenizer.special.bos } ?? false
        return Array((ids + end).prefix(max(1, limit - (begins ? 1 : 0))))
    }

    /// Input ids as the reference lays them out: the image's places first. A checkpoint without a placeholder id has none.
    public func layout(_ promptIDs: [Int], frames: Int = 1) -> [Int] {
        guard let image = config.imageTokenID else { return promptIDs }
        return Array(repeating: image, count: config.queryCount * frames) + promptIDs
    }

    func check(_ ids: [Int], _ name: String, rows: Int) throws {
        if let id = ids.first(where: { $0 >= rows || $0 < 0 }) { throw BlipError.wrongVocabulary(tokenizer: name, id: id, rows: rows) }
    }
}
