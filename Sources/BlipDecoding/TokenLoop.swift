import BlipModels
import BlipTensors

/// Answers written one token after another, of prompts that begin together: greedy, drawn, or with beams.
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
    /// - Returns: for each prompt its answers: one, or as many samples or beams as ``DecodingOptions/returned`` asks for.
    public func run(_ prompt: Prompt, _ hooks: DecodingHooks = DecodingHooks()) throws -> [[TokenRow]] {
        // Each prompt is read once; its samples or beams are branches behind it.
        let random = try options.sampling.map { try RandomStream(seed: $0.seed) }
        let writers = try (0..<prompt.batch).map { row in
            try AnswerWriter(
                options, before: (hooks.said.isEmpty ? [] : hooks.said[row]) + language.startIDs, endsAnswer: hooks.endsAnswer,
                random: random)
        }
        let branches = writers.first?.count ?? 1

        // 1. Read the prompt.
        let (first, session) = try language.prefill(prompt, room: options.maximumTokens * branches)
        var logits = try first.unsqueeze(1).expand([prompt.batch, branches, first.size(1)])  // [B, branches, vocabulary]
        for step in 0..<options.maximumTokens {
            // 2. Choose, and note what each open answer said. The only moment in the loop when the host waits for the device.
            let wasDone = writers.map(\.isDone)
            let failures = try AnswerWriter.advance(writers, logits.reshape([prompt.batch * branches, -1]))
            if let failure = failures.compactMap(\.self).first { throw failure }
            try hooks.onStep(step, zip(writers, wasDone).flatMap { $1 ? $0.shown.map { _ in nil } : $0.shown })
            if writers.allSatisfy(\.isDone) { break }
            // 3. Go on. Complete answers are fed what they would have said; answers do not see each other.
            logits = try session.extend(writers.map(\.tokens), parents: writers.map(\.parents))
        }
        return writers.map(\.rows)
    }
}
