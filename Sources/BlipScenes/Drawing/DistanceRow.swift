/// Distances of a row of pixels to the edge of a figure's layer, negative within it.
///
/// A form is measured for a whole row before the next one, so that the inner loops are short and the compiler can do several pixels at a
/// time. The buffers belong to one picture being drawn.
struct DistanceRow: ~Copyable {
    let capacity: Int
    /// The pixels' centres in the figure's coordinates.
    let x: UnsafeMutablePointer<Float>
    let y: UnsafeMutablePointer<Float>
    let distance: UnsafeMutablePointer<Float>
    /// The distance to the form being measured.
    private let form: UnsafeMutablePointer<Float>
    private let sign: UnsafeMutablePointer<Float>
    /// How much of the texture's second colour each pixel has.
    let share: UnsafeMutablePointer<Float>

    init(capacity: Int) {
        self.capacity = capacity
        func buffer() -> UnsafeMutablePointer<Float> {
            let buffer = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
            buffer.initialize(repeating: 0, count: capacity)
            return buffer
        }
        (x, y, distance, form, sign, share) = (buffer(), buffer(), buffer(), buffer(), buffer(), buffer())
    }

    deinit { for buffer in [x, y, distance, form, sign, share] { buffer.deallocate() } }

    /// Measures the first `count` pixels.
    func measure(_ parts: [Figure.Part], count: Int) {
        precondition(count <= capacity, "\(count) pixels in a row of \(capacity)")
        var isFirst = true
        for part in parts {
            measure(part.form, count)
            switch part.joining {
            case .added where isFirst: for i in 0..<count { distance[i] = form[i] }
            case .added: for i in 0..<count { distance[i] = min(distance[i], form[i]) }
            case .cut: for i in 0..<count { distance[i] = max(distance[i], -form[i]) }
            case .kept: for i in 0..<count { distance[i] = max(distance[i], form[i]) }
            }
            isFirst = false
        }
    }

    private func measure(_ form: Figure.Form, _ count: Int) {
        let (x, y, result) = (x, y, self.form)
        switch form {
        case .circle(let cx, let cy, let radius):
            for i in 0..<count {
                let (dx, dy) = (x[i] - cx, y[i] - cy)
                result[i] = (dx * dx + dy * dy).squareRoot() - radius
            }
        case .ring(let cx, let cy, let radius, let halfWidth):
            for i in 0..<count {
                let (dx, dy) = (x[i] - cx, y[i] - cy)
                result[i] = abs((dx * dx + dy * dy).squareRoot() - radius) - halfWidth
            }
        case .box(let cx, let cy, let halfWidth, let halfHeight, let round):
            for i in 0..<count {
                let (dx, dy) = (abs(x[i] - cx) - halfWidth + round, abs(y[i] - cy) - halfHeight + round)
                let (outX, outY) = (max(dx, 0), max(dy, 0))
                result[i] = (outX * outX + outY * outY).squareRoot() + min(max(dx, dy), 0) - round
            }
        case .line(let from, let to, let halfWidth):
            let (ex, ey) = (to.x - from.x, to.y - from.y)
            let inverse = 1 / max(ex * ex + ey * ey, 1e-12)
            for i in 0..<count {
                let (wx, wy) = (x[i] - from.x, y[i] - from.y)
                let place = Exact.clamped((wx * ex + wy * ey) * inverse)
                let (dx, dy) = (wx - ex * place, wy - ey * place)
                result[i] = (dx * dx + dy * dy).squareRoot() - halfWidth
            }
        case .above(let height): for i in 0..<count { result[i] = y[i] - height }
        case .polygon(let points): measure(points, count)
        }
    }

    /// Source: Inigo Quilez, "2D distance functions": the nearest edge gives the distance, the number of edges crossed the sign.
    private func measure(_ points: [SIMD2<Float>], _ count: Int) {
        let (x, y, result, sign) = (x, y, form, sign)
        for i in 0..<count {
            result[i] = .greatestFiniteMagnitude
            sign[i] = 1
        }
        guard var last = points.last else { return }
        for point in points {
            let (ex, ey) = (last.x - point.x, last.y - point.y)
            let inverse = 1 / max(ex * ex + ey * ey, 1e-12)
            for i in 0..<count {
                let (wx, wy) = (x[i] - point.x, y[i] - point.y)
                let place = Exact.clamped((wx * ex + wy * ey) * inverse)
                let (dx, dy) = (wx - ex * place, wy - ey * place)
                result[i] = min(result[i], dx * dx + dy * dy)
                let isBelow = y[i] >= point.y
                let isAbove = y[i] < last.y
                let isLeft = ex * wy > ey * wx
                let isCrossed = (isBelow && isAbove && isLeft) || (!isBelow && !isAbove && !isLeft)
                sign[i] = isCrossed ? -sign[i] : sign[i]
            }
            last = point
        }
        for i in 0..<count { result[i] = sign[i] * result[i].squareRoot() }
    }
}
