import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors
import Foundation

extension Assistant {
    /// Ranks candidate answers to an instruction by their likelihood: the paper's way for questions with known answers.
    ///
    /// - Parameters:
    ///   - candidates: at least one; each a text with tokens.
    ///   - onProgress: candidates done, and in all.
    public func rank(
        _ candidates: [String], _ instruction: String, about image: ImageSource, _ options: RankOptions = RankOptions(),
        limits: ImageLimits = .default, onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Ranking {
        var clock = Stopwatch()
        let input = try checkpoint().processor.input(image.load(limits: limits), instruction)
        let seconds = clock.lap()
        return try rank(candidates, behind: instruction, of: input, options, imageSeconds: seconds, onProgress: onProgress)
    }

    /// The same for pictures and an instruction that were prepared before, as by ``Processor/inputs(for:limits:)``.
    ///
    /// - Parameter instruction: that of the input.
    public func rank(
        _ candidates: [String], behind instruction: String, of input: ModelInput, _ options: RankOptions = RankOptions(),
        imageSeconds: Double = 0, onProgress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Ranking {
        try checkpoint().rank(
            candidates, behind: instruction, of: input, options, loadSeconds: loadSeconds, imageSeconds: imageSeconds,
            onProgress: onProgress)
    }
}

extension Checkpoint {
    /// Ranks candidates, as `Assistant.rank` gives them.
    func rank(
        _ candidates: [String], behind instruction: String, of input: ModelInput, _ options: RankOptions = RankOptions(),
        loadSeconds: Double = 0, imageSeconds: Double = 0, onProgress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Ranking {
        guard !candidates.isEmpty else {
            throw BlipError.invalidOption(name: "the number of candidates", found: "0", expected: "at least 1")
        }
        guard options.maximumNodes >= 1 else {
            throw BlipError.invalidOption(
                name: "the number of tokens read at once", found: "\(options.maximumNodes)", expected: "at least 1")
        }
        var timings = Timings()
        (timings.load, timings.image) = (loadSeconds, imageSeconds)
        var clock = Stopwatch()
        let tokens = try candidateIDs(candidates, behind: instruction, countsEnd: options.countsEnd)
        let longest = tokens.map(\.count).max() ?? 0
        guard try room(after: input, wanted: longest) >= longest else {
            throw BlipError.instructionTooLong(tokens: input.promptIDs.count + longest, limit: config.language.promptLimit)
        }
        return try withoutGradients {
            let prompt = try self.prompt([input], &timings, &clock)
            var ranking = CandidateRanking(network.language)
            ranking.maximumNodes = options.maximumNodes
            var scores: [Double]
            do {
                scores = try ranking.run(prompt, tokens) { done, total in
                    try Task.checkCancellation()
                    onProgress(done, total)
                }
            } catch GenerationError.notFinite { throw try explainNotFinite() }
            timings.prefill = clock.lap()
            if options.perToken { scores = zip(scores, tokens).map { $0 / Double($1.count) } }
            let best = scores.max() ?? 0
            let total = scores.map { exp($0 - best) }.reduce(0, +)
            let order = scores.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
            let ranked = order.map { place in
                Ranking.Candidate(
                    text: candidates[place], index: place, logProbability: scores[place], probability: exp(scores[place] - best) / total)
            }
            return Ranking(candidates: ranked, timings: timings, notes: input.notes + takeNotes())
        }
    }
}
