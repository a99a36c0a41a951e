import BlipImages

extension Drawing {
    /// The drawing in pixels.
    ///
    /// - Parameter scale: pixels a point.
    func picture(scale: Double) -> RGBImage {
        var canvas = Canvas(width: max(1, Int((width * scale).rounded())), height: max(1, Int((height * scale).rounded())))
        func point(_ place: Point) -> Canvas.Point { Canvas.Point(x: Float(place.x * scale), y: Float(place.y * scale)) }
        func box(_ place: Rectangle?) -> Canvas.Box? {
            place.map { place in
                Canvas.Box(
                    left: Int((place.x * scale).rounded()), top: Int((place.y * scale).rounded()),
                    right: Int((place.right * scale).rounded()), bottom: Int((place.bottom * scale).rounded()))
            }
        }
        for shape in shapes {
            switch shape {
            case .rectangle(let place, let colour):
                canvas.rectangle(
                    left: Float(place.x * scale), top: Float(place.y * scale), right: Float(place.right * scale),
                    bottom: Float(place.bottom * scale), colour: colour)
            case .lines(let lines, let stroke, let clip):
                let pieces = stroke.dashes.isEmpty ? lines : lines.flatMap { Self.dashed($0, stroke.dashes) }
                canvas.lines(
                    pieces.map { $0.map(point) }, width: Float(stroke.width * scale), colour: stroke.colour, clip: box(clip))
            case .dots(let centres, let radius, let colour, let clip):
                canvas.dots(centres.map(point), radius: Float(radius * scale), colour: colour, clip: box(clip))
            case .text(let text, let place, let style): Self.draw(text, place, style, scale, on: &canvas)
            }
        }
        return canvas.picture()
    }

    private static func draw(_ text: String, _ place: Point, _ style: TextStyle, _ scale: Double, on canvas: inout Canvas) {
        let width = StrokeFont.width(text, size: style.size)
        let start = place.x - (style.anchor == .start ? 0 : style.anchor == .middle ? width / 2 : width)
        let unit = style.size * scale / 100
        var pen = start * scale
        var lines: [[Canvas.Point]] = []
        for glyph in StrokeFont.glyphs(text) {
            lines += glyph.strokes.map { stroke in
                stroke.map { Canvas.Point(x: Float(pen + $0.x * unit), y: Float(place.y * scale - $0.y * unit)) }
            }
            pen += glyph.advance * unit
        }
        let penWidth = style.size * scale * (style.isBold ? StrokeFont.boldPenWidth : StrokeFont.penWidth)
        canvas.lines(lines, width: Float(penWidth), colour: style.colour, clip: nil)
    }

    /// The pieces of a line that a pattern of dashes draws.
    static func dashed(_ line: [Point], _ dashes: [Double]) -> [[Point]] {
        guard let first = line.first, dashes.contains(where: { $0 > 0 }) else { return [line] }
        var (pieces, piece): ([[Point]], [Point]) = ([], [first])
        var (index, rest) = (0, dashes[0])
        for (start, end) in zip(line, line.dropFirst()) {
            let length = ((end.x - start.x) * (end.x - start.x) + (end.y - start.y) * (end.y - start.y)).squareRoot()
            // A pattern is not followed out of every sight.
            guard length.isFinite, length < 1e5 else { continue }
            var done = 0.0
            while length - done > rest {
                done += rest
                let place = Point(x: start.x + (end.x - start.x) * done / length, y: start.y + (end.y - start.y) * done / length)
                if index % 2 == 0 { pieces.append(piece + [place]) }
                piece = [place]
                index += 1
                rest = max(dashes[index % dashes.count], 1e-3)
            }
            rest -= length - done
            if index % 2 == 0 { piece.append(end) } else { piece = [end] }
        }
        if index % 2 == 0, piece.count > 1 || line.count == 1 { pieces.append(piece) }
        return pieces
    }
}
