import CImageCodecs

/// The frames of an animated WebP, composited by libwebp.
enum WebPAnimation {
    static func frameCount(_ bytes: [UInt8]) -> Int {
        Int(bytes.withUnsafeBufferPointer { blip_webp_frame_count($0.baseAddress, $0.count) })
    }

    /// The frames at these places, which are in order.
    ///
    /// - Parameters: `width` and `height` are those of the file's header.
    static func frames(
        _ bytes: [UInt8], at places: [Int], width: Int, height: Int, source: String
    ) throws(ImageError) -> [RGBImage] {
        var report = blip_codec_report()
        let frames = bytes.withUnsafeBufferPointer { bytes -> [RGBImage]? in
            guard let animation = blip_webp_animation_open(bytes.baseAddress, bytes.count, &report) else { return nil }
            defer { blip_webp_animation_close(animation) }
            guard Int(report.width) == width, Int(report.height) == height else { return nil }
            var pictures: [RGBImage] = []
            for place in 0...(places.last ?? 0) {
                let times = places.filter { $0 == place }.count
                guard times > 0 else {
                    guard blip_webp_animation_next(animation, nil, &report) == 0 else { return nil }
                    continue
                }
                var code: Int32 = 1
                let count = width * height * 3
                let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
                    code = blip_webp_animation_next(animation, target.baseAddress, &report)
                    initialized = code == 0 ? count : 0
                }
                guard code == 0 else { return nil }
                pictures += Array(repeating: RGBImage(width: width, height: height, pixels: pixels), count: times)
            }
            return pictures
        }
        guard let frames else {
            if report.truncated != 0 { throw .truncated(source: source, format: .webp) }
            throw .broken(source: source, format: .webp, reason: ImageDecoder.text(report.message))
        }
        return frames
    }
}
