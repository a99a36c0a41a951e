/// Karpathy's file of captions and splits, made for COCO and Flickr30K alike.
///
/// Its split "restval", the part of COCO's validation pictures that is neither validated nor tested on, is trained on, as everybody does.
/// Source: dataset_coco.json and dataset_flickr30k.json of "Deep Visual-Semantic Alignments", cs.stanford.edu/people/karpathy.
enum KarpathyFile {
    static let url = "https://cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip"

    /// The pictures of a split.
    ///
    /// - Parameter sample: the sample of a picture with its captions.
    static func samples(
        _ file: RecordFile, _ split: Split, sample: @escaping @Sendable (_ image: RecordFields, _ captions: [String]) throws -> Sample
    ) -> UnfoldedRecords {
        UnfoldedRecords(file) { record in
            try isIn(split, record) ? .one(pairs: captions(record).count) : .nothing
        } sample: { record, _, _ in
            _ = try isIn(split, record)
            return try sample(record, captions(record))
        }
    }

    private static func isIn(_ split: Split, _ record: RecordFields) throws -> Bool {
        switch try record.text("split") {
        case "train", "restval": split == .train
        case "val": split == .validation
        case "test": split == .test
        case let other: throw record.bad("its split \"\(other)\" is none of train, restval, val and test")
        }
    }

    /// The sentences as people wrote them, not their tokens, which lost case and punctuation.
    private static func captions(_ record: RecordFields) throws -> [String] {
        try record.objects("sentences").map { sentence throws(DataError) in try sentence.text("raw") }
    }
}
