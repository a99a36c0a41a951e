/// A file whose records give several samples each, or none: books with questions, pictures of other splits.
///
/// Only a record itself says what it gives, so opening reads every record once. A record that cannot be read counts as one sample, which
/// fails when it is asked for.
struct UnfoldedRecords: SampleCollection {
    /// What one record gives.
    struct Yield {
        let samples: Int
        /// Pairs of picture and text.
        let pairs: Int

        static let nothing = Yield(samples: 0, pairs: 0)
        /// One sample of several captions.
        static func one(pairs: Int) -> Yield { Yield(samples: 1, pairs: pairs) }
        /// Samples of one pair each.
        static func many(_ count: Int) -> Yield { Yield(samples: count, pairs: count) }
    }

    private let file: RecordFile
    private let read: @Sendable (_ record: RecordFields, _ index: Int, _ part: Int) throws -> Sample
    /// The records that give samples.
    private let records: [Int]
    /// The number of the first sample of each.
    private let starts: [Int]
    let count: Int
    let size: Int

    /// - Parameters:
    ///   - gives: what a record gives.
    ///   - sample: a sample of the record with this index, `part` counted from 0. It must fail for a record that `gives` fails for.
    init(
        _ file: RecordFile, gives: (RecordFields) throws -> Yield,
        sample: @escaping @Sendable (_ record: RecordFields, _ index: Int, _ part: Int) throws -> Sample
    ) {
        self.file = file
        read = sample
        var records: [Int] = []
        var starts: [Int] = []
        var count = 0
        var size = 0
        for index in 0..<file.count {
            let yield: Yield
            // The reason is given when the sample is asked for.
            do { yield = try gives(RecordFields(file, index)) } catch { yield = .one(pairs: 1) }
            guard yield.samples > 0 else { continue }
            records.append(index)
            starts.append(count)
            count += yield.samples
            size += yield.pairs
        }
        self.records = records
        self.starts = starts
        self.count = count
        self.size = size
    }

    func sample(_ index: Int) throws -> Sample {
        // The last record whose first sample is not after the one wanted.
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return try read(RecordFields(file, records[low]), records[low], index - starts[low])
    }
}
