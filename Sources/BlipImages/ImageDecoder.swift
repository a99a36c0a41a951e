import CImageCodecs

/// A decoded picture and what was noticed while reading it.
public struct DecodedImage: Sendable, Equatable {
    public let image: RGBImage
    public let format: ImageFormat

    /// The EXIF orientation, 1 to 8; 1 is upright and stands for "none given" too.
    public let orientation: Int

    /// What the file's decoder complained about without giving up.
    public let warnings: [String]
}

/// Turns the bytes of one file into pixels: kind, size, pixels, orientation, in this order.
struct ImageDecoder {
    let source: String
    let bytes: [UInt8]
    let limits: ImageLimits
    let allowTruncated: Bool

    func decode(applyOrientation: Bool) throws(ImageError) -> DecodedImage {
        let format: ImageFormat
        switch SniffedFormat(bytes) {
        case .supported(let supported): format = supported
        case .other(let found): throw .unsupportedFormat(source: source, found: found)
        }
        guard let codec = Codec(format) else {
            let image = try GIFAnimation(source: source, bytes: bytes, limits: limits).still(allowTruncated: allowTruncated)
            return DecodedImage(image: image.picture, format: format, orientation: 1, warnings: image.warnings)
        }
        let (width, height) = try size(codec, format)
        let (pixels, warnings) = try pixels(codec, format, width: width, height: height)
        let image = RGBImage(width: Int(width), height: Int(height), pixels: pixels)
        let orientation = Orientation(format: format, file: bytes)
        return DecodedImage(
            image: applyOrientation ? orientation.upright(image) : image, format: format, orientation: orientation.rawValue,
            warnings: warnings)
    }

    func checkHeader() throws(ImageError) {
        switch SniffedFormat(bytes) {
        case .supported(let format):
            // An animation has no header apart from its frames.
            if let codec = Codec(format) { _ = try size(codec, format) } else { _ = try decode(applyOrientation: false) }
        case .other(let found): throw .unsupportedFormat(source: source, found: found)
        }
    }

    private func size(_ codec: Codec, _ format: ImageFormat) throws(ImageError) -> (UInt32, UInt32) {
        var report = blip_codec_report()
        let code = bytes.withUnsafeBufferPointer { codec.header($0.baseAddress, $0.count, &report) }
        // A codec may know the size and still refuse the file: the size is the better reason.
        if code == 0 || report.width > 0 || report.height > 0,
            let objection = limits.objection(width: Int(report.width), height: Int(report.height))
        {
            throw .sizeOutOfRange(source: source, width: Int(report.width), height: Int(report.height), limit: objection)
        }
        guard code == 0 else { throw failure(report, format) }
        return (report.width, report.height)
    }

    private func pixels(
        _ codec: Codec, _ format: ImageFormat, width: UInt32, height: UInt32
    ) throws(ImageError) -> (pixels: [UInt8], warnings: [String]) {
        // Limits may have been raised without bound, so the product is checked again.
        let (area, tooMany) = Int(width).multipliedReportingOverflow(by: Int(height))
        let (count, tooLong) = area.multipliedReportingOverflow(by: 3)
        guard !tooMany, !tooLong else { throw .outOfMemory(purpose: "decode \(source) (\(width)x\(height) pixels)") }
        var report = blip_codec_report()
        var code: Int32 = 0
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            code = bytes.withUnsafeBufferPointer {
                codec.pixels($0.baseAddress, $0.count, target.baseAddress, width, height, allowTruncated ? 1 : 0, &report)
            }
            initialized = code == 0 ? count : 0
        }
        guard code == 0 else { throw failure(report, format) }
        return (pixels, Self.warnings(report))
    }

    private func failure(_ report: blip_codec_report, _ format: ImageFormat) -> ImageError {
        if report.truncated != 0 { return .truncated(source: source, format: format) }
        return .broken(source: source, format: format, reason: Self.text(report.message))
    }

    private static func warnings(_ report: blip_codec_report) -> [String] {
        var warnings: [String] = []
        if report.truncated != 0 { warnings.append("the data ends before the picture is complete") }
        if report.warning_count > 0 { warnings.append(text(report.warning)) }
        if report.warning_count > 1 { warnings.append("and \(report.warning_count - 1) more warnings") }
        return warnings
    }

    /// The text of a C character array, which Swift sees as a tuple.
    static func text<CharacterArray>(_ array: CharacterArray) -> String {
        withUnsafeBytes(of: array) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// The C functions for one format; none for GIF, which is read in Swift.
private struct Codec {
    typealias Header = (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<blip_codec_report>?) -> Int32
    typealias Pixels = (
        UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, UInt32, UInt32, Int32, UnsafeMutablePointer<blip_codec_report>?
    ) -> Int32

    let header: Header
    let pixels: Pixels

    init?(_ format: ImageFormat) {
        switch format {
        case .jpeg: (header, pixels) = (blip_jpeg_header, blip_jpeg_pixels)
        case .png: (header, pixels) = (blip_png_header, blip_png_pixels)
        case .webp: (header, pixels) = (blip_webp_header, blip_webp_pixels)
        case .gif: return nil
        }
    }
}
