import BlipModels
import BlipTensors

/// Greedy decoding and sampling: one token after another.
public struct TokenLoop {
    let language: any LanguageModel
    let options: DecodingOptions

    public init(_ language: any LanguageModel, _ options: DecodingOptions) throws {
        try options.validate()
        self.language = language
        self.options = options
    }

    /// Answers for B prompts at once.
    ///
    /// - Returns: for each prompt its answers: one, or as many samples as ``DecodingOptions/returned`` asks for.
    public func run(_ prompt: Prompt, _ hooks: DecodingHooks = DecodingHooks()) throws -> [[TokenRow]] {
        if options.beams > 1 { return try BeamSearch(language, options).run(prompt, hooks) }
        // Each prompt is read once; its samples are branches behind it.
        let (prompts, branches) = (prompt.batch, options.returned)
        var rows = Array(repeating: Array(repeating: TokenRow(), count: branches), count: prompts)
        var isOpen = Array(repeating: Array(repeating: true, count: branches), count: prompts)
        let rules = LogitRules(options)
        let random = try options.sampling.map { try RandomStream(seed: $0.seed) }

        // 1. Read the prompt.
        let (first, session) = try language.prefill(prompt, room: options.maximumTokens * branches)
        var logits = try first.unsqueeze(1).expand([prompts, branches, first.size(1)])  // [B, branches, vocabulary]
        for step in 0..<options.maximumTokens {
            // 2. Choose. The only moment in the loop when the host waits for the device.
            let flat = try logits.reshape([prompts * branches, -1]).to(.float32)
            let said = rows.enumerated().flatMap { row, answers in
                answers.map { (hooks.said.isEmpty ? [] : hooks.said[row]) + language.startIDs + $0.ids }
            }
            let chosen = try choose(rules(flat, said: said, written: step), random, step)
            let likelihoods = try flat.logSoftmax().gather(Tensor.of(chosen, [chosen.count, 1]).to(flat.device), 1).floats()
            // 3. Note what each open answer said, and whether it is complete.
            var shown: [Int?] = []
            for row in 0..<prompts {
                for branch in 0..<branches {
                    let place = row * branches + branch
                    guard isOpen[row][branch] else {
                        shown.append(nil)
                        continue
                    }
                    rows[row][branch].ids.append(chosen[place])
                    rows[row][branch].logProbabilities.append(Double(likelihoods[place]))
                    rows[row][branch].score += Double(likelihoods[place])
                    shown.append(chosen[place])
                    if try options.stopIDs.contains(chosen[place]) || hooks.endsAnswer?(rows[row][branch].ids) == true {
                        rows[row][branch].finish = .stop
                        isOpen[row][branch] = false
                    }
                }
            }
            try hooks.onStep(step, shown)
            if !isOpen.joined().contains(true) || step == options.maximumTokens - 1 { break }
            // 4. Go on. Complete answers are fed what they would have said; answers do not see each other.
            let tokens = (0..<prompts).map { row in Array(chosen[row * branches..<(row + 1) * branches]) }
            let parents = (0..<branches).map { step == 0 ? -1 : (step - 1) * branches + $0 }
            logits = try session.extend(tokens, parents: Array(repeating: parents, count: prompts))
        }
        return rows
    }

    private func choose(_ scores: Tensor, _ random: RandomStream?, _ step: Int) throws -> [Int] {
        guard try scores.max(-1).floats().allSatisfy(\.isFinite) else { throw GenerationError.notFinite(step: step) }
        guard let random else { return try scores.argmax(-1).integers() }
        return try random.draw(1, from: scores.softmax().to(.cpu)).integers()
    }
}
