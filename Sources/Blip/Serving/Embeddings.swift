import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors

extension Assistant {
    /// What pictures are, as a point in a space where similar ones lie near each other.
    ///
    /// - Parameters:
    ///   - instruction: nil gives the mean of the image encoder's output after its last norm, over all places of all pictures [V]; else the
    ///     mean of what the Q-Former hands to the language model, having read the instruction [D]. Points of the two kinds cannot be compared.
    ///   - pictures: at least one; several are taken as frames of one clip.
    /// - Returns: float32, not normalised.
    public func embeddings(_ instruction: String?, about pictures: [RGBImage]) throws -> [Float] {
        let checkpoint = try checkpoint()
        let processor = checkpoint.processor
        guard !pictures.isEmpty else {
            throw BlipError.invalidOption(name: "the number of pictures", found: "0", expected: "at least 1")
        }
        guard let instruction else {
            let planes = try pictures.map { try processor.images($0) }
            return try withoutGradients { try Self.mean(checkpoint.look(at: planes).patches) }
        }
        let input = try processor.input(pictures, instruction)
        return try withoutGradients {
            let look = try checkpoint.look(at: input.frames)
            // Every frame reads the same instruction.
            let told = try checkpoint.padding.instructions(input.frames.map { _ in input }, on: checkpoint.device)
            return try Self.mean(checkpoint.network.softTokens(seeing: look, told: told))
        }
    }

    /// Over all but the last dimension; in float32, whatever the type.
    private static func mean(_ tensor: Tensor) throws -> [Float] {
        let mean = try tensor.to(.float32).reshape([-1, tensor.size(-1)]).mean(0).floats()
        guard mean.allSatisfy(\.isFinite) else { throw GenerationError.notFinite(step: 0) }
        return mean
    }
}
