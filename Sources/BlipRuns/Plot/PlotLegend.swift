/// What colours and kinds of lines mean, in as many rows as it takes.
struct PlotLegend {
    private struct Entry {
        let text: String
        let mark: Mark
        var width: Double { 26 + 7 + StrokeFont.width(text, size: PlotLegend.textSize) + PlotLegend.gap }
    }

    private enum Mark {
        case run(Int)
        case smoothed, raw, validation, notFinite
    }

    private static let textSize = 12.0
    private static let gap = 26.0
    private static let rowHeight = 20.0
    private let rows: [[Entry]]

    var height: Double { Double(rows.count) * Self.rowHeight }

    init(_ plot: CurvePlot, width: Double) {
        var entries = plot.runs.enumerated().map { index, name in
            Entry(text: StrokeFont.fitted(name, size: Self.textSize, width: min(320, width - 60)), mark: .run(index))
        }
        let curves = plot.panels.flatMap(\.curves).filter { !$0.points.isEmpty }
        let hasTraining = curves.contains { $0.kind == .training }
        let hasValidation = curves.contains { $0.kind == .validation }
        if hasTraining && plot.smoothing > 0 {
            entries.append(Entry(text: "smoothed by \(AxisLabel.text(plot.smoothing))", mark: .smoothed))
            entries.append(Entry(text: "each step", mark: .raw))
        }
        if hasValidation { entries.append(Entry(text: "validation", mark: .validation)) }
        if curves.contains(where: { $0.points.contains { !$0.value.isFinite } }) {
            entries.append(Entry(text: "not a finite number", mark: .notFinite))
        }
        rows = entries.reduce(into: []) { rows, entry in
            let used = rows.last?.reduce(0) { $0 + $1.width } ?? .infinity
            if used + entry.width - Self.gap <= width { rows[rows.count - 1].append(entry) } else { rows.append([entry]) }
        }
    }

    func shapes(left: Double, top: Double) -> [Drawing.Shape] {
        var shapes: [Drawing.Shape] = []
        for (index, row) in rows.enumerated() {
            var x = left
            let y = top + (Double(index) + 0.5) * Self.rowHeight
            for entry in row {
                shapes += Self.shapes(entry.mark, x, y)
                let style = Drawing.TextStyle(size: Self.textSize, colour: Palette.text)
                shapes.append(.text(entry.text, at: Drawing.Point(x: x + 33, y: y + 4), style))
                x += entry.width
            }
        }
        return shapes
    }

    private static func shapes(_ mark: Mark, _ x: Double, _ y: Double) -> [Drawing.Shape] {
        let line = [[Drawing.Point(x: x + 2, y: y), Drawing.Point(x: x + 24, y: y)]]
        let grey = Palette.faintText
        switch mark {
        case .run(let index):
            let style = Palette.style(ofRun: index)
            return [.lines(line, Drawing.Stroke(colour: style.colour, width: 3, dashes: style.dashes), clip: nil)]
        case .smoothed: return [.lines(line, Drawing.Stroke(colour: grey, width: PanelLayout.lineWidth), clip: nil)]
        case .raw: return [.lines(line, PanelLayout.rawStroke(grey), clip: nil)]
        case .validation:
            let dots = [Drawing.Point(x: x + 4, y: y), Drawing.Point(x: x + 22, y: y)]
            return [
                .lines(line, PanelLayout.validationStroke(grey), clip: nil),
                .dots(dots, radius: PanelLayout.dotRadius, grey, clip: nil),
            ]
        case .notFinite: return [PanelLayout.cross(Drawing.Point(x: x + 13, y: y), grey)]
        }
    }
}
