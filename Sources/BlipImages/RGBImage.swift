/// A picture of 8-bit red, green and blue values, row by row from the top, without padding.
public struct RGBImage: Sendable, Equatable {
    public let width: Int
    public let height: Int

    /// height x width x 3 values: the red, green and blue of the top left pixel come first.
    public let pixels: [UInt8]

    /// - Precondition: both sides are at least 1 and `pixels` holds `height * width * 3` values.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "a picture of \(width)x\(height) has no pixels")
        precondition(pixels.count == width * height * 3, "\(pixels.count) values for a picture of \(width)x\(height)")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The red, green and blue of one pixel.
    ///
    /// - Precondition: `0 <= x < width` and `0 <= y < height`.
    public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "(\(x), \(y)) lies outside a picture of \(width)x\(height)")
        let place = (y * width + x) * 3
        return (pixels[place], pixels[place + 1], pixels[place + 2])
    }
}
