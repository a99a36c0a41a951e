public import Blip
import BlipData

/// Samples that go through the network at once: ids and pixels, not yet tensors.
public struct MicroBatch: Sendable {
    public var inputs: [ModelInput]
    /// Ids of each answer, the end included.
    public var targets: [[Int]]

    /// Target tokens.
    public var tokens: Int { targets.reduce(0) { $0 + $1.count } }
}

/// A process's samples of one step, cut into pieces that fit into memory.
///
/// Cutting chooses nothing: each piece's loss counts by its target tokens, or by what the plan makes of them, so that the step is the same however it is
/// cut. Answers of like lengths come together, since all answers of a piece are as long as its longest.
public struct TrainingBatch: Sendable {
    public let parts: [MicroBatch]
    public var tokens: Int { parts.reduce(0) { $0 + $1.tokens } }

    /// - Parameters:
    ///   - size: the most samples of a piece. Those with unlike numbers of pictures come into pieces of their own.
    ///   - cutsByLength: where answers have very unlike lengths, in more pieces than their number asks for.
    public init(
        _ examples: [LoadedExample], _ processor: Processor, size: Int, instructionLimit: Int, answerLimit: Int, cutsByLength: Bool = false
    ) throws {
        let rows = try examples.map { loaded in
            let input = try processor.trainingInput(planes: loaded.frames, loaded.example.instruction, limit: instructionLimit)
            return (input: input, target: try processor.target(loaded.example.answer, limit: answerLimit))
        }
        parts = LengthCuts.pieces(
            rows, size: size, cuts: cutsByLength, length: \.target.count, kind: \.input.frames.count
        ).map { rows in
            MicroBatch(inputs: rows.map(\.input), targets: rows.map(\.target))
        }
    }
}
