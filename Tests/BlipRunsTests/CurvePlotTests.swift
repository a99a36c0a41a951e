import BlipImages
import Foundation
import Testing

@testable import BlipRuns

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct CurvePlotTests {
    private static func curve(_ values: [Double], _ kind: Curve.Kind = .training, run: String = "r") -> Curve {
        Curve(run: run, kind: kind, points: values.enumerated().map { CurvePoint(step: $0 + 1, value: $1) })
    }

    private static func plot(_ curves: [Curve], smoothing: Double = 0.5, logarithmic: Bool = false) -> CurvePlot {
        CurvePlot(title: "t", panels: [CurvePanel(title: "loss", curves: curves)], smoothing: smoothing, hasLogarithmicAxis: logarithmic)
    }

    private static func texts(_ plot: CurvePlot) -> [String] {
        plot.drawing().shapes.compactMap { if case .text(let text, _, _) = $0 { text } else { nil } }
    }

    private static func dots(_ plot: CurvePlot) -> [Drawing.Point] {
        plot.drawing().shapes.flatMap { shape -> [Drawing.Point] in
            // Those of the legend are without the axes' place.
            if case .dots(let points, _, let colour, _) = shape, colour != Palette.faintText { points } else { [] }
        }
    }

    @Test func `a curve stands at its steps and values`() throws {
        let plot = Self.plot([Self.curve([1, 3, 2], .validation)])
        let layout = PanelLayout(
            plot.panels[0], in: Drawing.Rectangle(x: 0, y: 0, width: 400, height: 300), runs: ["r"], steps: 1...3, smoothing: 0,
            logarithmic: false)
        #expect(
            layout.horizontal.ticks.map(\.label) == ["1", "2", "3"]
                && layout.vertical.ticks.map(\.label) == ["1.0", "1.5", "2.0", "2.5", "3.0"])
        let dots = try #require(
            layout.shapes.compactMap { shape in if case .dots(let points, _, _, _) = shape { points } else { nil } }.first)
        #expect(dots.map(\.x) == [layout.area.x, layout.area.x + layout.area.width / 2, layout.area.right])
        #expect(abs(dots[2].y - (layout.area.y + layout.area.height / 2)) < 1e-9 && dots[1].y < dots[2].y && dots[2].y < dots[0].y)
    }

    @Test func `the PNG shows the runs' colours where the SVG has its dots`() throws {
        let plot = Self.plot([Self.curve([1, 3, 2, 5], .validation), Self.curve([4, 2, 6], .validation, run: "other")])
        let (svg, picture) = (plot.svg(), plot.picture(scale: 2))
        let dots = Self.dots(plot)
        #expect(dots.count == 7 && svg.count(of: "<circle") == 9)
        #expect(picture.width == Int(plot.drawing().width * 2) && picture.height == Int(plot.drawing().height * 2))
        for (index, dot) in dots.enumerated() {
            let (pixel, colour) = (picture[Int(dot.x * 2), Int(dot.y * 2)], Palette.runs[index < 4 ? 0 : 1])
            #expect(pixel == (colour.red, colour.green, colour.blue))
        }
        let blank = picture[picture.width - 2, picture.height - 2]
        #expect(blank == (255, 255, 255))
    }

    @Test(arguments: [
        [], [2.5], [.nan], [.nan, .infinity, -.infinity], [0.37, 0.37, 0.37], [0, 0], [-1, -2], [1e308, -1e308], [1, .nan, 2, 3, .nan],
    ])
    func `curves of every kind are drawn, with and without a logarithmic axis`(values: [Double]) throws {
        for kind in [Curve.Kind.training, .validation, .exact] {
            for logarithmic in [false, true] {
                let plot = Self.plot([Self.curve(values, kind)], smoothing: 0.9, logarithmic: logarithmic)
                try Self.checkXML(plot.svg())
                #expect(!plot.svg().contains("nan") && !plot.svg().contains("inf,"))
                // The others have no shapes of their own.
                if kind == .training { #expect(plot.picture(scale: 1).pixels.contains { $0 < 100 }) }
                let shown = values.filter { $0.isFinite && (!logarithmic || $0 > 0) }
                let remarks = ["no data", "no finite numbers", "nothing above zero to show on a logarithmic axis"]
                #expect(Self.texts(plot).contains { remarks.contains($0) } == shown.isEmpty)
            }
        }
    }

    @Test func `without a panel there is a picture that says so`() throws {
        let plot = CurvePlot(title: "nothing", panels: [])
        #expect(Self.texts(plot) == ["nothing", "", "step", "no data"])
        try Self.checkXML(plot.svg())
    }

    @Test func `panels share their axis of steps`() {
        let plot = CurvePlot(
            title: "t",
            panels: [
                CurvePanel(title: "a", curves: [Self.curve([0.1, 0.2, 0.3, 0.3, 0.2])]),
                CurvePanel(title: "b", curves: [Self.curve([1], .validation)]),
                CurvePanel(title: "c", curves: []),
            ])
        #expect(plot.steps == 1...5)
        #expect(Self.texts(plot).count { $0 == "5" } == 3)
    }

    @Test func `a lone point is a dot, and what is not finite a cross`() {
        #expect(Self.dots(Self.plot([Self.curve([2.5])])).count == 1)
        #expect(Self.dots(Self.plot([Self.curve([1, .nan, 2, .nan, 3, 4])])).count == 2)
        let plot = Self.plot([Self.curve([1, .nan, 2, .infinity, 3])])
        #expect(Self.texts(plot).contains("not a finite number"))
        let crosses = plot.drawing().shapes.count { shape in
            if case .lines(let lines, let stroke, _) = shape { lines.count == 2 && stroke.width == 1.6 } else { false }
        }
        #expect(crosses == 3)  // with the legend's
    }

    @Test func `the legend names every run once, and only the kinds of lines that there are`() {
        let both = CurvePlot(
            title: "t",
            panels: [
                CurvePanel(title: "a", curves: [Self.curve([1, 2], run: "first"), Self.curve([1, 2], run: "second")]),
                CurvePanel(
                    title: "b", curves: [Self.curve([1, 2], .validation, run: "second"), Self.curve([1], .validation, run: "third")]),
            ], smoothing: 0.9)
        #expect(both.runs == ["first", "second", "third"])
        #expect(Self.texts(both).prefix(7) == ["t", "first", "second", "third", "smoothed by 0.9", "each step", "validation"])
        let plain = Self.plot([Self.curve([1, 2])], smoothing: 0)
        #expect(Self.texts(plain).prefix(3) == ["t", "r", "loss"])
    }

    @Test func `one bad step does not flatten the rest`() {
        var values = (0..<500).map { 1 + 0.1 * sin(Double($0)) }
        values[250] = 1000
        let layout = PanelLayout(
            CurvePanel(title: "loss", curves: [Self.curve(values)]), in: Drawing.Rectangle(x: 0, y: 0, width: 400, height: 300),
            runs: ["r"],
            steps: 1...500, smoothing: 0.99, logarithmic: false)
        #expect(layout.vertical.high < 20)
    }

    @Test func `thinned lines keep the ends, the lowest and the highest of each column`() {
        var generator = SeededGenerator(state: 5)
        let line = (0..<20000).map { Drawing.Point(x: Double($0) / 50, y: Double.random(in: 0...100, using: &generator)) }
        let thin = PanelLayout.thinned(line)
        #expect(thin.count <= 4 * 801 && thin.first == line.first && thin.last == line.last)
        for column in 0..<400 {
            let (before, after) = (line.filter { Int($0.x) == column }.map(\.y), thin.filter { Int($0.x) == column }.map(\.y))
            #expect(before.min() == after.min() && before.max() == after.max())
        }
        #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x <= $1.x })
    }

    @Test func `names with any characters make a well-formed SVG`() throws {
        let name = "a<b> & \"c\" 'd' \u{1}\u{8}\n\t é 漢字 🙂 \u{FFFF}" + String(repeating: "long ", count: 100)
        let plot = CurvePlot(title: name, panels: [CurvePanel(title: name, curves: [Self.curve([1, 2], run: name)])])
        try Self.checkXML(plot.svg())
        #expect(plot.picture(scale: 1).width == Int(plot.drawing().width))
    }

    @Test func `files are written by the ending of their name`() throws {
        let plot = Self.plot([Self.curve([1, 2])])
        try withRunFolder { folder in
            let (svg, png) = (folder.appending(path: "a.svg"), folder.appending(path: "a.PNG"))
            try plot.write(to: svg)
            try plot.write(to: png)
            #expect(try String(contentsOf: svg, encoding: .utf8) == plot.svg())
            #expect(try ImageSource.file(png).load() == plot.picture())
            #expect(throws: RunError.unknownPictureFormat(path: folder.appending(path: "a.gif").path)) {
                try plot.write(to: folder.appending(path: "a.gif"))
            }
            #expect(throws: ImageError.self) { try plot.write(to: folder.appending(path: "none/a.svg")) }
        }
    }

    private static func checkXML(_ text: String) throws {
        let parser = XMLParser(data: Data(text.utf8))
        #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { components(separatedBy: part).count - 1 }
}
