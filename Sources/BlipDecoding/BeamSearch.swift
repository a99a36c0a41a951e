import BlipModels
import BlipTensors
import Foundation

/// Beam search, by the rules of transformers 5 (`_beam_search`), beam sampling included.
///
/// The beams of a prompt are branches of one cache: they share the prompt's keys and values and their common beginnings, and changing
/// places costs nothing. Prompts do not influence each other.
struct BeamSearch {
    let language: any LanguageModel
    let options: DecodingOptions
    private let rules: LogitRules

    init(_ language: any LanguageModel, _ options: DecodingOptions) {
        self.language = language
        self.options = options
        rules = LogitRules(options)
    }

    /// A beam still being written.
    private struct Running {
        var row = TokenRow()
        /// The sum of its tokens' scores under the rules.
        var score: Float
        /// Where its last token stands in the session.
        var slot = -1
    }

    /// The beams of one prompt, and the best answers found so far.
    private struct Hypotheses {
        var running: [Running]
        var finished: [TokenRow] = []
        /// Whether an open beam may still improve on the finished ones; once it may not, nothing is added.
        var canImprove = true
        var isComplete = false
    }

    /// Far below every real score; the reference's own number.
    private static let lowest: Float = -1e9

    func run(_ prompt: Prompt, _ hooks: DecodingHooks) throws -> [[TokenRow]] {
        let (prompts, beams) = (prompt.batch, options.beams)
        let random = try options.sampling.map { try RandomStream(seed: $0.seed) }
        // Only the first beam counts at the start, so that the beams do not all say the same.
        var all = Array(
            repeating: Hypotheses(running: (0..<beams).map { Running(score: $0 == 0 ? 0 : Self.lowest) }), count: prompts)

        // 1. Read the prompt once, for all beams.
        let (first, session) = try language.prefill(prompt, room: options.maximumTokens * beams)
        var logits = try first.unsqueeze(1).expand([prompts, beams, first.size(1)])  // [B, beams, vocabulary]
        for step in 0..<options.maximumTokens {
            // 2. Scores of every continuation under the rules.
            let flat = try logits.reshape([prompts * beams, -1]).to(.float32)
            let plain = try flat.logSoftmax()
            let said = all.enumerated().flatMap { row, hypotheses in
                hypotheses.running.map { (hooks.said.isEmpty ? [] : hooks.said[row]) + language.startIDs + $0.row.ids }
            }
            let before = try Tensor.of(all.flatMap { $0.running.map(\.score) }, [prompts * beams, 1]).to(flat.device)
            let scores = try (rules(plain, said: said, written: step) + before).reshape([prompts, -1])
            // 3. The best continuations: enough that as many beams stay open however many stop ids are among them.
            let candidates = try best(scores, random, step)
            let likelihoods = try plain.reshape([prompts, -1]).gather(candidates.places, 1).floats()
            let (places, values) = (try candidates.places.integers(), try candidates.values.floats())
            // 4. Each prompt sorts its candidates into finished answers and open beams.
            let kept = places.count / prompts
            for row in 0..<prompts where !all[row].isComplete {
                let mine = row * kept..<(row + 1) * kept
                try advance(
                    &all[row], places[mine], values[mine], likelihoods[mine], vocabulary: flat.size(1), step: step, hooks)
            }
            try hooks.onStep(step, [])
            if all.allSatisfy(\.isComplete) || step == options.maximumTokens - 1 { break }
            // 5. Go on with the open beams.
            let tokens = all.map { $0.running.map { $0.row.ids.last ?? 0 } }
            logits = try session.extend(tokens, parents: all.map { $0.running.map(\.slot) })
            for row in all.indices {
                for beam in 0..<beams { all[row].running[beam].slot = step * beams + beam }
            }
        }
        return all.map { Array($0.finished.prefix(options.returned)) }
    }

    /// The K best places in scores [B, beams · vocabulary], or K drawn without replacement.
    private func best(_ scores: Tensor, _ random: RandomStream?, _ step: Int) throws -> (values: Tensor, places: Tensor) {
        let count = min(max(2, 1 + options.stopIDs.count) * options.beams, scores.size(1))
        guard let random else {
            let (values, places) = try scores.top(count)
            guard try values.slice(1, 0..<1).floats().allSatisfy(\.isFinite) else { throw GenerationError.notFinite(step: step) }
            return (values, places)
        }
        guard try scores.max(-1).floats().allSatisfy(\.isFinite) else { throw GenerationError.notFinite(step: step) }
        let places = try random.draw(count, from: scores.softmax().to(.cpu), replacing: false).to(scores.device)
        return (try scores.gather(places, 1), places)
    }

    private func advance(
        _ hypotheses: inout Hypotheses, _ places: ArraySlice<Int>, _ values: ArraySlice<Float>, _ likelihoods: ArraySlice<Float>,
        vocabulary: Int, step: Int, _ hooks: DecodingHooks
    ) throws {
        // Every candidate as a beam, and whether it ends.
        var candidates: [(beam: Running, ends: Bool)] = []
        for ((place, value), likelihood) in zip(zip(places, values), likelihoods) {
            var beam = hypotheses.running[place / vocabulary]
            let id = place % vocabulary
            beam.row.ids.append(id)
            beam.row.logProbabilities.append(Double(likelihood))
            beam.score = value
            let stops = try options.stopIDs.contains(id) || hooks.endsAnswer?(beam.row.ids) == true
            beam.row.finish = stops ? .stop : .length
            candidates.append((beam, stops || step == options.maximumTokens - 1))
        }
        finish(&hypotheses, candidates, length: step + 1)
        // Ended candidates come last among the open ones, as if they had almost no score.
        let open = candidates.map { candidate in
            var beam = candidate.beam
            if candidate.ends { beam.score += Self.lowest }
            return beam
        }
        hypotheses.running = Array(Self.sorted(open, by: \.score).prefix(options.beams))
        settle(&hypotheses, length: step + 1, endsAll: candidates.allSatisfy(\.ends))
    }

    /// Takes ended candidates into the pool of finished answers, if they are among the first `beams` candidates.
    private func finish(_ hypotheses: inout Hypotheses, _ candidates: [(beam: Running, ends: Bool)], length: Int) {
        let isFull = hypotheses.finished.count == options.beams
        if !hypotheses.canImprove || (isFull && options.earlyStopping == .yes) { return }
        for candidate in candidates.prefix(options.beams) where candidate.ends {
            var row = candidate.beam.row
            row.score = Double(candidate.beam.score / power(length))
            hypotheses.finished.append(row)
        }
        hypotheses.finished = Array(Self.sorted(hypotheses.finished, by: \.score).prefix(options.beams))
    }

    /// Decides whether the prompt is done.
    private func settle(_ hypotheses: inout Hypotheses, length: Int, endsAll: Bool) {
        let isFull = hypotheses.finished.count == options.beams
        let possibleLength = options.earlyStopping == .never && options.lengthPenalty > 0 ? options.maximumTokens : length
        let bestPossible = hypotheses.running[0].score / power(possibleLength)
        let worst = isFull ? Float(hypotheses.finished.map(\.score).min() ?? Double(Self.lowest)) : Self.lowest
        hypotheses.canImprove = hypotheses.canImprove && bestPossible > worst
        hypotheses.isComplete = !hypotheses.canImprove || (isFull && options.earlyStopping == .yes) || endsAll
    }

    private func power(_ length: Int) -> Float { Float(pow(Double(length), options.lengthPenalty)) }

    /// From the highest down; equal ones keep their order.
    private static func sorted<Element, Score: Comparable>(_ elements: [Element], by score: (Element) -> Score) -> [Element] {
        let scores = elements.map(score)
        let order = elements.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
        return order.map { elements[$0] }
    }
}
