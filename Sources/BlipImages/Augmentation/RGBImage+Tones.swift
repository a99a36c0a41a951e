extension RGBImage {
    /// Each channel through a table of 256 bytes.
    private func mapped(_ tables: [[UInt8]]) -> RGBImage {
        let flat = tables.flatMap(\.self)
        let count = pixels.count
        let output = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                flat.withUnsafeBufferPointer { table in
                    for place in stride(from: 0, to: count, by: 3) {
                        target[place] = table[Int(source[place])]
                        target[place + 1] = table[256 + Int(source[place + 1])]
                        target[place + 2] = table[512 + Int(source[place + 2])]
                    }
                }
            }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: output)
    }

    /// How often each byte occurs, channel by channel.
    private var histograms: [[Int]] {
        var counts = [Int](repeating: 0, count: 768)
        pixels.withUnsafeBufferPointer { source in
            for place in stride(from: 0, to: source.count, by: 3) {
                for channel in 0..<3 { counts[channel << 8 + Int(source[place + channel])] += 1 }
            }
        }
        return (0..<3).map { Array(counts[$0 * 256..<$0 * 256 + 256]) }
    }

    private static let unchanged = (0...255).map { UInt8($0) }

    var autocontrasted: RGBImage {
        mapped(
            histograms.map { counts in
                guard let low = counts.firstIndex(where: { $0 > 0 }), let high = counts.lastIndex(where: { $0 > 0 }), low < high else {
                    return Self.unchanged
                }
                let scale = 255 / Double(high - low)
                let offset = -Double(low) * scale
                return (0...255).map { Self.byte(Double($0) * scale + offset) }
            })
    }

    var equalized: RGBImage {
        mapped(
            histograms.map { counts in
                let last = counts.last { $0 > 0 } ?? 0
                let step = (width * height - last) / 255
                guard step > 0 else { return Self.unchanged }
                var below = step / 2
                return counts.map { count in
                    defer { below += count }
                    return UInt8(min(below / step, 255))
                }
            })
    }

    func brightened(_ factor: Double) -> RGBImage {
        let table = (0...255).map { Self.byte(Double(Float(factor) * Float($0))) }
        return mapped([table, table, table])
    }

    /// Mixed with its mean over 3 x 3 pixels, the middle counting five times.
    func sharpened(_ factor: Double) -> RGBImage {
        guard width > 2, height > 2 else { return self }
        let (row, count, factor) = (width * 3, pixels.count, Float(factor))
        let output = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                for place in 0..<count {
                    let (x, y) = (place % row, place / row)
                    guard x >= 3, x < row - 3, y > 0, y < height - 1 else {
                        target[place] = source[place]
                        continue
                    }
                    var sum = 4 * Int(source[place])
                    for line in [place - row, place, place + row] {
                        sum += Int(source[line - 3]) + Int(source[line]) + Int(source[line + 3])
                    }
                    // Thirteenths never lie in the middle between two bytes.
                    let blurred = Float((2 * sum + 13) / 26)
                    target[place] = Self.byte(Double(blurred + factor * (Float(source[place]) - blurred)))
                }
            }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: output)
    }

    /// Cut to a whole number, as C does, within 0...255.
    private static func byte(_ value: Double) -> UInt8 { value >= 255 ? 255 : value > 0 ? UInt8(value) : 0 }
}
