/// Where a figure is on the canvas.
struct Placement {
    /// The middle, in pixels.
    var x, y: Float
    /// Pixels to a unit of the figure.
    var scale: Float
    var sine: Float = 0
    var cosine: Float = 1
}

/// What a layer is painted with.
struct Paint {
    var tint: Tint
    /// The texture's other colour.
    var second: Tint
    var texture: ObjectTexture = .plain
    /// From 0 to 1.
    var opacity: Float = 1
    /// What the edge is darkened or lightened to; nil for none.
    var edge: Tint?
    /// Whether it is drawn with outlines and hatching instead, as by hand; lines wobble differently from seed to seed.
    var sketchSeed: UInt32?

    init(_ tint: Tint, second: Tint? = nil) {
        self.tint = tint
        self.second = second ?? tint
    }
}

/// Paints layers of figures row by row.
struct FigurePainter {
    func paint(
        _ parts: [Figure.Part], reach: SIMD2<Float>, at placement: Placement, _ paint: Paint, on canvas: borrowing Canvas,
        _ row: borrowing DistanceRow
    ) {
        let box = SIMD2(
            abs(placement.cosine) * reach.x + abs(placement.sine) * reach.y, abs(placement.sine) * reach.x + abs(placement.cosine) * reach.y
        )
        let columns = Self.range(placement.x, box.x * placement.scale, canvas.side)
        let rows = Self.range(placement.y, box.y * placement.scale, canvas.side)
        guard !columns.isEmpty else { return }
        for y in rows {
            locate(columns, y, placement, row)
            row.measure(parts, count: columns.count)
            if let seed = paint.sketchSeed {
                sketch(columns, y, placement.scale, paint, seed, canvas, row)
            } else {
                texture(columns.count, placement.scale, paint.texture, row)
                fill(columns, y, placement.scale, paint, canvas, row)
            }
        }
    }

    /// A shadow: the figure's darkness, soft over `softness` of its units.
    func shade(
        _ parts: [Figure.Part], reach: SIMD2<Float>, at placement: Placement, softness: Float, on canvas: borrowing Canvas,
        _ row: borrowing DistanceRow
    ) {
        let columns = Self.range(placement.x, (max(reach.x, reach.y) + softness) * placement.scale, canvas.side)
        let rows = Self.range(placement.y, (max(reach.x, reach.y) + softness) * placement.scale, canvas.side)
        guard !columns.isEmpty else { return }
        let dark = Tint(30, 30, 40)
        for y in rows {
            locate(columns, y, placement, row)
            row.measure(parts, count: columns.count)
            for (place, x) in columns.enumerated() {
                let share = Exact.clamped(0.5 - row.distance[place] / softness)
                if share > 0 { canvas.blend(x, y, dark, share * 0.3) }
            }
        }
    }

    /// The pixels within reach; none for a place that is no number.
    private static func range(_ middle: Float, _ reach: Float, _ side: Int) -> Range<Int> {
        guard middle.isFinite, reach.isFinite, reach > 0 else { return 0..<0 }
        let first = max(0, min(Float(side), (middle - reach - 1).rounded(.down)))
        let last = max(first, min(Float(side), (middle + reach + 1).rounded(.up)))
        return Int(first)..<Int(last)
    }

    private func locate(_ columns: Range<Int>, _ y: Int, _ placement: Placement, _ row: borrowing DistanceRow) {
        let inverse = 1 / placement.scale
        let down = (Float(y) + 0.5 - placement.y) * inverse
        let (sine, cosine) = (placement.sine, placement.cosine)
        let first = Float(columns.lowerBound) + 0.5 - placement.x
        let (x, localY) = (row.x, row.y)
        for i in 0..<columns.count {
            let across = (first + Float(i)) * inverse
            x[i] = cosine * across + sine * down
            localY[i] = cosine * down - sine * across
        }
    }

    // MARK: Surfaces

    /// How much of the second colour each pixel has. The own colour always has the larger part.
    private func texture(_ count: Int, _ scale: Float, _ texture: ObjectTexture, _ row: borrowing DistanceRow) {
        let (x, y, share) = (row.x, row.y, row.share)
        switch texture {
        case .plain: for i in 0..<count { share[i] = 0 }
        case .striped:
            let period: Float = 0.58
            for i in 0..<count {
                let place = (0.8 * x[i] + 0.6 * y[i]) / period
                let fromMiddle = abs(place - place.rounded(.down) - 0.5)
                share[i] = Exact.clamped((0.21 - fromMiddle) * period * scale + 0.5)
            }
        case .dotted:
            let cell: Float = 0.52
            for i in 0..<count {
                let (across, down) = (x[i] / cell, y[i] / cell)
                let (dx, dy) = (across - across.rounded(.down) - 0.5, down - down.rounded(.down) - 0.5)
                share[i] = Exact.clamped(0.5 - ((dx * dx + dy * dy).squareRoot() - 0.3) * cell * scale)
            }
        case .checkered:
            let period: Float = 0.8
            for i in 0..<count {
                let (across, down) = (x[i] / period + 0.25, y[i] / period + 0.25)
                let one = Exact.clamped((abs(across - across.rounded(.down) - 0.5) - 0.25) * period * scale + 0.5)
                let other = Exact.clamped((abs(down - down.rounded(.down) - 0.5) - 0.25) * period * scale + 0.5)
                share[i] = one + other - 2 * one * other
            }
        case .outlined:
            let distance = row.distance
            for i in 0..<count { share[i] = Exact.clamped(0.5 - (distance[i] + 0.24) * scale) }
        }
    }

    private func fill(
        _ columns: Range<Int>, _ y: Int, _ scale: Float, _ paint: Paint, _ canvas: borrowing Canvas, _ row: borrowing DistanceRow
    ) {
        let start = columns.lowerBound
        for i in 0..<columns.count {
            let inside = -row.distance[i] * scale
            let coverage = Exact.clamped(inside + 0.5) * paint.opacity
            guard coverage > 0 else { continue }
            // Light from the upper left.
            let lit = 1 - 0.07 * (row.x[i] + row.y[i])
            var tint = paint.tint.mixed(with: paint.second, row.share[i]).scaled(lit)
            if let edge = paint.edge { tint = tint.mixed(with: edge, Exact.clamped(1.3 - inside) * 0.55) }
            canvas.blend(start + i, y, tint, coverage)
        }
    }

    /// An outline that wobbles, and hatching within.
    private func sketch(
        _ columns: Range<Int>, _ y: Int, _ scale: Float, _ paint: Paint, _ seed: UInt32, _ canvas: borrowing Canvas,
        _ row: borrowing DistanceRow
    ) {
        let start = columns.lowerBound
        let phase = Float(seed % 64) / 64
        let halfWidth = max(0.085, 0.75 / scale)
        for i in 0..<columns.count {
            let (x, down) = (row.x[i], row.y[i])
            let distance =
                row.distance[i] + 0.035 * Exact.wave(0.9 * x + 0.7 * down + phase) + 0.025 * Exact.wave(1.7 * down - 1.3 * x + phase)
            let outline = Exact.clamped(0.5 - (abs(distance + halfWidth * 0.5) - halfWidth) * scale)
            let hatch = abs(Exact.wave(2.1 * (x + down) + 0.08 * Exact.wave(down + phase)))
            let inside = Exact.clamped(0.5 - distance * scale)
            let share = max(outline, inside * (hatch > 0.55 ? 0.62 : 0.3)) * paint.opacity
            if share > 0 { canvas.blend(start + i, y, paint.tint, share) }
        }
    }
}
