public import BlipImages

/// Many pictures side by side, to be looked at.
public enum SceneSheet {
    /// - Throws: ``SceneError/sheetOutOfRange(columns:rows:pixels:)`` for more than 100 million pixels, or fewer pictures than places.
    public static func picture(_ pictures: [RGBImage], columns: Int) throws(SceneError) -> RGBImage {
        let side = pictures.map { max($0.width, $0.height) }.max() ?? 0
        let rows = columns > 0 ? (pictures.count + columns - 1) / columns : 0
        let gap = max(2, side / 32)
        let (width, wide) = columns.multipliedReportingOverflow(by: side + gap)
        let (height, high) = rows.multipliedReportingOverflow(by: side + gap)
        guard columns > 0, rows > 0, !wide, !high, width < 20_000, height < 20_000, (width + gap) * (height + gap) <= 100_000_000 else {
            throw .sheetOutOfRange(columns: columns, rows: rows, pixels: side)
        }
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
}
