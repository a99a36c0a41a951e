public import BlipImages
public import Foundation

/// A picture of training and validation curves of one or several runs.
///
/// ```swift
/// let plot = CurvePlot(title: "Loss", panels: [CurvePanel(title: "loss", curves: [curve])])
/// try plot.write(to: URL(filePath: "curves.svg"))
/// ```
///
/// SVG and PNG have one layout: points of SVG are `scale` pixels of a PNG, and only the typeface differs.
public struct CurvePlot: Sendable, Equatable {
    public var title: String
    /// One pair of axes each, side by side in rows of two.
    public var panels: [CurvePanel]
    /// The weight of what was before in the smoothed curves, 0..<1, as TensorBoard's slider sets it.
    public var smoothing: Double
    /// Whether values lie on a logarithmic axis; those that are not above zero are then left out.
    public var hasLogarithmicAxis: Bool

    /// - Precondition: `smoothing` is at least 0 and below 1.
    public init(title: String, panels: [CurvePanel], smoothing: Double = 0.9, hasLogarithmicAxis: Bool = false) {
        precondition(smoothing >= 0 && smoothing < 1, "smoothing by \(smoothing) is not in 0..<1")
        self.title = title
        self.panels = panels
        self.smoothing = smoothing
        self.hasLogarithmicAxis = hasLogarithmicAxis
    }

    /// The picture as an SVG document.
    public func svg() -> String { drawing().svg() }

    /// The picture in pixels, `scale` to a point of the SVG.
    ///
    /// - Precondition: `scale` is 1 to 8.
    public func picture(scale: Double = 2) -> RGBImage {
        precondition((1...8).contains(scale), "a scale of \(scale) is not in 1...8")
        return drawing().picture(scale: scale)
    }

    /// Writes the picture in the format that the name ends in, .svg or .png. An existing file is replaced as a whole or not at all.
    ///
    /// - Throws: ``RunError``, and `ImageError` where a PNG cannot be written.
    public func write(to url: URL) throws {
        switch url.pathExtension.lowercased() {
        case "png": try picture().write(png: url)
        case "svg":
            try WholeFile.write(Data(svg().utf8), to: url)
        default: throw RunError.unknownPictureFormat(path: url.path)
        }
    }

    /// The names of the runs, in the order in which they first appear; a run's place decides its colour.
    var runs: [String] {
        panels.flatMap(\.curves).reduce(into: []) { names, curve in if !names.contains(curve.run) { names.append(curve.run) } }
    }

    /// The steps of all panels, which have one axis of steps, so that what happened at one time stands at one place.
    var steps: ClosedRange<Int>? {
        let ends = panels.flatMap(\.curves).flatMap { [$0.points.first?.step, $0.points.last?.step] }.compactMap(\.self)
        return if let first = ends.min(), let last = ends.max() { first...last } else { nil }
    }

    func drawing() -> Drawing {
        let columns = panels.count > 1 ? 2 : 1
        let rows = max(1, (panels.count + columns - 1) / columns)
        let panelSize = columns == 1 ? (width: 920.0, height: 440.0) : (width: 560.0, height: 320.0)
        let (margin, gap) = (24.0, 20.0)
        let width = 2 * margin + Double(columns) * panelSize.width + Double(columns - 1) * gap
        let legend = PlotLegend(self, width: width - 2 * margin)
        let top = margin + 16 + 14 + legend.height + 14
        let height = top + Double(rows) * panelSize.height + Double(rows - 1) * gap + 12
        var drawing = Drawing(width: width, height: height)
        drawing.shapes.append(.rectangle(Drawing.Rectangle(x: 0, y: 0, width: width, height: height), Palette.background))
        let heading = StrokeFont.fitted(title, size: 17, width: width - 2 * margin)
        drawing.shapes.append(.text(heading, at: Drawing.Point(x: margin, y: margin + 13), Drawing.TextStyle(size: 17, isBold: true)))
        drawing.shapes += legend.shapes(left: margin, top: margin + 30)
        for (index, panel) in (panels.isEmpty ? [CurvePanel(title: "", curves: [])] : panels).enumerated() {
            let place = Drawing.Rectangle(
                x: margin + Double(index % columns) * (panelSize.width + gap),
                y: top + Double(index / columns) * (panelSize.height + gap), width: panelSize.width, height: panelSize.height)
            let layout = PanelLayout(panel, in: place, runs: runs, steps: steps, smoothing: smoothing, logarithmic: hasLogarithmicAxis)
            drawing.shapes += layout.shapes
        }
        return drawing
    }
}
