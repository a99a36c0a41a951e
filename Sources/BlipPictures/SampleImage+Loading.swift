import BlipData
public import BlipImages
import Foundation

extension SampleImage {
    /// What to decode.
    ///
    /// - Throws: ``DataError/badRecord(place:reason:)`` for a stretch of a file that is not there or is no base64.
    public func imageSource() throws -> ImageSource {
        switch source {
        case .file(let path), .clip(let path): .file(URL(fileURLWithPath: path))
        case .bytes(let bytes): .bytes(bytes)
        case .part: .bytes(try encodedBytes(limit: ImageLimits.default.maximumBytes))
        }
    }

    /// The picture; of a clip the first frame.
    public func load(limits: ImageLimits = .default) throws -> RGBImage {
        let source = try imageSource()
        guard case .clip = self.source else { return try source.load(limits: limits) }
        guard let first = try source.frames(1, limits: limits).first else {
            throw DataError.badRecord(place: label, reason: "it has no frames")
        }
        return first
    }

    /// What the picture looks like, in 64 bits.
    public func fingerprint() throws -> PictureFingerprint {
        let small = try load().resized(height: 8, width: 9, filter: .bilinear)
        // Rec. 601, which Pillow's conversion to grey uses too.
        let luminance = (0..<72).map { place in
            let (red, green, blue) = small[place % 9, place / 9]
            return 0.299 * Float(red) + 0.587 * Float(green) + 0.114 * Float(blue)
        }
        return PictureFingerprint(luminance: luminance)
    }
}
