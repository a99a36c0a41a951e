/// A caption to be scored, and what people wrote about the same picture.
public struct CaptionSample: Sendable, Equatable {
    public var prediction: String
    public var references: [String]

    public init(_ prediction: String, references: [String]) {
        self.prediction = prediction
        self.references = references
    }
}

/// Captions and their references as words, ready for all metrics of captions.
///
/// ```swift
/// let corpus = try CaptionCorpus([CaptionSample("A dog runs.", references: ["A dog is running.", "The dog runs fast."])])
/// let cider = try corpus.cider().score()
/// ```
public struct CaptionCorpus: Sendable {
    /// The words of each prediction, as ROUGE sees them.
    let predictions: [[Int32]]
    let references: [[[Int32]]]
    /// Of all captions: for each sample its prediction and then its references, from ``firstCaption`` on.
    let runs: NGramCounts
    let firstCaption: [Int]

    /// - Throws: ``MetricError/nothingToScore(what:)`` without samples, or for a sample without references.
    public init(_ samples: [CaptionSample]) throws {
        guard !samples.isEmpty else { throw MetricError.nothingToScore(what: "there are no captions") }
        var tokenizer = CaptionTokenizer()
        var runs = NGramCounts()
        var (predictions, references): ([[Int32]], [[[Int32]]]) = ([], [])
        var (captions, firstCaption) = (0, [Int]())
        func add(_ caption: String) -> [Int32] {
            let ids = tokenizer.ids(of: caption)
            captions += 1
            if tokenizer.parts.isEmpty {
                runs.add(ids)
            } else {
                runs.add(ids.flatMap { tokenizer.parts[$0] ?? [$0] })
            }
            return ids
        }
        for (place, sample) in samples.enumerated() {
            guard !sample.references.isEmpty else {
                throw MetricError.nothingToScore(what: "caption \(place + 1) has no references")
            }
            firstCaption.append(captions)
            predictions.append(add(sample.prediction))
            references.append(sample.references.map(add))
        }
        (self.predictions, self.references, self.runs, self.firstCaption) = (predictions, references, runs, firstCaption)
    }

    public var count: Int { predictions.count }

    /// The places of a sample's references in ``runs``.
    func referenceCaptions(_ sample: Int) -> Range<Int> {
        let first = firstCaption[sample] + 1
        return first..<first + references[sample].count
    }

    /// The number of words of each prediction.
    public var lengths: SampleScores {
        SampleScores(MetricCatalog.captionLength.name, firstCaption.map { Double(runs.lengths[$0]) })
    }

    /// All metrics of captions with their errors, in the catalog's order.
    public func scores(_ bootstrap: Bootstrap = Bootstrap()) throws -> [MetricScore] {
        let bleu = BLEU(self)
        let cider = cider()
        let means = [
            cider, SampleScores(MetricCatalog.ciderD.name, cider.values), ciderWithoutPenalty(), rougeL(), lengths,
        ]
        let totals = try bootstrap.totals(means.map(\.values) + bleu.columns)
        return try bleu.scores(Array(totals[means.count...]), bootstrap) + bootstrap.means(means, totals: Array(totals[..<means.count]))
    }
}
