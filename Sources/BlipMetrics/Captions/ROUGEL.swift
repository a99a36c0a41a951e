extension CaptionCorpus {
    /// The longest sequence of words that a prediction has in common with a reference, as precision and recall, recall weighing more (β = 1.2).
    ///
    /// The best precision and the best recall may be of different references. A caption without words counts as one empty word.
    /// Source: Lin, 2004, as `pycocoevalcap/rouge/rouge.py` computes it.
    public func rougeL() -> SampleScores {
        var row: [Int32] = []
        let values = (0..<count).map { sample in
            let prediction = Self.rougeWords(predictions[sample])
            var (precision, recall) = (0.0, 0.0)
            for reference in references[sample] {
                let reference = Self.rougeWords(reference)
                let common = Double(Self.longestCommonSequence(prediction, reference, &row))
                precision = max(precision, common / Double(prediction.count))
                recall = max(recall, common / Double(reference.count))
            }
            let square = 1.2 * 1.2
            return precision > 0 && recall > 0 ? (1 + square) * precision * recall / (recall + square * precision) : 0
        }
        return SampleScores(MetricCatalog.rougeL.name, values)
    }

    /// Python's `"".split(" ")` is one empty word.
    private static func rougeWords(_ words: [Int32]) -> [Int32] { words.isEmpty ? [-1] : words }

    private static func longestCommonSequence(_ first: [Int32], _ second: [Int32], _ row: inout [Int32]) -> Int {
        row.removeAll(keepingCapacity: true)
        row.append(contentsOf: repeatElement(0, count: second.count + 1))
        for word in first {
            var diagonal: Int32 = 0
            for (place, other) in second.enumerated() {
                let above = row[place + 1]
                row[place + 1] = word == other ? diagonal + 1 : max(above, row[place])
                diagonal = above
            }
        }
        return Int(row[second.count])
    }
}
