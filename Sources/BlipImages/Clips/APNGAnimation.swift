import CImageCodecs

/// The frames of an animated PNG as they are seen, each drawn over what the ones before it left, and all of it on white.
///
/// Equal to Pillow's, which blends colours without regard to the transparency below, for 8-bit samples. Differs: a default picture that is
/// no frame is not shown, as the format's specification has it.
struct APNGAnimation {
    let source: String
    let file: APNGFile

    var frameCount: Int { file.frames.count }

    /// The frames at these places, which are in order.
    func frames(at places: [Int]) throws(ImageError) -> [RGBImage] {
        let (width, height) = (file.width, file.height)
        let empty = file.empty
        // Limits may have been raised without bound.
        let (count, overflow) = (width * height).multipliedReportingOverflow(by: 4)
        guard !overflow else { throw .outOfMemory(purpose: "decode \(source) (\(width)x\(height) pixels)") }
        var canvas = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for place in 0..<count { target[place] = empty[place & 3] }
            initialized = count
        }
        var pictures: [RGBImage] = []
        for place in 0...(places.last ?? 0) {
            let frame = file.frames[place]
            let pixels = try pixels(frame, place)
            let before = frame.disposal == .previous && place > 0 ? canvas : nil
            draw(pixels, frame, isFirst: place == 0, on: &canvas)
            for _ in places.filter({ $0 == place }) { pictures.append(overWhite(canvas)) }
            switch frame.disposal {
            case .keep: break
            // What was before the first frame is nothing.
            case .background, .previous: clear(frame, to: before, empty, &canvas)
            }
        }
        return pictures
    }

    /// Red, green, blue and alpha of one frame.
    private func pixels(_ frame: APNGFile.Frame, _ place: Int) throws(ImageError) -> [UInt8] {
        guard frame.width > 0, frame.height > 0, frame.width <= file.width, frame.height <= file.height,
            frame.left <= file.width - frame.width, frame.top <= file.height - frame.height
        else { throw .broken(source: source, format: .png, reason: "frame \(place + 1) lies outside the picture") }
        let png = file.png(frame)
        var report = blip_codec_report()
        var code: Int32 = 1
        let count = frame.width * frame.height * 4
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            code = png.withUnsafeBufferPointer {
                blip_png_rgba($0.baseAddress, $0.count, target.baseAddress, UInt32(frame.width), UInt32(frame.height), &report)
            }
            initialized = code == 0 ? count : 0
        }
        guard code == 0 else {
            throw .broken(source: source, format: .png, reason: "frame \(place + 1): \(ImageDecoder.text(report.message))")
        }
        return pixels
    }

    private func draw(_ pixels: [UInt8], _ frame: APNGFile.Frame, isFirst: Bool, on canvas: inout [UInt8]) {
        let width = file.width
        canvas.withUnsafeMutableBufferPointer { canvas in
            pixels.withUnsafeBufferPointer { pixels in
                var source = 0
                for y in 0..<frame.height {
                    var target = ((frame.top + y) * width + frame.left) * 4
                    for _ in 0..<frame.width {
                        let alpha = frame.isOver && !isFirst ? Int(pixels[source + 3]) : 255
                        for channel in 0..<4 {
                            let sum = Int(canvas[target + channel]) * (255 - alpha) + Int(pixels[source + channel]) * alpha + 128
                            canvas[target + channel] = UInt8(((sum >> 8) + sum) >> 8)
                        }
                        source += 4
                        target += 4
                    }
                }
            }
        }
    }

    private func clear(_ frame: APNGFile.Frame, to before: [UInt8]?, _ empty: [UInt8], _ canvas: inout [UInt8]) {
        for y in frame.top..<frame.top + frame.height {
            let row = (y * file.width + frame.left) * 4..<(y * file.width + frame.left + frame.width) * 4
            if let before {
                canvas.replaceSubrange(row, with: before[row])
            } else {
                for place in row { canvas[place] = empty[place & 3] }
            }
        }
    }

    private func overWhite(_ canvas: [UInt8]) -> RGBImage {
        let count = file.width * file.height
        let rgb = [UInt8](unsafeUninitializedCapacity: count * 3) { target, initialized in
            canvas.withUnsafeBufferPointer { blip_rgba_over_white($0.baseAddress, target.baseAddress, count) }
            initialized = count * 3
        }
        return RGBImage(width: file.width, height: file.height, pixels: rgb)
    }
}
