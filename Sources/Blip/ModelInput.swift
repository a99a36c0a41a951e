import BlipImages
import BlipModels
import BlipTensors

/// One picture and instruction, ready for the network: plain numbers that can travel between threads.
public struct ModelInput: Sendable {
    public let pixels: PixelPlanes
    /// What the Q-Former is told: `[CLS] ... [SEP]`.
    public let instructionIDs: [Int]
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
}

extension Batch {
    /// Stacks inputs; it chooses nothing.
    init(_ inputs: [ModelInput], _ padding: Padding, on device: Device) throws {
        let planes = try inputs.map { try Tensor.of($0.pixels.values, [1, 3, $0.pixels.height, $0.pixels.width]) }
        self.init(
            pixels: try Tensor.concatenate(planes, 0).to(device),
            instruction: try TokenBatch(inputs.map(\.instructionIDs), padding: padding.instructionID, at: .right, on: device),
            prompt: try TokenBatch(inputs.map(\.promptIDs), padding: padding.promptID, at: padding.promptSide, on: device))
    }
}
