/// The frames of a GIF as they are seen: each drawn over what the ones before it left.
///
/// Equal to what Pillow gives one frame after another, put on white where nothing was drawn as transformers does with every picture.
/// Differs: Pillow enlarges its canvas for a later frame that lies outside it; here that is an error.
struct GIFAnimation {
    let source: String
    private let bytes: [UInt8]
    private let file: GIFFile
    let width: Int
    let height: Int

    init(source: String, bytes: [UInt8], limits: ImageLimits) throws(ImageError) {
        self.source = source
        self.bytes = bytes
        file = try GIFFile(bytes, source: source, maximumFrames: limits.maximumFrames)
        guard let first = file.frames.first else {
            if file.isCutShort { throw .truncated(source: source, format: .gif) }
            throw .broken(source: source, format: .gif, reason: "it holds no picture")
        }
        width = max(file.width, first.left + first.width)
        height = max(file.height, first.top + first.height)
        if let objection = limits.objection(width: width, height: height) {
            throw .sizeOutOfRange(source: source, width: width, height: height, limit: objection)
        }
    }

    var frameCount: Int { file.frames.count }

    /// The first frame.
    func still(allowTruncated: Bool) throws(ImageError) -> (picture: RGBImage, warnings: [String]) {
        var canvas = try canvas()
        var warnings: [String] = []
        try draw(0, &canvas, allowTruncated: allowTruncated, &warnings)
        return (canvas.overWhite(), warnings)
    }

    /// The frames at these places, which are in order.
    func frames(at places: [Int]) throws(ImageError) -> [RGBImage] {
        var canvas = try canvas()
        var warnings: [String] = []
        var pictures: [RGBImage] = []
        for place in 0...(places.last ?? 0) {
            let frame = file.frames[place]
            // What was there is only kept where it comes back.
            let before = frame.disposal == .previous && place > 0 ? canvas : nil
            try draw(place, &canvas, allowTruncated: false, &warnings)
            for _ in places.filter({ $0 == place }) { pictures.append(canvas.overWhite()) }
            dispose(place, &canvas, before)
        }
        return pictures
    }

    private func canvas() throws(ImageError) -> Canvas {
        let first = file.frames[0]
        // What the first frame leaves uncovered has the first colour, or is transparent where the frame knows transparency.
        let empty = first.transparent ?? 0
        return try Canvas(
            width: width, height: height, colour: colour(first.palette, empty), alpha: first.transparent == nil ? 255 : 0, source: source)
    }

    private func colour(_ palette: GIFPalette, _ index: Int) -> (UInt8, UInt8, UInt8) {
        (palette.colours[index * 3], palette.colours[index * 3 + 1], palette.colours[index * 3 + 2])
    }

    private func draw(_ place: Int, _ canvas: inout Canvas, allowTruncated: Bool, _ warnings: inout [String]) throws(ImageError) {
        let frame = file.frames[place]
        guard frame.width > 0, frame.height > 0 else { throw broken("frame \(place + 1) is empty") }
        guard frame.left + frame.width <= width, frame.top + frame.height <= height else {
            throw broken("frame \(place + 1) lies outside the picture")
        }
        let indices = GIFIndices(bytes, frame, filler: UInt8(frame.transparent ?? 0))
        switch indices.end {
        case .complete: break
        case .cutShort where allowTruncated: warnings.append("the data ends before the picture is complete")
        case .cutShort: throw .truncated(source: source, format: .gif)
        case .broken(let reason): throw broken(reason)
        }
        canvas.draw(indices.values, frame)
    }

    private func dispose(_ place: Int, _ canvas: inout Canvas, _ before: Canvas?) {
        let frame = file.frames[place]
        switch frame.disposal {
        case .keep: return
        case .background:
            // Pillow prefers transparency to the background colour. A canvas that knows none takes the transparent index's colour.
            if let transparent = frame.transparent {
                let colour = place == 0 ? colour(frame.palette, transparent) : frame.palette.named(transparent)
                canvas.fill(frame, colour, alpha: canvas.knowsAlpha ? 0 : 255)
            } else {
                let index = file.background
                canvas.fill(frame, place == 0 ? colour(frame.palette, index) : frame.palette.named(index), alpha: 255)
            }
        case .previous:
            if let before {
                canvas.restore(frame, from: before)
            } else if let transparent = frame.transparent {
                canvas.fill(frame, colour(frame.palette, transparent), alpha: 0)
            }
        }
    }

    private func broken(_ reason: String) -> ImageError { .broken(source: source, format: .gif, reason: reason) }
}

/// Red, green, blue and whether anything was drawn, of every pixel.
private struct Canvas {
    let width: Int
    let height: Int
    /// Whether the first frame has a transparent index; if not, nothing is ever transparent.
    let knowsAlpha: Bool
    private var pixels: [UInt8]

    init(width: Int, height: Int, colour: (UInt8, UInt8, UInt8), alpha: UInt8, source: String) throws(ImageError) {
        // Limits may have been raised without bound.
        let (count, overflow) = (width * height).multipliedReportingOverflow(by: 4)
        guard !overflow else { throw .outOfMemory(purpose: "decode \(source) (\(width)x\(height) pixels)") }
        self.width = width
        self.height = height
        knowsAlpha = alpha == 0
        pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for place in stride(from: 0, to: count, by: 4) {
                (target[place], target[place + 1], target[place + 2], target[place + 3]) = (colour.0, colour.1, colour.2, alpha)
            }
            initialized = count
        }
    }

    /// - Precondition: the frame lies inside, and `indices` holds its width times its height.
    mutating func draw(_ indices: [UInt8], _ frame: GIFFile.Frame) {
        let colours = frame.palette.colours
        // In a first frame the transparent index is drawn; everything was transparent before.
        let transparent = frame.transparent ?? -1
        let width = width
        pixels.withUnsafeMutableBufferPointer { pixels in
            var source = 0
            for y in frame.top..<frame.top + frame.height {
                var target = (y * width + frame.left) * 4
                for _ in 0..<frame.width {
                    let index = Int(indices[source])
                    if index != transparent {
                        pixels[target] = colours[index * 3]
                        pixels[target + 1] = colours[index * 3 + 1]
                        pixels[target + 2] = colours[index * 3 + 2]
                        pixels[target + 3] = 255
                    }
                    source += 1
                    target += 4
                }
            }
        }
    }

    mutating func fill(_ frame: GIFFile.Frame, _ colour: (UInt8, UInt8, UInt8), alpha: UInt8) {
        for y in frame.top..<frame.top + frame.height {
            for x in frame.left..<frame.left + frame.width {
                let place = (y * width + x) * 4
                (pixels[place], pixels[place + 1], pixels[place + 2], pixels[place + 3]) = (colour.0, colour.1, colour.2, alpha)
            }
        }
    }

    mutating func restore(_ frame: GIFFile.Frame, from before: Canvas) {
        for y in frame.top..<frame.top + frame.height {
            let row = (y * width + frame.left) * 4..<(y * width + frame.left + frame.width) * 4
            pixels.replaceSubrange(row, with: before.pixels[row])
        }
    }

    func overWhite() -> RGBImage {
        let count = width * height
        let rgb = [UInt8](unsafeUninitializedCapacity: count * 3) { target, initialized in
            pixels.withUnsafeBufferPointer { pixels in
                for i in 0..<count {
                    let isDrawn = pixels[i * 4 + 3] != 0
                    for channel in 0..<3 { target[i * 3 + channel] = isDrawn ? pixels[i * 4 + channel] : 255 }
                }
            }
            initialized = count * 3
        }
        return RGBImage(width: width, height: height, pixels: rgb)
    }
}
