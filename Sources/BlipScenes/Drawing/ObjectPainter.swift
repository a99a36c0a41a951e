/// Paints objects: their shadows, their figures, what is written on them.
struct ObjectPainter {
    let scene: Scene

    private let painter = FigurePainter()

    init(scene: Scene) { self.scene = scene }

    func paint(_ object: SceneObject, number: Int, on canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let figure = Self.figure(object)
        let placement = Self.placement(object, side: canvas.side)
        if scene.hasShadows {
            var shadow = placement
            shadow.x += 0.14 * placement.scale
            shadow.y += 0.18 * placement.scale
            for layer in figure.layers where layer.isOutside {
                painter.shade(layer.parts, reach: figure.reach, at: shadow, softness: 0.34, on: canvas, row)
            }
        }
        for layer in figure.layers {
            let paint = paint(layer, object, number)
            painter.paint(layer.parts, reach: figure.reach, at: placement, paint, on: canvas, row)
        }
        if object.text != nil { write(object, placement, on: canvas, row) }
    }

    /// All layers in one white, for telling which pixels are the object's.
    func paintSolid(_ object: SceneObject, on canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let figure = Self.figure(object)
        for layer in figure.layers {
            painter.paint(
                layer.parts, reach: figure.reach, at: Self.placement(object, side: canvas.side), Paint(Tint(1, 1, 1)), on: canvas, row)
        }
    }

    static func figure(_ object: SceneObject) -> Figure {
        if object.kind == .sign { return .sign(halfWidth: Float(object.signHalfWidth)) }
        return Figure.ofKinds[object.kind] ?? Figure([])
    }

    static func placement(_ object: SceneObject, side: Int) -> Placement {
        let unit = object.kind == .sign ? SceneObject.signUnit : object.size.radius
        let (sine, cosine) = Exact.sineAndCosine(degrees: object.turn)
        return Placement(
            x: Float(object.x * Double(side)), y: Float(object.y * Double(side)), scale: Float(unit * object.growth * Double(side)),
            sine: sine, cosine: cosine)
    }

    private func paint(_ layer: Figure.Layer, _ object: SceneObject, _ number: Int) -> Paint {
        let own = object.color.tint
        var paint: Paint
        switch layer.tone {
        case .own:
            paint = Paint(own, second: object.color.isLight ? Tint(66, 62, 66) : Tint(250, 250, 250))
            paint.texture = object.texture
        case .dark: paint = Paint(own.scaled(0.72))
        case .light: paint = Paint(own.mixed(with: Tint(255, 255, 255), 0.4))
        case .wood: paint = Paint(Tint(118, 78, 44))
        case .glass: paint = Paint(object.color == .white || object.color == .grey ? Tint(90, 120, 150) : Tint(240, 240, 214))
        case .tire: paint = Paint(object.color == .black ? Tint(84, 84, 90) : Tint(34, 34, 38))
        case .white: paint = Paint(object.color == .white ? Tint(206, 202, 196) : Tint(244, 240, 230))
        }
        if layer.isOutside { paint.edge = paint.tint.scaled(0.4) }
        if layer.isOutside, object.kind == .sign { paint.edge = object.color.isLight ? Tint(40, 40, 40) : Tint(250, 250, 250) }
        if scene.drawing != .painted {
            paint.sketchSeed = scene.seed &+ UInt32(number) &* 7
            // Pencil and chalk have no colours of wood and glass.
            if layer.tone != .own { paint.tint = own }
        }
        return paint
    }

    private func write(_ object: SceneObject, _ placement: Placement, on canvas: borrowing Canvas, _ row: borrowing DistanceRow) {
        let text = Array(object.text ?? "")
        let isSign = object.kind == .sign
        let size: Float = (isSign ? 0.6 : 0.52) * placement.scale
        let step = 2 * Float(SceneObject.letterUnit) * placement.scale
        var paint = Paint(object.color.isLight ? Tint(20, 20, 24) : Tint(252, 252, 252))
        // On paper a letter has its own dark or light line on the hatching.
        if scene.drawing != .painted { paint = Paint(scene.drawing == .chalk ? Tint(250, 250, 250) : Tint(24, 24, 28)) }
        for (place, character) in text.enumerated() {
            guard let glyph = SignFont.glyph(character) else { continue }
            let offset = (Float(place) - Float(text.count - 1) / 2) * step
            var spot = placement
            spot.x += placement.cosine * offset
            spot.y += placement.sine * offset
            spot.scale = size
            painter.paint(glyph.parts, reach: SIMD2(0.9, 1.25), at: spot, paint, on: canvas, row)
        }
    }
}
