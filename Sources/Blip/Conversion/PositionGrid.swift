/// Position embeddings of an image encoder for another image size: the patches' rows are a picture, resized with cubic weights.
///
/// As LAVIS does (`interpolate_pos_embed`): the class token's row stays, corners are not aligned, a is -0.75, in float32, no antialiasing.
enum PositionGrid {
    /// - Parameters:
    ///   - rows: [1 + old * old, width], the class token first.
    ///   - side: patches along one side of the new grid.
    /// - Returns: [1 + side * side, width]
    static func resize(_ rows: [Float], from old: Int, to side: Int, width: Int) -> [Float] {
        var result = Array(rows[..<width])
        result.reserveCapacity((1 + side * side) * width)
        let lines = (0..<side).map { taps(at: $0, from: old, to: side) }
        for vertical in lines {
            for horizontal in lines {
                for channel in 0..<width {
                    var sum: Float = 0
                    for (row, down) in vertical {
                        var line: Float = 0
                        for (column, across) in horizontal { line += across * rows[(1 + row * old + column) * width + channel] }
                        sum += down * line
                    }
                    result.append(sum)
                }
            }
        }
        return result
    }

    /// Patches along one side; nil where the rows are not a class token and a square.
    static func side(ofRows count: Int) -> Int? {
        let side = Int(Double(max(0, count - 1)).squareRoot().rounded())
        return side > 0 && side * side + 1 == count ? side : nil
    }

    /// The four places that make one new value, and their weights; places beyond the edge are the edge.
    private static func taps(at index: Int, from old: Int, to side: Int) -> [(place: Int, weight: Float)] {
        let center = (Float(index) + 0.5) * (Float(old) / Float(side)) - 0.5
        let first = center.rounded(.down)
        let t = center - first
        let weights = [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]
        return weights.enumerated().map { (min(max(Int(first) - 1 + $0, 0), old - 1), $1) }
    }

    private static let a: Float = -0.75

    private static func inner(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }

    private static func outer(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
}
