import Foundation

extension CaptionCorpus {
    /// What the official caption scorer prints as CIDEr, for each caption; about 1 is good, 10 is most.
    ///
    /// Captions are vectors of their runs of one to four words, rare runs weighing more; the score is how much the prediction's point the same
    /// way as its references', times 10. Weights come from the references themselves, so a caption's score depends on the corpus; in a corpus
    /// of one picture nothing is rare, and the score is 0.
    /// The formula is CIDEr-D's: runs count at most as often as in the reference, and captions of other lengths count less.
    ///
    /// Source: Vedantam et al., "CIDEr", CVPR 2015, as `pycocoevalcap/cider/cider_scorer.py` computes it.
    public func cider() -> SampleScores {
        SampleScores(MetricCatalog.cider.name, consensus { ConsensusRule.clippedWithPenalty.similarity($0) })
    }

    /// CIDEr as its paper defines it first: without the two measures against gaming of CIDEr-D. Words are not reduced to their stems.
    public func ciderWithoutPenalty() -> SampleScores {
        SampleScores(MetricCatalog.ciderPlain.name, consensus { ConsensusRule.plain.similarity($0) })
    }

    private func consensus(_ similarity: (ConsensusPair) -> Double) -> [Double] {
        let weights = ConsensusWeights(self)
        return (0..<count).map { sample in
            let prediction = weights.vector(of: firstCaption[sample])
            let references = referenceCaptions(sample)
            var sum = 0.0
            for reference in references {
                sum += similarity(ConsensusPair(runs: runs, weights: weights, prediction, weights.vector(of: reference)))
            }
            return 10 * sum / Double(NGramCounts.orders) / Double(references.count)
        }
    }
}

/// How much each run of words weighs: the logarithm of the number of pictures over the number of those it describes.
private struct ConsensusWeights {
    /// Of a caption its place and, for each order, the length of its vector.
    struct Vector {
        let caption: Int
        let norms: SIMD4<Double>
        /// The scorer measures captions in pairs of words: one less than words, or none.
        let length: Double
    }

    let runs: NGramCounts
    private let weights: [[Double]]

    init(_ corpus: CaptionCorpus) {
        runs = corpus.runs
        weights = (0..<NGramCounts.orders).map { order in
            var documents = [Int32](repeating: 0, count: corpus.runs.size(ofOrder: order))
            var lastSample = [Int32](repeating: -1, count: documents.count)
            for sample in 0..<corpus.count {
                for reference in corpus.referenceCaptions(sample) {
                    for place in corpus.runs.range(reference, order: order) {
                        let run = Int(corpus.runs.id(place))
                        if lastSample[run] != Int32(sample) {
                            lastSample[run] = Int32(sample)
                            documents[run] += 1
                        }
                    }
                }
            }
            let all = log(Double(corpus.count))
            return documents.map { all - log(max(1, Double($0))) }
        }
    }

    func weight(_ place: Int, order: Int) -> Double { Double(runs.count(place)) * weights[order][Int(runs.id(place))] }

    func vector(of caption: Int) -> Vector {
        var squares = SIMD4<Double>()
        for order in 0..<NGramCounts.orders {
            for place in runs.range(caption, order: order) {
                let weight = weight(place, order: order)
                squares[order] += weight * weight
            }
        }
        return Vector(caption: caption, norms: squares.squareRoot(), length: Double(max(0, runs.lengths[caption] - 1)))
    }
}

/// A prediction and one of its references.
private struct ConsensusPair {
    let runs: NGramCounts
    let weights: ConsensusWeights
    let prediction: ConsensusWeights.Vector
    let reference: ConsensusWeights.Vector

    init(runs: NGramCounts, weights: ConsensusWeights, _ prediction: ConsensusWeights.Vector, _ reference: ConsensusWeights.Vector) {
        (self.runs, self.weights, self.prediction, self.reference) = (runs, weights, prediction, reference)
    }

    /// The sum over runs that both have.
    func sum(order: Int, _ term: (_ prediction: Double, _ reference: Double) -> Double) -> Double {
        var sum = 0.0
        let mine = runs.range(prediction.caption, order: order)
        var place = mine.lowerBound
        for other in runs.range(reference.caption, order: order) {
            while place < mine.upperBound, runs.id(place) < runs.id(other) { place += 1 }
            guard place < mine.upperBound else { break }
            if runs.id(place) == runs.id(other) { sum += term(weights.weight(place, order: order), weights.weight(other, order: order)) }
        }
        return sum
    }
}

private enum ConsensusRule {
    case clippedWithPenalty
    case plain

    /// Of the penalty for a difference in length.
    private static let deviation = 6.0

    /// The sum over the orders.
    func similarity(_ pair: ConsensusPair) -> Double {
        let difference = pair.prediction.length - pair.reference.length
        let penalty = self == .plain ? 1 : exp(-difference * difference / (2 * Self.deviation * Self.deviation))
        return (0..<NGramCounts.orders).reduce(0) { sum, order in
            let value = pair.sum(order: order) { self == .plain ? $0 * $1 : min($0, $1) * $1 }
            let norms = pair.prediction.norms[order] * pair.reference.norms[order]
            return sum + (norms > 0 ? value / norms : value) * penalty
        }
    }
}
