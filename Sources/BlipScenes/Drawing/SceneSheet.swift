public import BlipImages

/// Many pictures side by side, to be looked at.
public enum SceneSheet {
    /// - Parameter columns: at least 1.
    /// - Throws: what ``check(columns:rows:side:)`` throws.
    public static func picture(_ pictures: [RGBImage], columns: Int) throws(SceneError) -> RGBImage {
        let side = pictures.map { max($0.width, $0.height) }.max() ?? 0
        let rows = columns > 0 ? (pictures.count + columns - 1) / columns : 0
        try check(columns: columns, rows: rows, side: side)
        let gap = gap(side)
        let (width, height) = (columns * (side + gap), rows * (side + gap))
        var pixels = [UInt8](repeating: 255, count: (width + gap) * (height + gap) * 3)
        for (number, picture) in pictures.enumerated() {
            let (left, top) = (gap + number % columns * (side + gap), gap + number / columns * (side + gap))
            for y in 0..<picture.height {
                let start = ((top + y) * (width + gap) + left) * 3
                let from = y * picture.width * 3
                pixels.replaceSubrange(start..<start + picture.width * 3, with: picture.pixels[from..<from + picture.width * 3])
            }
        }
        return RGBImage(width: width + gap, height: height + gap, pixels: pixels)
    }

    /// - Throws: ``SceneError/sheetOutOfRange(columns:rows:pixels:)`` for no pictures, or more than 100 million pixels.
    public static func check(columns: Int, rows: Int, side: Int) throws(SceneError) {
        let limit = 20_000
        guard (1...limit).contains(columns), (1...limit).contains(rows), (1...limit).contains(side),
            (columns * (side + gap(side)) + gap(side)) * (rows * (side + gap(side)) + gap(side)) <= 100_000_000
        else { throw .sheetOutOfRange(columns: columns, rows: rows, pixels: side) }
    }

    private static func gap(_ side: Int) -> Int { max(2, side / 32) }
}
