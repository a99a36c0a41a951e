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
/// Cutting chooses nothing: each piece's loss counts by its target tokens, so that the step is the same however it is cut. Answers of like lengths
/// come together, since all answers of a piece are as long as its longest.
public struct TrainingBatch: Sendable {
    public let parts: [MicroBatch]
    public var tokens: Int { parts.reduce(0) { $0 + $1.tokens } }

    /// - Parameters:
    ///   - size: the most samples of a piece. Those with unlike numbers of pictures come into pieces of their own.
    ///   - lengths: answers with more tokens than one of these come into pieces of their own, too.
    public init(
        _ examples: [LoadedExample], _ processor: Processor, size: Int, instructionLimit: Int, answerLimit: Int, lengths: [Int] = []
    ) throws {
        var parts: [MicroBatch] = []
        var open: [[Int]: Int] = [:]
        var rows = try examples.enumerated().map { place, loaded in
            let input = try processor.trainingInput(planes: loaded.frames, loaded.example.instruction, limit: instructionLimit)
            return (place: place, input: input, target: try processor.target(loaded.example.answer, limit: answerLimit))
        }
        if size < rows.count { rows.sort { ($0.target.count, $0.place) < ($1.target.count, $1.place) } }
        for (_, input, target) in rows {
            let kind = [input.frames.count, lengths.count { target.count > $0 }]
            if let place = open[kind], parts[place].inputs.count < size {
                parts[place].inputs.append(input)
                parts[place].targets.append(target)
            } else {
                open[kind] = parts.count
                parts.append(MicroBatch(inputs: [input], targets: [target]))
            }
        }
        self.parts = parts
    }
}
