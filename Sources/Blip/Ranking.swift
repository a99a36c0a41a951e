/// Candidate answers and how likely each is.
public struct Ranking: Sendable {
    public struct Candidate: Sendable {
        public let text: String
        /// Its place among the candidates as they were given.
        public let index: Int
        /// Of the whole candidate after the prompt; with ``RankOptions/perToken`` divided by its tokens.
        public let logProbability: Double
        /// Its share among the candidates: they sum to one.
        public let probability: Double
    }

    /// The likeliest first; equal ones in the order given.
    public let candidates: [Candidate]
    public let timings: Timings
    /// Things the user should know, as a truncated instruction.
    public let notes: [String]

    /// How likely an answer of the first group is, against the second: in [0, 1], for curves such as ROC.
    ///
    /// - Parameters:
    ///   - positive: candidates that mean yes, as `["yes", "true"]`.
    ///   - negative: candidates that mean no.
    /// - Returns: nil when no candidate of either group was ranked.
    public func score(of positive: Set<String>, against negative: Set<String>) -> Double? {
        func sum(_ group: Set<String>) -> Double { candidates.filter { group.contains($0.text) }.map(\.probability).reduce(0, +) }
        let (yes, no) = (sum(positive), sum(negative))
        return yes + no > 0 ? yes / (yes + no) : nil
    }
}

/// How candidates are scored.
public struct RankOptions: Sendable {
    /// Whether the end of sequence counts; nil decides as published: for T5 it does, for LLaMA it does not.
    public var countsEnd: Bool?
    /// The mean over a candidate's tokens instead of their sum, which the paper takes.
    public var perToken = false
    /// Tokens read at once; memory grows with it, results do not change.
    public var maximumNodes = 256

    public init(countsEnd: Bool? = nil, perToken: Bool = false, maximumNodes: Int = 256) {
        self.countsEnd = countsEnd
        self.perToken = perToken
        self.maximumNodes = maximumNodes
    }
}
