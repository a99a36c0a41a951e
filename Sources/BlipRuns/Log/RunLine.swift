/// One line of a run's log: the numbers of a step, or something that happened.
public struct RunLine: Sendable, Equatable {
    /// Steps done so far; what is told of a step has the step's own number, the first being 1.
    public let step: Int

    /// Seconds since 1970; nil in logs that do not say.
    public let time: Double?

    public let content: Content

    public init(step: Int, time: Double?, _ content: Content) {
        self.step = step
        self.time = time
        self.content = content
    }

    /// What a line tells.
    public enum Content: Sendable, Equatable {
        case numbers(StepNumbers)
        /// The run began; `details` are its own, such as the plan's name and the versions.
        case start(details: [String: String])
        /// A checkpoint was finished; the path is relative to the run's folder.
        case save(path: String)
        case validation(metrics: [String: Double])
        /// A batch that gave no usable loss was skipped or ended the run; `path` is where it was written out.
        case badBatch(reason: String, path: String?)
        /// The run goes on behind this step.
        case resume
        /// `reason` says why: "finished", "interrupted", "failed".
        case end(reason: String)
        /// Something else; names and texts.
        case note(event: String, details: [String: String])
    }
}

/// What a training step tells. What is nil is not written.
public struct StepNumbers: Sendable, Equatable {
    /// The mean over the target tokens of the global batch.
    public var loss: Double
    public var learningRate: Double?
    /// Before clipping.
    public var gradientNorm: Double?
    public var targetTokens: Int?
    public var samplesPerSecond: Double?
    public var tokensPerSecond: Double?
    /// What the step took.
    public var seconds: Double?
    /// Any others by name.
    public var others: [String: Double]

    public init(
        loss: Double, learningRate: Double? = nil, gradientNorm: Double? = nil, targetTokens: Int? = nil, samplesPerSecond: Double? = nil,
        tokensPerSecond: Double? = nil, seconds: Double? = nil, others: [String: Double] = [:]
    ) {
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.targetTokens = targetTokens
        self.samplesPerSecond = samplesPerSecond
        self.tokensPerSecond = tokensPerSecond
        self.seconds = seconds
        self.others = others
    }

    /// Names and values in the order of the line; the free ones last, by name.
    public var all: [(name: String, value: Double)] {
        let fixed: [(String, Double?)] = [
            ("loss", loss), ("learning_rate", learningRate), ("gradient_norm", gradientNorm),
            ("target_tokens", targetTokens.map(Double.init)), ("samples_per_s", samplesPerSecond), ("tokens_per_s", tokensPerSecond),
            ("seconds", seconds),
        ]
        return fixed.compactMap { name, value in value.map { (name, $0) } } + others.inOrder
    }

    /// Names that `others` may not take.
    static let fixedNames = ["loss", "learning_rate", "gradient_norm", "target_tokens", "samples_per_s", "tokens_per_s", "seconds"]
}

extension [String: Double] {
    /// By name, so that a line looks the same every time.
    var inOrder: [(name: String, value: Double)] { sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
}
