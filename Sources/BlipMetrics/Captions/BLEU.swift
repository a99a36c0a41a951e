import Foundation

/// The share of a caption's runs of words that stand in its references, with a penalty for short captions.
///
/// One score for a whole corpus: runs are counted over all captions, and each caption is compared in length with the reference that is nearest
/// in length, of two as near the shorter one. Source: Papineni et al., ACL 2002, as `pycocoevalcap/bleu/bleu_scorer.py` computes it ("closest").
public struct BLEU: Sendable, Equatable {
    /// Per sample: length, length of the nearest reference; then for each order the runs that are right and all of them.
    let columns: [[Double]]

    public init(_ corpus: CaptionCorpus) {
        var columns = [[Double]](repeating: [], count: 2 + 2 * NGramCounts.orders)
        for sample in 0..<corpus.count {
            let caption = corpus.firstCaption[sample]
            let length = corpus.runs.lengths[caption]
            let nearest = corpus.referenceCaptions(sample).map { corpus.runs.lengths[$0] }
                .min { (abs($0 - length), $0) < (abs($1 - length), $1) }
            columns[0].append(Double(length))
            columns[1].append(Double(nearest ?? 0))
            for order in 0..<NGramCounts.orders {
                columns[2 + 2 * order].append(Double(corpus.sharedRuns(sample, order: order)))
                columns[3 + 2 * order].append(Double(max(0, length - order)))
            }
        }
        self.columns = columns
    }

    /// BLEU-1 to BLEU-4 of the corpus, from 0 to 1.
    public var values: [Double] { Self.values(columns.map { $0.reduce(0, +) }) }

    /// BLEU-1 to BLEU-4 of each caption by itself; their mean is not the corpus's.
    public var samples: [SampleScores] {
        let values = (columns.first ?? []).indices.map { sample in Self.values(columns.map { $0[sample] }) }
        return MetricCatalog.bleu.enumerated().map { order, card in SampleScores(card.name, values.map { $0[order] }) }
    }

    /// With their errors by bootstrap.
    public func scores(_ bootstrap: Bootstrap = Bootstrap()) throws -> [MetricScore] { try scores(bootstrap.totals(columns), bootstrap) }

    func scores(_ totals: [[Double]], _ bootstrap: Bootstrap) throws -> [MetricScore] {
        let resampled = (0..<bootstrap.resamples).map { resample in Self.values(totals.map { $0[resample] }) }
        let values = values
        return MetricCatalog.bleu.enumerated().map { order, card in
            bootstrap.score(card.name, values[order], resampled: resampled.map { $0[order] }, count: columns[0].count)
        }
    }

    /// The official scorer's small numbers against division by zero are part of its results.
    private static func values(_ totals: [Double]) -> [Double] {
        let (tiny, small) = (1e-15, 1e-9)
        let ratio = (totals[0] + tiny) / (totals[1] + small)
        let penalty = ratio < 1 ? exp(1 - 1 / ratio) : 1
        var product = 1.0
        return (0..<NGramCounts.orders).map { order in
            product *= (totals[2 + 2 * order] + tiny) / (totals[3 + 2 * order] + small)
            return pow(product, 1 / Double(order + 1)) * penalty
        }
    }
}

extension CaptionCorpus {
    /// How many runs of a prediction stand in its references, each counted at most as often as in one of them.
    fileprivate func sharedRuns(_ sample: Int, order: Int) -> Int {
        let prediction = runs.range(firstCaption[sample], order: order)
        guard !prediction.isEmpty else { return 0 }
        var best = [Int32](repeating: 0, count: prediction.count)
        for reference in referenceCaptions(sample) {
            var place = prediction.lowerBound
            for other in runs.range(reference, order: order) {
                while place < prediction.upperBound, runs.id(place) < runs.id(other) { place += 1 }
                guard place < prediction.upperBound else { break }
                if runs.id(place) == runs.id(other) {
                    let slot = place - prediction.lowerBound
                    best[slot] = max(best[slot], min(runs.count(place), runs.count(other)))
                }
            }
        }
        return Int(best.reduce(0, +))
    }
}
