/// One pair of axes with its curves, as shapes.
struct PanelLayout {
    static let lineWidth = 1.8
    static let dotRadius = 3.0
    static func rawStroke(_ colour: Colour) -> Drawing.Stroke { Drawing.Stroke(colour: colour.opacity(0.24), width: 1.1) }
    static func validationStroke(_ colour: Colour) -> Drawing.Stroke { Drawing.Stroke(colour: colour, width: 1.5, dashes: [5, 4.5]) }

    let horizontal: Axis
    let vertical: Axis
    /// Inside the axes.
    let area: Drawing.Rectangle
    private(set) var shapes: [Drawing.Shape] = []

    init(_ panel: CurvePanel, in place: Drawing.Rectangle, runs: [String], steps: ClosedRange<Int>?, smoothing: Double, logarithmic: Bool) {
        let curves = panel.curves.map { ShownCurve($0, run: runs.firstIndex(of: $0.run) ?? 0, smoothing, logarithmic) }
        let ranges = curves.compactMap(\.range)
        let lowest = ranges.map(\.lowerBound).min(), highest = ranges.map(\.upperBound).max()
        if let lowest, let highest {
            vertical = .values(lowest...highest, logarithmic: logarithmic)
        } else {
            vertical = .values(nil, logarithmic: logarithmic)
        }
        let labels = vertical.ticks.map { StrokeFont.width($0.label, size: Axis.labelSize) }.max() ?? 0
        let left = max(46, labels + 12)
        area = Drawing.Rectangle(x: place.x + left, y: place.y + 26, width: place.width - left - 14, height: place.height - 26 - 44)
        horizontal = .steps(steps, width: area.width)
        drawFrame(panel.title, place)
        // What is faint lies behind, so that no run's noise hides another's curve.
        for curve in curves where curve.isSmoothed { drawRaw(curve) }
        for curve in curves where curve.curve.kind != .validation { drawCurve(curve) }
        for curve in curves where curve.curve.kind == .validation { drawValidation(curve) }
        for curve in curves { drawCrosses(curve) }
        if ranges.isEmpty {
            let centre = Drawing.Point(x: area.x + area.width / 2, y: area.y + area.height / 2 + 5)
            let isEmpty = curves.allSatisfy { $0.curve.points.isEmpty }
            let remark = isEmpty ? "no data" : logarithmic ? "nothing above zero to show on a logarithmic axis" : "no finite numbers"
            shapes.append(.text(remark, at: centre, Drawing.TextStyle(size: 14, colour: Palette.faintText, anchor: .middle)))
        }
    }

    /// A small cross: what was there has no place on the axis.
    static func cross(_ centre: Drawing.Point, _ colour: Colour) -> Drawing.Shape {
        let (x, y, arm) = (centre.x, centre.y, 3.5)
        let lines = [
            [Drawing.Point(x: x - arm, y: y - arm), Drawing.Point(x: x + arm, y: y + arm)],
            [Drawing.Point(x: x - arm, y: y + arm), Drawing.Point(x: x + arm, y: y - arm)],
        ]
        return .lines(lines, Drawing.Stroke(colour: colour, width: 1.6), clip: nil)
    }

    private func x(_ step: Double) -> Double { area.x + horizontal.position(of: step) * area.width }
    private func y(_ value: Double) -> Double { area.bottom - vertical.position(of: value) * area.height }

    private mutating func drawFrame(_ title: String, _ place: Drawing.Rectangle) {
        let heading = StrokeFont.fitted(title, size: 14, width: area.width)
        shapes.append(.text(heading, at: Drawing.Point(x: area.x, y: place.y + 13), Drawing.TextStyle(size: 14, isBold: true)))
        func across(_ value: Double) -> [Drawing.Point] {
            [Drawing.Point(x: area.x, y: y(value)), Drawing.Point(x: area.right, y: y(value))]
        }
        func down(_ step: Double) -> [Drawing.Point] { [Drawing.Point(x: x(step), y: area.y), Drawing.Point(x: x(step), y: area.bottom)] }
        let thin = vertical.minorTicks.map(across)
        if !thin.isEmpty { shapes.append(.lines(thin, Drawing.Stroke(colour: Palette.minorGrid, width: 1), clip: area)) }
        let grid = vertical.ticks.map { across($0.value) } + horizontal.ticks.map { down($0.value) }
        shapes.append(.lines(grid, Drawing.Stroke(colour: Palette.grid, width: 1), clip: area))
        let axes = [
            [Drawing.Point(x: area.x, y: area.y), Drawing.Point(x: area.x, y: area.bottom), Drawing.Point(x: area.right, y: area.bottom)]
        ]
        shapes.append(.lines(axes, Drawing.Stroke(colour: Palette.frame, width: 1), clip: nil))
        var style = Drawing.TextStyle(size: Axis.labelSize, colour: Palette.faintText, anchor: .end)
        for tick in vertical.ticks { shapes.append(.text(tick.label, at: Drawing.Point(x: area.x - 7, y: y(tick.value) + 4), style)) }
        style.anchor = .middle
        for tick in horizontal.ticks { shapes.append(.text(tick.label, at: Drawing.Point(x: x(tick.value), y: area.bottom + 17), style)) }
        style.size = 12
        shapes.append(.text("step", at: Drawing.Point(x: area.x + area.width / 2, y: area.bottom + 35), style))
    }

    /// A little more than the area, so that a line along its edge keeps its width.
    private var clip: Drawing.Rectangle { Drawing.Rectangle(x: area.x, y: area.y - 3, width: area.width + 4, height: area.height + 4) }

    private mutating func drawRaw(_ shown: ShownCurve) {
        shapes.append(.lines(lines(shown.points), Self.rawStroke(Palette.style(ofRun: shown.run).colour), clip: clip))
    }

    private mutating func drawCurve(_ shown: ShownCurve) {
        let style = Palette.style(ofRun: shown.run)
        let pieces = lines(shown.smoothed)
        shapes.append(.lines(pieces, Drawing.Stroke(colour: style.colour, width: Self.lineWidth, dashes: style.dashes), clip: clip))
        let lone = pieces.filter { $0.count == 1 }.map { $0[0] }
        if !lone.isEmpty { shapes.append(.dots(lone, radius: Self.dotRadius, style.colour, clip: nil)) }
    }

    private mutating func drawValidation(_ shown: ShownCurve) {
        let colour = Palette.style(ofRun: shown.run).colour
        let pieces = lines(shown.points)
        shapes.append(.lines(pieces, Self.validationStroke(colour), clip: clip))
        // Where dots would touch one another, the line says it all.
        let dots = pieces.flatMap { $0 }
        if Double(dots.count) * 7 < area.width { shapes.append(.dots(dots, radius: Self.dotRadius, colour, clip: nil)) }
    }

    private mutating func drawCrosses(_ shown: ShownCurve) {
        var last = -Double.infinity
        for step in shown.notFinite where x(Double(step)) - last >= 6 {
            last = x(Double(step))
            shapes.append(Self.cross(Drawing.Point(x: last, y: area.y + 5), Palette.style(ofRun: shown.run).colour))
        }
    }

    /// The line through the points, in pieces between those that cannot be shown; thinned where many lie on one column of points.
    private func lines(_ points: [CurvePoint]) -> [[Drawing.Point]] {
        var (pieces, piece): ([[Drawing.Point]], [Drawing.Point]) = ([], [])
        for point in points {
            if point.value.isFinite, !vertical.isLogarithmic || point.value > 0 {
                // Far outside is outside enough.
                piece.append(Drawing.Point(x: x(Double(point.step)), y: max(-1e4, min(1e4, y(point.value)))))
            } else if !piece.isEmpty {
                pieces.append(Self.thinned(piece))
                piece = []
            }
        }
        return piece.isEmpty ? pieces : pieces + [Self.thinned(piece)]
    }

    /// At most four points for each half point of width: the first, the lowest, the highest and the last, so that the line looks the same.
    static func thinned(_ line: [Drawing.Point]) -> [Drawing.Point] {
        var result: [Drawing.Point] = []
        var start = 0
        while start < line.count {
            let column = (line[start].x * 2).rounded(.down)
            var end = start + 1
            while end < line.count, (line[end].x * 2).rounded(.down) == column { end += 1 }
            if end - start <= 4 {
                result += line[start..<end]
            } else {
                let indices = start..<end
                let low = indices.min { line[$0].y < line[$1].y } ?? start
                let high = indices.max { line[$0].y < line[$1].y } ?? start
                result += Set([start, low, high, end - 1]).sorted().map { line[$0] }
            }
            start = end
        }
        return result
    }
}

/// A curve with what is drawn of it.
private struct ShownCurve {
    let curve: Curve
    let run: Int
    /// Those the axis can show, and those that are not finite.
    let points: [CurvePoint]
    let smoothed: [CurvePoint]
    let isSmoothed: Bool

    init(_ curve: Curve, run: Int, _ smoothing: Double, _ logarithmic: Bool) {
        self.curve = curve
        self.run = run
        points = logarithmic ? curve.points.filter { !($0.value <= 0) || !$0.value.isFinite } : curve.points
        isSmoothed = curve.kind == .training && smoothing > 0 && points.count > 1
        let values = isSmoothed ? Smoothing.smoothed(points.map(\.value), weight: smoothing) : points.map(\.value)
        smoothed = zip(points, values).map { CurvePoint(step: $0.step, value: $1) }
    }

    var notFinite: [Int] { points.filter { !$0.value.isFinite }.map(\.step) }

    /// All of the smoothed curve, and of the raw one all but the furthest hundredth above and below: one bad step must not flatten the
    /// rest.
    var range: ClosedRange<Double>? {
        var values = smoothed.map(\.value).filter(\.isFinite)
        if isSmoothed {
            let sorted = points.map(\.value).filter(\.isFinite).sorted()
            let spare = sorted.count / 100
            values += sorted.dropFirst(spare).dropLast(spare)
        }
        guard let low = values.min(), let high = values.max() else { return nil }
        return low...high
    }
}
