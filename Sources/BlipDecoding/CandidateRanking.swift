import BlipModels
import BlipTensors

/// The paper's vocabulary ranking: how likely each candidate answer is, as a whole, after the prompt.
///
/// A candidate's score is the sum of its tokens' log-probabilities, without any division by length. The prompt is read once. Candidates
/// are read as a tree of tokens, so that those which begin alike share their steps, in pieces of bounded size; every candidate is scored
/// by the same rule, whatever piece it falls into. Source: InstructBLIP, section 2.4; LAVIS, `predict_class`.
///
/// Differs: LAVIS divides the scores of LLaMA by the padded length of the piece a candidate falls into, so that scores of different
/// pieces cannot be compared.
public struct CandidateRanking {
    let language: any LanguageModel
    /// Tokens read at once; memory grows with it, results do not change.
    public var maximumNodes = 256

    public init(_ language: any LanguageModel) { self.language = language }

    /// The log-probability of each candidate, in the order given.
    ///
    /// - Parameters:
    ///   - prompt: of one picture and instruction.
    ///   - candidates: token ids, the ending one included where it counts.
    ///   - onProgress: candidates done, and in all; throwing ends the ranking.
    public func run(
        _ prompt: Prompt, _ candidates: [[Int]], onProgress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> [Double] {
        if let empty = candidates.firstIndex(where: \.isEmpty) { throw GenerationError.emptyCandidate(index: empty) }
        let longest = candidates.map(\.count).max() ?? 0
        let (first, session) = try language.prefill(prompt, room: max(maximumNodes, longest))
        let opening = try first.to(.float32).logSoftmax()  // [1, vocabulary]
        guard try opening.max().item().isFinite else { throw GenerationError.notFinite(step: 0) }

        // Neighbours in sorted order share the longest beginnings.
        let order = candidates.indices.sorted { candidates[$0].lexicographicallyPrecedes(candidates[$1]) }
        var scores = [Double](repeating: 0, count: candidates.count)
        var (next, done) = (0, 0)
        while next < order.count {
            var trie = CandidateTrie()
            while next < order.count, trie.add(order[next], candidates[order[next]], maximumNodes: maximumNodes) { next += 1 }
            for (candidate, score) in try read(trie, session, opening) { scores[candidate] = score }
            done += trie.candidates.count
            try onProgress(done, candidates.count)
        }
        return scores
    }

    /// Rows whose likelihoods are made at once: all of them in float32 would be hundreds of megabytes, new to the system in every piece.
    private static let rowCount = 64

    private func read(_ trie: CandidateTrie, _ session: any DecodingSession, _ opening: Tensor) throws -> [(Int, Double)] {
        session.rewind(to: 0)
        // Every factor asks for one number of the row behind its node; row 0 follows the prompt.
        let factors = trie.factors.flatMap(\.self)
        var asked = [[Int]](repeating: [], count: trie.nodes.count + 1)
        for (place, factor) in factors.enumerated() { asked[factor.after + 1].append(place) }
        var values = [Float](repeating: 0, count: factors.count)
        func note(_ likelihoods: Tensor, from first: Int) throws {
            let (rows, width) = (likelihoods.size(0), likelihoods.size(1))
            let places = (0..<rows).flatMap { row in asked[first + row].map { (factor: $0, place: row * width + factors[$0].token) } }
            let found = try likelihoods.reshape([-1]).selecting(Tensor.of(places.map(\.place)).to(likelihoods.device)).floats()
            for (value, place) in zip(found, places) { values[place.factor] = value }
        }
        try note(opening, from: 0)
        if !trie.nodes.isEmpty {
            let logits = try session.extend([trie.nodes.map(\.token)], parents: [trie.nodes.map(\.parent)]).select(0, 0)
            for start in stride(from: 0, to: trie.nodes.count, by: Self.rowCount) {
                let rows = start..<min(trie.nodes.count, start + Self.rowCount)
                try note(logits.slice(0, rows).to(.float32).logSoftmax(), from: start + 1)
            }
        }
        var start = 0
        return zip(trie.candidates, trie.factors).map { candidate, factors in
            defer { start += factors.count }
            return (candidate, values[start..<start + factors.count].reduce(0) { $0 + Double($1) })
        }
    }
}
