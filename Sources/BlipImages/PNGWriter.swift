import CImageCodecs
public import Foundation

extension RGBImage {
    /// The picture as an 8-bit RGB PNG file.
    public func pngData() throws(ImageError) -> Data {
        guard let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
            throw .targetSizeOutOfRange(width: width, height: height, limit: Int(Int32.max))
        }
        var output: UnsafeMutablePointer<UInt8>?
        var count = 0
        var report = blip_codec_report()
        let code = pixels.withUnsafeBufferPointer { blip_png_write($0.baseAddress, width, height, &output, &count, &report) }
        defer { blip_codec_free(output) }
        guard code == 0, let output else { throw .outOfMemory(purpose: "write a PNG of \(width)x\(height) pixels") }
        return Data(bytes: output, count: count)
    }

    /// Writes the picture as a PNG file, whatever the name's extension. An existing file is replaced as a whole or not at
    /// all; a device or pipe is written to.
    public func write(png url: URL) throws(ImageError) {
        try WholeFile.write(try pngData(), to: url)
    }
}
