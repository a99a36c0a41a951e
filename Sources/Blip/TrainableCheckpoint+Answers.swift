public import BlipImages
import BlipModels
public import BlipTensors
import Foundation

/// A network that is being trained, to be asked between its steps: nothing is written to a disk, and nothing is remembered from one answer to
/// the next. It belongs to the thread that trains.
public final class NetworkAnswerer {
    private let checkpoint: Checkpoint
    private let adapters: Adapters?

    /// What makes inputs of questions; it may be used on any thread.
    public var processor: Processor { checkpoint.processor }

    /// Whether the language model reads the prompt with an encoder, as T5 does; decoding presets differ by it.
    public var isEncoderDecoder: Bool { checkpoint.config.language.isEncoderDecoder }

    fileprivate init(_ checkpoint: Checkpoint, _ adapters: Adapters?) { (self.checkpoint, self.adapters) = (checkpoint, adapters) }

    /// Answers several questions in one batch, as `Assistant.answers(to:_:)` does.
    public func answers(to inputs: [Result<ModelInput, any Error>], _ options: AnswerOptions) throws -> [Result<Answer, any Error>] {
        stopDropping()
        return try checkpoint.answers(to: inputs, options)
    }

    /// Ranks candidate answers, as `Assistant.rank` does.
    public func rank(
        _ candidates: [String], behind instruction: String, of input: ModelInput, _ options: RankOptions = RankOptions()
    ) throws -> Ranking {
        stopDropping()
        return try checkpoint.rank(candidates, behind: instruction, of: input, options)
    }

    /// The last step of training may have left a seed.
    private func stopDropping() { adapters?.dropout?.seed = nil }
}

extension TrainableCheckpoint {
    /// The network as it is whenever it is asked.
    ///
    /// - Parameter features: the output of the image encoder for pictures [R, P, V], which training may have kept.
    /// - Throws: ``BlipError/retrievalOnly(path:)`` for a network that only compares; what is wrong with a tokenizer.
    public func answerer(features: @escaping ([PixelPlanes]) throws -> Tensor) throws -> NetworkAnswerer {
        guard case .answers(let network) = network else { throw BlipError.retrievalOnly(path: folder.path) }
        var config = config
        config.isToldInstruction = config.isToldInstruction && options.tellsQFormer
        let processor = config == self.config ? processor : try Processor(folder: folder, config)
        let opened = OpenedFolder(config, network, processor, weights, dtype: options.dtype, device: options.device)
        return NetworkAnswerer(Checkpoint(opened, features: features), adapters)
    }
}
