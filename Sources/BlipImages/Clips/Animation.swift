import CImageCodecs

/// A picture that moves: a GIF, an animated WebP or an animated PNG of more than one frame.
///
/// ```swift
/// if let animation = try ImageSource.file(url).animation() {
///     let pictures = try animation.frames(at: FrameSampling.places(of: animation.frameCount, count: 4))
/// }
/// ```
public struct Animation: Sendable {
    public let format: ImageFormat
    public let width: Int
    public let height: Int
    public let frameCount: Int
    private let source: String
    private let limits: ImageLimits
    private let reader: Reader

    private enum Reader: Sendable {
        case gif(GIFAnimation)
        case png(APNGAnimation)
        case webp([UInt8])
    }

    /// Nil for anything that does not move, other formats included.
    init?(source: String, bytes: [UInt8], limits: ImageLimits) throws(ImageError) {
        guard case .supported(let format) = SniffedFormat(bytes) else { return nil }
        switch format {
        case .jpeg: return nil
        case .gif:
            let gif = try GIFAnimation(source: source, bytes: bytes, limits: limits)
            (width, height, frameCount, reader) = (gif.width, gif.height, gif.frameCount, .gif(gif))
        case .png:
            guard let file = try APNGFile(bytes, source: source, maximumFrames: limits.maximumFrames) else { return nil }
            if let damage = file.damage { throw .broken(source: source, format: .png, reason: damage) }
            let png = APNGAnimation(source: source, file: file)
            (width, height, frameCount, reader) = (file.width, file.height, png.frameCount, .png(png))
        case .webp:
            let frames = WebPAnimation.frameCount(bytes)
            guard frames > 1 else { return nil }
            var report = blip_codec_report()
            let code = bytes.withUnsafeBufferPointer { blip_webp_header($0.baseAddress, $0.count, &report) }
            guard code == 0 else { return nil }
            (width, height, frameCount, reader) = (Int(report.width), Int(report.height), frames, .webp(bytes))
        }
        // One frame is a picture, for which everything else is.
        guard frameCount > 1 else { return nil }
        guard frameCount <= limits.maximumFrames else { throw .tooManyFrames(source: source, limit: limits.maximumFrames) }
        if let objection = limits.objection(width: width, height: height) {
            throw .sizeOutOfRange(source: source, width: width, height: height, limit: objection)
        }
        (self.format, self.source, self.limits) = (format, source, limits)
    }

    /// Some of the frames, as they are seen: composited, and on white where nothing was drawn.
    ///
    /// All frames up to the last one wanted are decoded; only those wanted are kept.
    ///
    /// - Parameter places: counted from 0, in order.
    /// - Precondition: every place is less than ``frameCount``.
    public func frames(at places: [Int]) throws(ImageError) -> [RGBImage] {
        precondition(
            places.allSatisfy { (0..<frameCount).contains($0) } && zip(places, places.dropFirst()).allSatisfy { $0 <= $1 },
            "\(places) are not places among \(frameCount) frames, in order")
        guard let last = places.last else { return [] }
        let (area, tooLarge) = width.multipliedReportingOverflow(by: height)
        let (work, tooMuch) = area.multipliedReportingOverflow(by: last + 1)
        guard !tooLarge, !tooMuch, work <= limits.maximumAnimationPixels else {
            throw .tooMuchAnimation(
                source: source, frames: last + 1, width: width, height: height, limit: limits.maximumAnimationPixels)
        }
        let (kept, tooMany) = area.multipliedReportingOverflow(by: places.count)
        guard !tooMany, kept <= limits.maximumKeptPixels else {
            throw limits.tooMuch(source, frames: places.count, width: width, height: height)
        }
        switch reader {
        case .gif(let gif): return try gif.frames(at: places)
        case .png(let png): return try png.frames(at: places)
        case .webp(let bytes): return try WebPAnimation.frames(bytes, at: places, width: width, height: height, source: source)
        }
    }
}

extension ImageSource {
    /// The frames of an animation; nil for a picture that does not move.
    public func animation(limits: ImageLimits = .default) throws(ImageError) -> Animation? {
        try Animation(source: label, bytes: read(limits: limits), limits: limits)
    }
}
