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

    /// Takes the mean over a square around each pixel, twice, which is nearly a Gaussian blur.
    func blur(radius: Double) {
        let reach = Int((radius * Double(side)).rounded())
        guard reach > 0 else { return }
        let line = UnsafeMutablePointer<Float>.allocate(capacity: side)
        defer { line.deallocate() }
        for _ in 0..<2 {
            for index in 0..<side {
                for channel in 0..<3 {
                    average(line, reach, start: index * side * 3 + channel, step: 3)
                    average(line, reach, start: index * 3 + channel, step: side * 3)
                }
            }
        }
    }

    /// One row or column; beyond the border the last value goes on.
    private func average(_ line: UnsafeMutablePointer<Float>, _ reach: Int, start: Int, step: Int) {
        for i in 0..<side { line[i] = values[start + i * step] }
        let width = Float(2 * reach + 1)
        let last = side - 1
        var sum = line[0] * Float(reach + 1)
        for i in 1...reach { sum += line[min(i, last)] }
        for i in 0..<side {
            values[start + i * step] = sum / width
            sum += line[min(i + reach + 1, last)] - line[max(i - reach, 0)]
        }
    }

    /// The picture in light, with grains.
    func picture(_ light: Light, grain: Float, seed: UInt32) -> RGBImage {
        let factors = light.factors
        let count = side * side * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            for y in 0..<side {
                for x in 0..<side {
                    let across = (Float(x) + 0.5) / Float(side)
                    let side: Float =
                        switch light {
                        case .left: 1.07 - 0.2 * across
                        case .right: 0.87 + 0.2 * across
                        default: 1
                        }
                    let place = (y * self.side + x) * 3
                    let noise = grain > 0 ? (Exact.noise(Int32(x), Int32(y), seed) - 0.5) * 2 * grain : 0
                    let (red, green, blue) = (values[place], values[place + 1], values[place + 2])
                    bytes[place] = Self.byte(red * factors.red * side + noise)
                    bytes[place + 1] = Self.byte(green * factors.green * side + noise)
                    bytes[place + 2] = Self.byte(blue * factors.blue * side + noise)
                }
            }
            initialized = count
        }
        return RGBImage(width: side, height: side, pixels: pixels)
    }

    @inline(__always) private static func byte(_ value: Float) -> UInt8 { UInt8(min(254.5, max(0, value)) + 0.5) }
}
