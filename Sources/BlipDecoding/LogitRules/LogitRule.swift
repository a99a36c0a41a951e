import BlipTensors

/// A change to the scores of the next token.
protocol LogitRule {
    /// - Parameters:
    ///   - scores: logits or log-probabilities [R, vocabulary] float32.
    ///   - said: what each of the R rows has said (and its prompt, where that counts).
    ///   - written: new tokens so far, the same in every row.
    func callAsFunction(_ scores: Tensor, said: [[Int]], written: Int) throws -> Tensor
}

/// All rules an answer is chosen under, in the reference's order: penalties, lengths, then the shape of the distribution.
struct LogitRules {
    private let rules: [any LogitRule]

    init(_ options: DecodingOptions) {
        var rules: [any LogitRule] = []
        if options.repetitionPenalty != 1 { rules.append(RepetitionPenalty(penalty: options.repetitionPenalty)) }
        if options.noRepeatNGram > 0 { rules.append(NoRepeatNGram(length: options.noRepeatNGram)) }
        if options.minimumTokens > 0 { rules.append(MinimumTokens(count: options.minimumTokens, stopIDs: options.stopIDs.sorted())) }
        if let sampling = options.sampling {
            // With beams at least two candidates must be left for each.
            let keep = options.beams > 1 ? max(2, 1 + options.stopIDs.count) : 1
            if sampling.temperature != 1 { rules.append(Temperature(temperature: sampling.temperature)) }
            if let topK = sampling.topK { rules.append(TopK(count: max(topK, keep))) }
            if let topP = sampling.topP, topP < 1 { rules.append(TopP(share: topP, keep: keep)) }
            if let minP = sampling.minP, minP > 0 { rules.append(MinP(share: minP, keep: keep)) }
        }
        self.rules = rules
    }

    func callAsFunction(_ scores: Tensor, said: [[Int]], written: Int) throws -> Tensor {
        try rules.reduce(scores) { try $1($0, said: said, written: written) }
    }
}
