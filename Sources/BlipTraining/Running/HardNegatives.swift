import BlipData
import Foundation

/// For each pair of picture and text others that are easily taken for the right ones: a picture for its text, and a text for its picture.
///
/// They are drawn in proportion to the softmax of the similarities, the own pair left out. Places count over all processes' pairs. Source: BLIP-2,
/// section 3.1, after "Align before fuse" (Li et al., 2021); `blip2_qformer.py` of LAVIS.
struct HardNegatives: Equatable {
    /// For each text the place of a picture, and for each picture that of a text.
    let pictures: [Int]
    let texts: [Int]

    init(pictures: [Int], texts: [Int]) { (self.pictures, self.texts) = (pictures, texts) }

    /// - Parameters:
    ///   - pictureToText: of each own picture with all texts, divided by the temperature, row by row; `textToPicture` the other way round.
    ///   - first: the place of the own pairs among all.
    init(pictureToText: [Float], textToPicture: [Float], count: Int, first: Int, _ generator: inout SeededGenerator) {
        pictures = Self.draw(textToPicture, count: count, first: first, &generator)
        texts = Self.draw(pictureToText, count: count, first: first, &generator)
    }

    private static func draw(_ similarities: [Float], count: Int, first: Int, _ generator: inout SeededGenerator) -> [Int] {
        let width = count > 0 ? similarities.count / count : 0
        return (0..<count).map { row in
            let own = first + row
            var weights = similarities[row * width..<(row + 1) * width].map(Double.init)
            weights[own] = -.infinity
            let largest = weights.max() ?? 0
            weights = weights.map { exp($0 - largest) }
            // Of similarities that are no numbers the loss is none either, and the step is refused; any other will do until then.
            return generator.place(among: weights) ?? (own + 1) % max(1, width)
        }
    }
}
