/// Weights over a picture, drawn as warmth.
public enum HeatOverlay {
    /// The picture with the weights laid over it: the highest is red and most opaque, the lowest leaves the picture as it is.
    ///
    /// - Parameters:
    ///   - weights: row by row; they are scaled so that the lowest is 0 and the highest 1, and interpolated between their centres. What is not
    ///     finite is cold.
    /// - Precondition: there are rows x columns weights, at least one.
    public static func draw(_ weights: [Float], rows: Int, columns: Int, over image: RGBImage) -> RGBImage {
        precondition(weights.count == rows * columns && !weights.isEmpty, "a heat map has a weight for every cell")
        let finite = weights.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
        // Halves, since the difference of two finite numbers may be none.
        let span = high > low ? high / 2 - low / 2 : 1
        let scaled = weights.map { $0.isFinite ? min(max(($0 / 2 - low / 2) / span, 0), 1) : 0 }
        var pixels = image.pixels
        for y in 0..<image.height {
            let row = cell(y, image.height, rows)
            for x in 0..<image.width {
                let column = cell(x, image.width, columns)
                func weight(_ r: Int, _ c: Int) -> Float { scaled[r * columns + c] }
                let top = mix(weight(row.first, column.first), weight(row.first, column.second), column.share)
                let bottom = mix(weight(row.second, column.first), weight(row.second, column.second), column.share)
                let heat = mix(top, bottom, row.share)
                let (colour, place) = (colour(heat), (y * image.width + x) * 3)
                let opacity = 0.15 + 0.6 * heat
                for channel in 0..<3 {
                    pixels[place + channel] = UInt8(mix(Float(pixels[place + channel]), colour[channel], opacity).rounded())
                }
            }
        }
        return RGBImage(width: image.width, height: image.height, pixels: pixels)
    }

    /// Pictures in rows of `columns`, on white, with a gap between them; each keeps its size.
    public static func sheet(_ pictures: [RGBImage], columns: Int, gap: Int = 8) -> RGBImage {
        let (width, height) = (pictures.map(\.width).max() ?? 1, pictures.map(\.height).max() ?? 1)
        let across = max(1, min(columns, pictures.count))
        let down = (pictures.count + across - 1) / across
        let (totalWidth, totalHeight) = (max(1, across * (width + gap) - gap), max(1, down * (height + gap) - gap))
        var pixels = [UInt8](repeating: 255, count: totalWidth * totalHeight * 3)
        for (index, picture) in pictures.enumerated() {
            let (left, top) = (index % across * (width + gap), index / across * (height + gap))
            for y in 0..<picture.height {
                let (from, to) = (y * picture.width * 3, ((top + y) * totalWidth + left) * 3)
                pixels.replaceSubrange(to..<to + picture.width * 3, with: picture.pixels[from..<from + picture.width * 3])
            }
        }
        return RGBImage(width: totalWidth, height: totalHeight, pixels: pixels)
    }

    /// The two cells a pixel lies between, and how far it is towards the second.
    private static func cell(_ place: Int, _ size: Int, _ cells: Int) -> (first: Int, second: Int, share: Float) {
        let centre = max(0, min(Float(cells - 1), (Float(place) + 0.5) / Float(size) * Float(cells) - 0.5))
        let first = Int(centre)
        return (first, min(first + 1, cells - 1), centre - Float(first))
    }

    private static func mix(_ a: Float, _ b: Float, _ share: Float) -> Float { a + (b - a) * share }

    /// From blue over green and yellow to red.
    private static func colour(_ heat: Float) -> [Float] {
        let stops: [[Float]] = [[40, 60, 160], [30, 160, 170], [90, 200, 80], [250, 210, 50], [220, 40, 30]]
        let place = max(0, min(1, heat)) * Float(stops.count - 1)
        let first = min(Int(place), stops.count - 2)
        return zip(stops[first], stops[first + 1]).map { mix($0, $1, place - Float(first)) }
    }
}
