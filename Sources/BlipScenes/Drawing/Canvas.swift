import BlipImages

/// A square picture while it is painted: red, green and blue from 0 to 255 as floating-point numbers.
struct Canvas: ~Copyable {
    let side: Int
    let values: UnsafeMutablePointer<Float>

    init(side: Int) {
        self.side = side
        values = .allocate(capacity: side * side * 3)
        values.initialize(repeating: 0, count: side * side * 3)
    }

    deinit { values.deallocate() }

    @inline(__always) func set(_ x: Int, _ y: Int, _ tint: Tint) {
        let place = (y * side + x) * 3
        (values[place], values[place + 1], values[place + 2]) = (tint.red, tint.green, tint.blue)
    }

    /// Lays a tint over a pixel; `share` is from 0 to 1.
    @inline(__always) func blend(_ x: Int, _ y: Int, _ tint: Tint, _ share: Float) {
        let place = (y * side + x) * 3
        values[place] += (tint.red - values[place]) * share
        values[place + 1] += (tint.green - values[place + 1]) * share
        values[place + 2] += (tint.blue - values[place + 2]) * share
    }

    func fill(rows: Range<Int>, _ tint: (_ y: Float) -> Tint) {
        for y in rows {
            let color = tint((Float(y) + 0.5) / Float(side))
            for x in 0..<side { set(x, y, color) }
        }
    }

    /// Takes the mean over a square around each pixel, twice, which is nearly a Gaussian blur. The square may end within pixels, so that a picture looks
    /// the same at every size.
    ///
    /// - Parameter radius: a share of the side.
    func blur(radius: Double) {
        let reach = Float(radius) * Float(side)
        guard reach > 0 else { return }
        let count = side * side * 3
        // The values before a pass, and behind them the sums of its lines.
        let old = UnsafeMutablePointer<Float>.allocate(capacity: count + side * 3)
        defer { old.deallocate() }
        for _ in 0..<2 {
            old.update(from: values, count: count)
            for y in 0..<side { averageAcross(old + y * side * 3, to: values + y * side * 3, reach) }
            old.update(from: values, count: count)
            averageDown(old, sums: old + count, reach)
        }
    }

    /// One row; beyond the border the last pixel goes on.
    private func averageAcross(_ old: UnsafeMutablePointer<Float>, to new: UnsafeMutablePointer<Float>, _ reach: Float) {
        let (whole, last) = (Int(reach), side - 1)
        let (rest, inverse) = (reach - Float(whole), 1 / (2 * reach + 1))
        for channel in 0..<3 {
            var sum = old[channel] * Float(whole + 1)
            for x in 0..<whole { sum += old[min(x + 1, last) * 3 + channel] }
            for x in 0..<side {
                let (before, behind) = (old[max(x - whole - 1, 0) * 3 + channel], old[min(x + whole + 1, last) * 3 + channel])
                new[x * 3 + channel] = (sum + rest * (before + behind)) * inverse
                sum += behind - old[max(x - whole, 0) * 3 + channel]
            }
        }
    }

    /// All columns together, row by row, as they lie in memory.
    private func averageDown(_ old: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, _ reach: Float) {
        let (whole, last, width) = (Int(reach), side - 1, side * 3)
        let (rest, inverse) = (reach - Float(whole), 1 / (2 * reach + 1))
        for i in 0..<width { sums[i] = old[i] * Float(whole + 1) }
        for y in 0..<whole {
            let row = old + min(y + 1, last) * width
            for i in 0..<width { sums[i] += row[i] }
        }
        for y in 0..<side {
            let (before, behind) = (old + max(y - whole - 1, 0) * width, old + min(y + whole + 1, last) * width)
            let (leaving, new) = (old + max(y - whole, 0) * width, values + y * width)
            for i in 0..<width {
                new[i] = (sums[i] + rest * (before[i] + behind[i])) * inverse
                sums[i] += behind[i] - leaving[i]
            }
        }
    }

    /// The picture in light, with grains.
    func picture(_ light: Light, grain: Float, seed: UInt32) -> RGBImage {
        let width = side * 3
        let row = UnsafeMutablePointer<Float>.allocate(capacity: width * 2)
        defer { row.deallocate() }
        row.initialize(repeating: 0, count: width * 2)
        let (factors, noise) = (row, row + width)
        let tint = light.factors
        for x in 0..<side {
            let factor = light.factor(across: (Float(x) + 0.5) / Float(side))
            (factors[3 * x], factors[3 * x + 1], factors[3 * x + 2]) = (tint.red * factor, tint.green * factor, tint.blue * factor)
        }
        let pixels = [UInt8](unsafeUninitializedCapacity: width * side) { bytes, initialized in
            guard let bytes = bytes.baseAddress else { return }
            for y in 0..<side {
                if grain > 0 {
                    for x in 0..<side {
                        let value = (Exact.noise(Int32(truncatingIfNeeded: x), Int32(truncatingIfNeeded: y), seed) - 0.5) * 2 * grain
                        (noise[3 * x], noise[3 * x + 1], noise[3 * x + 2]) = (value, value, value)
                    }
                }
                let (line, output) = (values + y * width, bytes + y * width)
                for i in 0..<width { output[i] = Self.byte(line[i] * factors[i] + noise[i]) }
            }
            initialized = width * side
        }
        return RGBImage(width: side, height: side, pixels: pixels)
    }

    /// The nearest whole number from 0 to 255. Added to 2^23, a number has no bits left behind its point; a plain conversion would check its range, and no
    /// loop of such could do several at a time.
    @inline(__always) private static func byte(_ value: Float) -> UInt8 {
        UInt8(truncatingIfNeeded: (min(255, max(0, value)) + 0x1p23).bitPattern)
    }
}

extension Light {
    /// How bright it is from 0, the left side, to 1.
    func factor(across: Float) -> Float {
        switch self {
        case .left: 1.07 - 0.2 * across
        case .right: 0.87 + 0.2 * across
        default: 1
        }
    }
}
