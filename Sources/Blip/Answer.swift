import BlipDecoding

/// How an answer is made.
public struct AnswerOptions: Sendable {
    /// How tokens are chosen; its stop ids follow from ``stop``.
    public var decoding: DecodingOptions
    public var stop: StopRule
    /// Texts that end an answer; they are not part of it.
    public var stopStrings: [String]

    public init(maximumTokens: Int = 256, stop: StopRule = .configAndTokenizer, stopStrings: [String] = []) {
        self.init(decoding: DecodingOptions(maximumTokens: maximumTokens), stop: stop, stopStrings: stopStrings)
    }

    public init(decoding: DecodingOptions, stop: StopRule = .configAndTokenizer, stopStrings: [String] = []) {
        self.decoding = decoding
        self.stop = stop
        self.stopStrings = stopStrings
    }
}

/// An answer to an instruction about a picture.
public struct Answer: Sendable {
    /// One of several answers to the same question.
    public struct Sequence: Sendable {
        /// The text, without special tokens and without white space around it.
        public let text: String
        /// The tokens, the ending one included, as `generate` of transformers gives them.
        public let tokenIDs: [Int]
        public let finishReason: FinishReason
        /// Each token's log-probability under the model.
        public let logProbabilities: [Double]
        /// Of beam search the score it was chosen by, else the sum of the log-probabilities.
        public let score: Double
        /// Of several samples the place at which this one was drawn, from 0; ``Answer/sequences`` has them in another order, best first.
        public internal(set) var number = 0
        /// For each of ``tokenIDs`` the likeliest tokens in its place, best first; empty unless a question to a served model asked for them.
        public internal(set) var alternatives: [[TokenAlternative]] = []
    }

    /// Every answer asked for, best first.
    public let sequences: [Sequence]
    /// Positions the language model read: the image's and the instruction's.
    public let promptTokens: Int
    public internal(set) var timings: Timings
    /// Things the user should know, as a truncated instruction.
    public let notes: [String]

    /// - Precondition: there is at least one sequence.
    init(sequences: [Sequence], promptTokens: Int, timings: Timings, notes: [String]) {
        precondition(!sequences.isEmpty, "an answer has at least one sequence")
        self.sequences = sequences
        self.promptTokens = promptTokens
        self.timings = timings
        self.notes = notes
    }

    /// The best answer's text.
    public var text: String { sequences[0].text }
    public var tokenIDs: [Int] { sequences[0].tokenIDs }
    public var finishReason: FinishReason { sequences[0].finishReason }
}

/// A token that might have stood in another's place.
public struct TokenAlternative: Sendable, Equatable {
    public let id: Int
    /// Under the model, before any rule.
    public let logProbability: Double

    public init(id: Int, logProbability: Double) {
        self.id = id
        self.logProbability = logProbability
    }
}

/// Seconds spent in each stage of one answer.
public struct Timings: Sendable, Equatable {
    /// Waiting for others, where a model is served.
    public var waiting = 0.0
    /// Opening the checkpoint, once.
    public var load = 0.0
    /// Decoding (unless that was done before), resizing and normalising the picture.
    public var image = 0.0
    /// The image encoder.
    public var vision = 0.0
    /// The Q-Former and the projection.
    public var qformer = 0.0
    /// Reading the prompt, up to the first token.
    public var prefill = 0.0
    /// All tokens after the first.
    public var decode = 0.0
    /// Tokens after the first, a second (of the best answer); 0 when there was only one.
    public var tokensPerSecond = 0.0
}
