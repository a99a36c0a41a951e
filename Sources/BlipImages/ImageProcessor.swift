/// What a vision model is fed: planes of Float values.
public struct PixelPlanes: Sendable, Equatable {
    public let height: Int
    public let width: Int

    /// 3 x height x width values: all of red, then green, then blue, each row by row.
    public let values: [Float]

    public static let channels = 3

    /// - Precondition: `values` holds `3 * height * width` numbers.
    public init(height: Int, width: Int, values: [Float]) {
        precondition(values.count == Self.channels * height * width, "\(values.count) values for planes of \(width)x\(height)")
        self.height = height
        self.width = width
        self.values = values
    }
}

/// Prepares pictures as the Hub checkpoint's own processor does: resize, rescale, normalise.
///
/// ```swift
/// let processor = try ImageProcessor(checkpoint: folder)
/// let planes = try processor(try ImageSource.file(url).load())  // [3, 224, 224]
/// ```
///
/// The defaults are those of every published BLIP-2 and InstructBLIP checkpoint except the `-coco` ones, which are 364 pixels wide.
public struct ImageProcessor: Sendable, Equatable {
    public var doResize = true
    public var height = Self.usualSide
    public var width = Self.usualSide
    public var resample = ResampleFilter.bicubic
    public var doRescale = true
    public var rescaleFactor = 1.0 / 255
    public var doNormalize = true
    /// Of red, green and blue, after rescaling: CLIP's numbers.
    public var mean = ChannelValues(0.48145466, 0.4578275, 0.40821073)
    public var standardDeviation = ChannelValues(0.26862954, 0.26130258, 0.27577711)
    public var backend = ResizeBackend.torchvision

    public init() {}

    /// Pixels of the published checkpoints' pictures, but for the `-coco` ones.
    public static let usualSide = 224

    /// One number for each of red, green and blue.
    public struct ChannelValues: Sendable, Equatable {
        public var red: Double
        public var green: Double
        public var blue: Double

        public init(_ red: Double, _ green: Double, _ blue: Double) {
            (self.red, self.green, self.blue) = (red, green, blue)
        }

        public var all: [Double] { [red, green, blue] }
    }

    /// The planes for one picture, equal to the reference processor's to the last bit.
    ///
    /// - Throws: ``ImageError`` when the size set here cannot be reached.
    public func callAsFunction(_ image: RGBImage) throws(ImageError) -> PixelPlanes {
        planes(of: try picture(image))
    }

    /// The planes of a picture as it is: rescaled and normalised only.
    public func planes(of image: RGBImage) -> PixelPlanes {
        let area = image.width * image.height
        // A byte has 256 values, so the arithmetic is done 256 times per channel and then looked up.
        let tables = zip(mean.all, standardDeviation.all).map { mean, deviation in
            (0..<256).map { value(ofByte: $0, mean: mean, deviation: deviation) }
        }
        let values = [Float](unsafeUninitializedCapacity: area * PixelPlanes.channels) { target, initialized in
            image.pixels.withUnsafeBufferPointer { pixels in
                for (channel, table) in tables.enumerated() {
                    table.withUnsafeBufferPointer { table in
                        for i in 0..<area { target[channel * area + i] = table[Int(pixels[i * 3 + channel])] }
                    }
                }
            }
            initialized = area * PixelPlanes.channels
        }
        return PixelPlanes(height: image.height, width: image.width, values: values)
    }

    /// The value of one byte, rounded where the reference rounds: torchvision folds the factor into mean and deviation and stays in
    /// Float; the Pillow back end rescales in Double.
    private func value(ofByte byte: Int, mean: Double, deviation: Double) -> Float {
        switch backend {
        case .torchvision:
            guard doNormalize else { return doRescale ? Float(byte) * Float(rescaleFactor) : Float(byte) }
            let unit = doRescale ? Float(1 / rescaleFactor) : 1
            return (Float(byte) - Float(mean) * unit) / (Float(deviation) * unit)
        case .pillow:
            let rescaled = doRescale ? Float(Double(byte) * rescaleFactor) : Float(byte)
            return doNormalize ? (rescaled - Float(mean)) / Float(deviation) : rescaled
        }
    }
}
