/// How answers are chosen from the model's logits.
public struct DecodingOptions: Sendable, Equatable {
    /// New tokens at most, the ending one included.
    public var maximumTokens: Int
    /// An answer does not end before it has this many tokens.
    public var minimumTokens = 0
    /// Ids that end an answer.
    public var stopIDs: Set<Int>
    /// Beams; 1 is greedy, or sampling.
    public var beams = 1
    /// Answers to return: of the best beams, or samples.
    public var returned = 1
    /// A finished beam's score is its log-probability divided by length^penalty: above 0 favours long answers, below 0 short ones.
    public var lengthPenalty = 1.0
    public var earlyStopping = EarlyStopping.no
    /// Scores of tokens said before are divided (or, below zero, multiplied) by this; 1 is none.
    public var repetitionPenalty = 1.0
    /// No run of this many tokens comes twice; 0 is no rule.
    public var noRepeatNGram = 0
    /// Whether penalties look at the prompt's tokens too, as new versions of the reference do; the published behaviour is the answer alone.
    public var penalizesPrompt = false
    /// Nil takes the likeliest token.
    public var sampling: Sampling?

    public init(maximumTokens: Int, stopIDs: Set<Int> = []) {
        self.maximumTokens = maximumTokens
        self.stopIDs = stopIDs
    }

    /// When beam search ends.
    public enum EarlyStopping: String, Sendable, CaseIterable {
        /// When no open beam, at its present length, is better than the worst finished one.
        case no = "false"
        /// As soon as there are as many finished answers as beams.
        case yes = "true"
        /// When no open beam can become better, whatever its length.
        case never
    }

    /// How a token is drawn.
    public struct Sampling: Sendable, Equatable {
        /// Above 1 flattens the distribution, below 1 sharpens it.
        public var temperature = 1.0
        /// Only the likeliest k; nil is no rule.
        public var topK: Int?
        /// Only the likeliest tokens that together reach this probability; nil is no rule.
        public var topP: Double?
        /// Only tokens at least this share as likely as the likeliest; nil is no rule.
        public var minP: Double?
        public var seed: UInt64

        public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil, seed: UInt64 = 0) {
            self.temperature = temperature
            self.topK = topK
            self.topP = topP
            self.minP = minP
            self.seed = seed
        }
    }

    /// - Throws: ``GenerationError/invalid(option:found:expected:)`` for the first value that makes no sense.
    public func validate() throws(GenerationError) {
        func require(_ isRight: Bool, _ option: String, _ found: Any, _ expected: String) throws(GenerationError) {
            if !isRight { throw .invalid(option: option, found: "\(found)", expected: expected) }
        }
        try require((1...1_000_000).contains(maximumTokens), "the number of new tokens", maximumTokens, "1 to 1,000,000")
        try require((0...maximumTokens).contains(minimumTokens), "the least number of new tokens", minimumTokens, "0 to \(maximumTokens)")
        try require((1...64).contains(beams), "the number of beams", beams, "1 to 64")
        try require(returned >= 1, "the number of answers", returned, "at least 1")
        let atMost = beams > 1 ? beams : sampling == nil ? 1 : Int.max
        try require(
            returned <= atMost, "the number of answers", returned, "at most \(atMost), the number of beams, or any number with sampling")
        try require(lengthPenalty.isFinite, "the length penalty", lengthPenalty, "a finite number")
        try require(repetitionPenalty.isFinite && repetitionPenalty > 0, "the repetition penalty", repetitionPenalty, "a number above 0")
        try require(noRepeatNGram >= 0, "the length of runs that may not repeat", noRepeatNGram, "0 (no rule) or more")
        guard let sampling else { return }
        try require(sampling.temperature.isFinite && sampling.temperature > 0, "the temperature", sampling.temperature, "a number above 0")
        if let topK = sampling.topK { try require(topK >= 1, "top-k", topK, "at least 1") }
        if let topP = sampling.topP { try require(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1") }
        if let minP = sampling.minP { try require((0...1).contains(minP), "min-p", minP, "0 to 1") }
    }
}
