/// The merges of a SentencePiece BPE model, which stores pieces but no merges.
///
/// Every way to cut a piece into two pieces is a merge. Their order is that of the pieces' ids (SentencePiece numbers pieces in the order
/// in which training made them), then of the lengths of the two parts: the rule of Hugging Face's converter.
enum DerivedMerges {
    private struct Cut {
        var piece: Int
        var leftLength: Int
        var rightLength: Int
        var leftID: Int
        var rightID: Int
        var split: (left: [UInt8], right: [UInt8])

        func precedes(_ other: Cut) -> Bool {
            (piece, leftLength, rightLength, leftID, rightID)
                < (other.piece, other.leftLength, other.rightLength, other.leftID, other.rightID)
        }
    }

    /// Pieces longer than this are not made by merging; a bound against hostile files (SentencePiece's own default is 16 characters).
    private static let longestPiece = 1024

    static func pairs(_ vocabulary: Vocabulary) -> [(left: [UInt8], right: [UInt8])] {
        var cuts: [Cut] = []
        vocabulary.forEach { text, id in
            guard text.count <= longestPiece else { return }
            let total = text.count { $0 & 0xC0 != 0x80 }
            var leftLength = 0
            for index in text.indices where text[index] & 0xC0 != 0x80 {
                defer { leftLength += 1 }
                if leftLength == 0 { continue }
                let (left, right) = (text[..<index], text[index...])
                guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right) else { continue }
                cuts.append(
                    Cut(
                        piece: id, leftLength: leftLength, rightLength: total - leftLength, leftID: leftID, rightID: rightID,
                        split: (Array(left), Array(right))))
            }
        }
        return cuts.sorted { $0.precedes($1) }.map(\.split)
    }
}
