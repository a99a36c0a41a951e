/// Paints bars and slices on a white sheet.
struct ChartPainter {
    let scene: Scene

    private let painter = FigurePainter()

    init(scene: Scene) { self.scene = scene }

    func paint(_ chart: SceneChart, on canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let half = Float(canvas.side) / 2
        let sheet = Placement(x: half, y: half, scale: half)
        fill([.box(0, 0, 0.9, 0.9, round: 0.06)], sheet, Tint(250, 250, 248), edge: Tint(120, 120, 120), canvas, row)
        switch chart.form {
        case .bars: bars(chart, sheet, canvas, row)
        case .pie: pie(chart, sheet, canvas, row)
        }
    }

    private func bars(_ chart: SceneChart, _ sheet: Placement, _ canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let bottom: Float = 0.5
        let step = 1.5 / Float(chart.parts.count)
        for (place, part) in chart.parts.enumerated() {
            let middle = -0.75 + (Float(place) + 0.5) * step
            let height = Float(part.value) / 9 * 1.25
            fill(
                [.box(middle, bottom - height / 2, step * 0.34, height / 2)], sheet, part.color.tint, edge: part.color.tint.scaled(0.5),
                canvas, row)
            write(part.label, x: middle, y: 0.69, sheet, Tint(30, 30, 34), canvas, row)
        }
        fill([.line(-0.8, bottom + 0.01, 0.8, bottom + 0.01, 0.015)], sheet, Tint(50, 50, 54), canvas, row)
        fill([.line(-0.8, -0.8, -0.8, bottom, 0.015)], sheet, Tint(50, 50, 54), canvas, row)
    }

    private func pie(_ chart: SceneChart, _ sheet: Placement, _ canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let total = chart.parts.reduce(0.0) { $0 + Double($1.value) }
        guard total > 0 else { return }
        var start = 0.0
        for part in chart.parts {
            let sweep = 360 * Double(part.value) / total
            // A slice is a polygon with a corner every few degrees.
            let corners = max(2, Int(sweep / 4))
            let edge = (0...corners).map { corner -> SIMD2<Float> in
                let (sine, cosine) = Exact.sineAndCosine(degrees: start + sweep * Double(corner) / Double(corners))
                return SIMD2(sine * 0.78, -cosine * 0.78)
            }
            fill([.polygon([SIMD2(0, 0)] + edge)], sheet, part.color.tint, edge: part.color.tint.scaled(0.5), canvas, row)
            start += sweep
        }
        start = 0
        for part in chart.parts {
            let sweep = 360 * Double(part.value) / total
            let (sine, cosine) = Exact.sineAndCosine(degrees: start + sweep / 2)
            let ink = part.color.isLight ? Tint(20, 20, 24) : Tint(252, 252, 252)
            write(part.label, x: sine * 0.52, y: -cosine * 0.52, sheet, ink, canvas, row)
            start += sweep
        }
    }

    private func fill(
        _ forms: [Figure.Form], _ sheet: Placement, _ tint: Tint, edge: Tint? = nil, _ canvas: borrowing Canvas,
        _ row: borrowing DistanceRow
    ) {
        var paint = Paint(tint)
        paint.edge = edge
        painter.paint(Figure.Layer(forms).parts, reach: SIMD2(1, 1), at: sheet, paint, on: canvas, row)
    }

    private func write(
        _ text: String, x: Float, y: Float, _ sheet: Placement, _ tint: Tint, _ canvas: borrowing Canvas, _ row: borrowing DistanceRow
    ) {
        for character in text {
            guard let glyph = SignFont.glyph(character) else { continue }
            let spot = Placement(x: sheet.x + x * sheet.scale, y: sheet.y + y * sheet.scale, scale: 0.125 * sheet.scale)
            painter.paint(glyph.parts, reach: SIMD2(0.9, 1.25), at: spot, Paint(tint), on: canvas, row)
        }
    }
}
