import Foundation

/// The beams of one prompt, and the best answers found so far, by the rules of transformers 5 (`_beam_search`).
///
/// The beams are branches of one cache: they share the prompt's keys and values and their common beginnings, and changing places costs nothing.
struct BeamBranches {
    private let options: DecodingOptions
    private(set) var running: [Running]
    private(set) var finished: [TokenRow] = []
    /// Whether an open beam may still improve on the finished ones; once it may not, nothing is added.
    private var canImprove = true
    private(set) var isComplete = false
    /// Where each beam's last token but one stands.
    private(set) var parents: [Int] = []

    /// A beam still being written.
    struct Running {
        var row = TokenRow()
        /// The sum of its tokens' scores under the rules.
        var score: Float
        /// Where its last token stands in the session.
        var slot = -1
    }

    /// Far below every real score; the reference's own number.
    private static let lowest: Float = -1e9

    init(_ options: DecodingOptions) {
        self.options = options
        // Only the first beam counts at the start, so that the beams do not all say the same.
        running = (0..<options.beams).map { Running(score: $0 == 0 ? 0 : Self.lowest) }
    }

    var last: [Int] { running.map { $0.row.ids.last ?? 0 } }

    /// Sorts candidates into finished answers and open beams.
    mutating func note(
        _ candidates: TokenChoice.Candidates, step: Int, _ options: DecodingOptions, _ endsAnswer: (([Int]) throws -> Bool)?
    ) throws {
        // Every candidate as a beam, and whether it ends.
        var sorted: [(beam: Running, ends: Bool)] = []
        for ((place, value), likelihood) in zip(zip(candidates.places, candidates.values), candidates.likelihoods) {
            var beam = running[place / candidates.vocabulary]
            let id = place % candidates.vocabulary
            beam.row.ids.append(id)
            beam.row.logProbabilities.append(Double(likelihood))
            beam.score = value
            let stops = try options.stopIDs.contains(id) || endsAnswer?(beam.row.ids) == true
            beam.row.finish = stops ? .stop : .length
            sorted.append((beam, stops || step == options.maximumTokens - 1))
        }
        finish(sorted, length: step + 1)
        // Ended candidates come last among the open ones, as if they had almost no score.
        let open = sorted.map { candidate in
            var beam = candidate.beam
            if candidate.ends { beam.score += Self.lowest }
            return beam
        }
        running = Array(Self.sorted(open, by: \.score).prefix(options.beams))
        settle(length: step + 1, endsAll: sorted.allSatisfy(\.ends))
        parents = running.map(\.slot)
        for beam in running.indices { running[beam].slot = step * options.beams + beam }
    }

    /// Takes ended candidates into the pool of finished answers, if they are among the first `beams` candidates.
    private mutating func finish(_ candidates: [(beam: Running, ends: Bool)], length: Int) {
        let isFull = finished.count == options.beams
        if !canImprove || (isFull && options.earlyStopping == .yes) { return }
        for candidate in candidates.prefix(options.beams) where candidate.ends {
            var row = candidate.beam.row
            row.score = Double(candidate.beam.score / power(length))
            finished.append(row)
        }
        finished = Array(Self.sorted(finished, by: \.score).prefix(options.beams))
    }

    /// Decides whether the prompt is done.
    private mutating func settle(length: Int, endsAll: Bool) {
        let isFull = finished.count == options.beams
        let possibleLength = options.earlyStopping == .never && options.lengthPenalty > 0 ? options.maximumTokens : length
        let bestPossible = running[0].score / power(possibleLength)
        let worst = isFull ? Float(finished.map(\.score).min() ?? Double(Self.lowest)) : Self.lowest
        canImprove = canImprove && bestPossible > worst
        isComplete = !canImprove || (isFull && options.earlyStopping == .yes) || endsAll
    }

    private func power(_ length: Int) -> Float { Float(pow(Double(length), options.lengthPenalty)) }

    /// From the highest down; equal ones keep their order.
    private static func sorted<Element, Score: Comparable>(_ elements: [Element], by score: (Element) -> Score) -> [Element] {
        let scores = elements.map(score)
        let order = elements.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
        return order.map { elements[$0] }
    }
}
