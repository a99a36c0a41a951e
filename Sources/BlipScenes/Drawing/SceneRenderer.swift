public import BlipImages

/// Draws scenes.
///
/// The same scene and side give the same bytes on every machine: nothing but exactly defined arithmetic is used. Edges are smooth by each pixel's
/// distance to them.
public struct SceneRenderer: Sendable {
    /// The least and the largest picture, in pixels.
    public static let sides = 16...2048

    public let side: Int

    /// - Parameter side: the picture's width and height.
    /// - Throws: ``SceneError/sideOutOfRange(_:)``.
    public init(side: Int) throws(SceneError) {
        guard Self.sides.contains(side) else { throw .sideOutOfRange(side) }
        self.side = side
    }

    public func callAsFunction(_ scene: Scene) -> RGBImage {
        let canvas = Canvas(side: side)
        let row = DistanceRow(capacity: side)
        BackgroundPainter(background: scene.background, seed: scene.seed).paint(on: canvas)
        if let chart = scene.chart {
            ChartPainter(scene: scene).paint(chart, on: canvas, row)
        } else {
            let painter = ObjectPainter(scene: scene)
            for (place, object) in scene.objects.enumerated() { painter.paint(object, number: place, on: canvas, row) }
        }
        canvas.blur(radius: scene.sharpness.radius)
        return canvas.picture(scene.light, grain: Float(scene.grain), seed: scene.seed ^ 0x5F35_6495)
    }

    /// Which object each pixel shows: its place in the scene, -1 for the background; row by row from the top. For checks.
    public func objectMap(_ scene: Scene) -> [Int] {
        let row = DistanceRow(capacity: side)
        var map = [Int](repeating: -1, count: side * side)
        for (number, object) in scene.objects.enumerated() {
            let canvas = Canvas(side: side)
            var solid = object
            solid.texture = .plain
            ObjectPainter(scene: Scene()).paintSolid(solid, on: canvas, row)
            for place in map.indices where canvas.values[place * 3] > 0.5 { map[place] = number }
        }
        return map
    }
}

/// Why a scene cannot be drawn or described.
public enum SceneError: Error, Sendable, Equatable, CustomStringConvertible {
    case sideOutOfRange(Int)
    case sheetOutOfRange(columns: Int, rows: Int, pixels: Int)

    public var description: String {
        switch self {
        case .sideOutOfRange(let side):
            "a scene cannot be \(side) pixels wide; choose \(SceneRenderer.sides.lowerBound) to \(SceneRenderer.sides.upperBound)"
        case .sheetOutOfRange(let columns, let rows, let pixels):
            "a sheet of \(columns) by \(rows) pictures of \(pixels) pixels is too large; choose fewer or smaller ones"
        }
    }
}
