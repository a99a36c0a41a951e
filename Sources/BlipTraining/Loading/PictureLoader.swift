public import BlipImages
import BlipPictures

/// From where a picture is kept to what the network sees of it, with what chance does to it in training. It touches no tensor, so any
/// thread may do it.
///
/// ```swift
/// let planes = try OrderedPrefetch(0..<sources.count, workers: 2, depth: 64) { index in
///     var generator = …                                   // from seed, epoch and index alone
///     return try loader.planes(of: sources[index], using: &generator)
/// }
/// ```
public struct PictureLoader: Sendable {
    public var processor: ImageProcessor
    public var augmentation: Augmentation
    public var limits: ImageLimits

    public init(_ processor: ImageProcessor, _ augmentation: Augmentation = .none, limits: ImageLimits = .default) {
        (self.processor, self.augmentation, self.limits) = (processor, augmentation, limits)
    }

    /// Reads, decodes, varies, resizes and normalises one picture. With ``Augmentation/none`` nothing is drawn.
    public func planes(of source: ImageSource, using generator: inout some RandomNumberGenerator) throws(ImageError) -> PixelPlanes {
        let image = try source.load(limits: limits)
        return try processor(image, augmentation.plan(width: image.width, height: image.height, using: &generator))
    }

    /// The picture as in evaluation, whatever ``augmentation`` says.
    public func planes(of source: ImageSource) throws(ImageError) -> PixelPlanes {
        try processor(try source.load(limits: limits))
    }
}
