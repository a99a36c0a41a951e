import BlipImages

/// Pixels that lines, discs and rectangles are drawn on, with soft edges: a pixel takes as much of a colour as the shape covers of it.
///
/// The cover of a pixel is taken from its centre's distance to the shape, which is right to a few hundredths for lines of a pixel and more.
struct Canvas {
    let width: Int
    let height: Int
    /// Red, green, blue of each pixel, 0 to 255.
    private var pixels: [Float]
    /// What the shape being drawn covers of each pixel; zero between shapes.
    private var cover: [Float]
    /// The pixels it has touched.
    private var touched: Box?

    struct Box {
        var left, top, right, bottom: Int  // the last two are outside
    }

    struct Point {
        var x, y: Float
    }

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [Float](repeating: 255, count: width * height * 3)
        cover = [Float](repeating: 0, count: width * height)
    }

    /// Draws lines as one shape: where they cross themselves, a faint colour is not taken twice.
    mutating func lines(_ lines: [[Point]], width: Float, colour: Colour, clip: Box?) {
        let box = clip ?? whole
        for line in lines {
            guard let first = line.first else { continue }
            if line.count == 1 { segment(first, first, width, box) }
            for (start, end) in zip(line, line.dropFirst()) { segment(start, end, width, box) }
        }
        paint(colour)
    }

    mutating func dots(_ centres: [Point], radius: Float, colour: Colour, clip: Box?) {
        for centre in centres { segment(centre, centre, 2 * radius, clip ?? whole) }
        paint(colour)
    }

    mutating func rectangle(left: Float, top: Float, right: Float, bottom: Float, colour: Colour) {
        guard let box = inner(left, top, right, bottom, whole) else { return }
        for y in box.top..<box.bottom {
            let down = max(0, min(bottom, Float(y + 1)) - max(top, Float(y)))
            for x in box.left..<box.right {
                cover[y * width + x] = max(0, min(right, Float(x + 1)) - max(left, Float(x))) * down
            }
        }
        touch(box)
        paint(colour)
    }

    func picture() -> RGBImage {
        let bytes = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
            pixels.withUnsafeBufferPointer { pixels in
                for place in pixels.indices { target[place] = UInt8(max(0, min(255, pixels[place].rounded()))) }
            }
            count = pixels.count
        }
        return RGBImage(width: width, height: height, pixels: bytes)
    }

    private var whole: Box { Box(left: 0, top: 0, right: width, bottom: height) }

    /// Covers a line with round ends.
    private mutating func segment(_ start: Point, _ end: Point, _ lineWidth: Float, _ clip: Box) {
        let (reach, strength) = (max(lineWidth, 1) / 2 + 0.5, min(lineWidth, 1))
        let (left, right) = (min(start.x, end.x) - reach, max(start.x, end.x) + reach)
        let (top, bottom) = (min(start.y, end.y) - reach, max(start.y, end.y) + reach)
        guard let box = inner(left, top, right, bottom, clip) else { return }
        let (dx, dy) = (end.x - start.x, end.y - start.y)
        let squared = dx * dx + dy * dy
        let width = width
        cover.withUnsafeMutableBufferPointer { cover in
            for y in box.top..<box.bottom {
                let fromY = Float(y) + 0.5 - start.y
                // Of a long slanted line a row holds only a piece.
                var (first, last) = (box.left, box.right)
                if abs(dy) > 1e-3 {
                    let (one, other) = (start.x + dx / dy * (fromY - reach), start.x + dx / dy * (fromY + reach))
                    first = max(first, Int(max(min(one, other) - reach, -1e6)))
                    last = min(last, Int(min(max(one, other) + reach, 1e6)) + 1)
                }
                if first >= last { continue }
                for x in first..<last {
                    let fromX = Float(x) + 0.5 - start.x
                    let along = squared > 0 ? max(0, min(1, (fromX * dx + fromY * dy) / squared)) : 0
                    let (offX, offY) = (fromX - along * dx, fromY - along * dy)
                    let found = min(1, reach - (offX * offX + offY * offY).squareRoot()) * strength
                    if found > cover[y * width + x] { cover[y * width + x] = found }
                }
            }
        }
        touch(box)
    }

    /// The pixels of a place, inside the clip; nil if there are none.
    private func inner(_ left: Float, _ top: Float, _ right: Float, _ bottom: Float, _ clip: Box) -> Box? {
        guard left.isFinite, right.isFinite, top.isFinite, bottom.isFinite else { return nil }
        let box = Box(
            left: max(clip.left, 0, Int(max(left.rounded(.down), -1e6))), top: max(clip.top, 0, Int(max(top.rounded(.down), -1e6))),
            right: min(clip.right, width, Int(min(right.rounded(.up), 1e6))),
            bottom: min(clip.bottom, height, Int(min(bottom.rounded(.up), 1e6))))
        return box.left < box.right && box.top < box.bottom ? box : nil
    }

    private mutating func touch(_ box: Box) {
        guard let old = touched else {
            touched = box
            return
        }
        touched = Box(
            left: min(old.left, box.left), top: min(old.top, box.top), right: max(old.right, box.right), bottom: max(old.bottom, box.bottom)
        )
    }

    /// Mixes the colour into what is covered, and forgets the cover.
    private mutating func paint(_ colour: Colour) {
        guard let box = touched else { return }
        touched = nil
        let (red, green, blue) = (Float(colour.red), Float(colour.green), Float(colour.blue))
        let (opacity, width) = (Float(colour.opacity), width)
        cover.withUnsafeMutableBufferPointer { cover in
            pixels.withUnsafeMutableBufferPointer { pixels in
                for y in box.top..<box.bottom {
                    for place in y * width + box.left..<y * width + box.right where cover[place] > 0 {
                        let share = cover[place] * opacity
                        pixels[3 * place] += (red - pixels[3 * place]) * share
                        pixels[3 * place + 1] += (green - pixels[3 * place + 1]) * share
                        pixels[3 * place + 2] += (blue - pixels[3 * place + 2]) * share
                        cover[place] = 0
                    }
                }
            }
        }
    }
}
