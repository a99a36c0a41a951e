import Foundation

/// An affine map of the plane: the place (x, y) goes to (a·x + b·y + c, d·x + e·y + f).
struct AffineMap: Equatable {
    var a, b, c, d, e, f: Double

    /// OpenCV's `getRotationMatrix2D`: counter-clockwise where y points down.
    static func rotation(degrees: Double, width: Int, height: Int) -> AffineMap {
        let angle = degrees * .pi / 180
        let (x, y, alpha, beta) = (Double(width) / 2, Double(height) / 2, cos(angle), sin(angle))
        return AffineMap(a: alpha, b: beta, c: (1 - alpha) * x - beta * y, d: -beta, e: alpha, f: beta * x + (1 - alpha) * y)
    }

    /// Operation by operation as OpenCV inverts it, because places are rounded afterwards.
    var inverse: AffineMap {
        let determinant = a * e - b * d
        let scale = determinant == 0 ? 0 : 1 / determinant
        var inverse = AffineMap(a: e * scale, b: b * -scale, c: 0, d: d * -scale, e: a * scale, f: 0)
        inverse.c = -inverse.a * c - inverse.b * f
        inverse.f = -inverse.d * c - inverse.e * f
        return inverse
    }
}

extension RGBImage {
    /// The picture moved by a map, in the same size; what comes from outside is grey.
    ///
    /// Equal to `cv2.warpAffine` of OpenCV 4.5.5: places in 1/1024 of a pixel, weights in 1/32.
    func moved(by map: AffineMap) -> RGBImage {
        let from = map.inverse
        let (outside, count, width, height) = (128, pixels.count, width, height)
        let columns = (0..<width).map { (x: Self.fixed(from.a * Double($0)), y: Self.fixed(from.d * Double($0))) }
        let output = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                var place = 0
                for row in 0..<height {
                    let startX = Self.fixed(from.b * Double(row) + from.c) + 16, startY = Self.fixed(from.e * Double(row) + from.f) + 16
                    for column in columns {
                        let (x, y) = ((startX + column.x) >> 5, (startY + column.y) >> 5)
                        let (left, top, right, bottom) = (x >> 5, y >> 5, x & 31, y & 31)
                        for channel in 0..<3 {
                            func pixel(_ x: Int, _ y: Int) -> Int {
                                guard x >= 0, x < width, y >= 0, y < height else { return outside }
                                return Int(source[(y * width + x) * 3 + channel])
                            }
                            let above = (32 - right) * pixel(left, top) + right * pixel(left + 1, top)
                            let below = (32 - right) * pixel(left, top + 1) + right * pixel(left + 1, top + 1)
                            target[place] = UInt8(((32 - bottom) * above + bottom * below + 512) >> 10)
                            place += 1
                        }
                    }
                }
            }
            initialized = count
        }
        return RGBImage(width: width, height: height, pixels: output)
    }

    /// In 1/1024, half to even, within 32 bits.
    private static func fixed(_ value: Double) -> Int {
        let scaled = (value * 1024).rounded(.toNearestOrEven)
        guard scaled.isFinite else { return 0 }
        return Int(min(max(scaled, Double(Int32.min)), Double(Int32.max)))
    }
}
