public import BlipImages
import BlipModels
public import BlipTensors

/// Pictures and an instruction, ready for the network: plain numbers that can travel between threads.
public struct ModelInput: Sendable {
    /// One picture, or the frames of a clip; none where the language model is asked alone.
    public let frames: [PixelPlanes]
    /// What the Q-Former is told: `[CLS] ... [SEP]`; nil in BLIP-2.
    public let instructionIDs: [Int]?
    /// What the language model reads after the image's soft tokens.
    public let promptIDs: [Int]
    /// Things the user should know, as a truncated instruction.
    public let notes: [String]
}

/// How rows are padded; what the pads are does not change any result.
struct Padding: Sendable {
    let instructionID: Int
    let promptID: Int
    let promptSide: PaddingSide
    /// Lengths are multiples of it.
    let multiple: Int

    init(_ processor: Processor, _ config: InstructBLIPConfig, promptSide: PaddingSide, multiple: Int = 1) {
        self.multiple = multiple
        instructionID = processor.instructionTokenizer?.special.pad ?? config.qformer.padID
        promptID = processor.tokenizer.special.pad.flatMap { $0 < config.language.vocabularySize ? $0 : nil } ?? 0
        self.promptSide = promptSide
    }

    /// Nil where the Q-Former is told nothing.
    func instructions(_ inputs: [ModelInput], on device: Device) throws -> TokenBatch? {
        let rows = inputs.compactMap(\.instructionIDs)
        return rows.isEmpty ? nil : try TokenBatch(rows, padding: instructionID, at: .right, multiple: multiple, on: device)
    }

    func prompts(_ inputs: [ModelInput], on device: Device) throws -> TokenBatch { try prompts(inputs.map(\.promptIDs), on: device) }

    func prompts(_ rows: [[Int]], on device: Device) throws -> TokenBatch {
        try TokenBatch(rows, padding: promptID, at: promptSide, multiple: multiple, on: device)
    }
}

extension PixelPlanes {
    /// [1, 3, H, W]
    public func tensor(on device: Device) throws -> Tensor { try Tensor.of(values, [1, Self.channels, height, width]).to(device) }
}

extension Batch {
    /// Stacks inputs with equally many frames; it chooses nothing.
    init(_ inputs: [ModelInput], _ padding: Padding, on device: Device) throws {
        self.init(
            pixels: try Tensor.concatenate(inputs.flatMap(\.frames).map { try $0.tensor(on: device) }, 0),
            instruction: try padding.instructions(inputs, on: device), prompt: try padding.prompts(inputs, on: device))
    }
}
