import BlipTensors

/// A change to the scores of the next token.
protocol LogitRule {
    /// - Parameters:
    ///   - scores: logits or log-probabilities [R, vocabulary] float32.
    ///   - said: what each of the R rows has said (and its prompt, where that counts).
    ///   - written: new tokens of each row so far.
    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor
}

/// All rules an answer is chosen under, in the reference's order: penalties, lengths, then the shape of the distribution.
struct LogitRules {
    private let rules: [any LogitRule]
    /// Whether any of them asks what was said.
    let readsSaid: Bool

    init(_ options: DecodingOptions) { self.init(Settings(options)) }

    init(_ settings: Settings) {
        var rules: [any LogitRule] = []
        if settings.repetitionPenalty != 1 { rules.append(RepetitionPenalty(penalty: settings.repetitionPenalty)) }
        if settings.noRepeatNGram > 0 { rules.append(NoRepeatNGram(length: settings.noRepeatNGram)) }
        readsSaid = !rules.isEmpty
        if settings.minimumTokens > 0 { rules.append(MinimumTokens(count: settings.minimumTokens, stopIDs: settings.stopIDs)) }
        let keep = settings.keep
        if settings.temperature != 1 { rules.append(Temperature(temperature: settings.temperature)) }
        if let topK = settings.topK { rules.append(TopK(count: max(topK, keep))) }
        if let topP = settings.topP, topP < 1 { rules.append(TopP(share: topP, keep: keep)) }
        if let minP = settings.minP, minP > 0 { rules.append(MinP(share: minP, keep: keep)) }
        self.rules = rules
    }

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: [Int]) throws -> Tensor {
        try rules.reduce(scores) { try $1($0, said: said, written: written) }
    }

    /// What the rules depend on: answers that have it in common are chosen together.
    struct Settings: Hashable {
        let repetitionPenalty: Double
        let noRepeatNGram: Int
        let minimumTokens: Int
        /// Sorted; empty where no rule asks for them.
        let stopIDs: [Int]
        let temperature: Double
        let topK: Int?
        let topP, minP: Double?
        /// Tokens that are never cut off.
        let keep: Int

        init(_ options: DecodingOptions) {
            repetitionPenalty = options.repetitionPenalty
            noRepeatNGram = options.noRepeatNGram
            minimumTokens = options.minimumTokens
            stopIDs = options.minimumTokens > 0 ? options.stopIDs.sorted() : []
            temperature = options.sampling?.temperature ?? 1
            topK = options.sampling?.topK
            topP = options.sampling?.topP
            minP = options.sampling?.minP
            // With beams at least two candidates must be left for each.
            keep = options.beams > 1 ? max(2, 1 + options.stopIDs.count) : 1
        }
    }
}
