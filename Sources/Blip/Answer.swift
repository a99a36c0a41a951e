import BlipDecoding

/// How an answer is made.
public struct AnswerOptions: Sendable {
    /// New tokens at most.
    public var maximumTokens: Int
    public var stop: StopRule

    public init(maximumTokens: Int = 256, stop: StopRule = .configAndTokenizer) {
        self.maximumTokens = maximumTokens
        self.stop = stop
    }
}

/// An answer to an instruction about a picture.
public struct Answer: Sendable {
    /// The text, without special tokens and without white space around it.
    public let text: String
    /// The answer's tokens, the ending one included, as `generate` of transformers gives them.
    public let tokenIDs: [Int]
    public let finishReason: FinishReason
    /// Positions the language model read: the image's and the instruction's.
    public let promptTokens: Int
    public let timings: Timings
    /// Things the user should know, as a truncated instruction.
    public let notes: [String]
}

/// Seconds spent in each stage of one answer.
public struct Timings: Sendable, Equatable {
    /// Opening the checkpoint, once.
    public var load = 0.0
    /// Decoding, resizing and normalising the picture.
    public var image = 0.0
    /// The image encoder.
    public var vision = 0.0
    /// The Q-Former and the projection.
    public var qformer = 0.0
    /// Reading the prompt, up to the first token.
    public var prefill = 0.0
    /// All tokens after the first.
    public var decode = 0.0
    /// Tokens after the first, a second; 0 when there was only one.
    public var tokensPerSecond = 0.0
}
