/// A rectangle of whole pixels, counted from the top left corner of a picture.
public struct PixelBox: Sendable, Hashable {
    public let x: Int
    public let y: Int
    public let width: Int
    public let height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// Whether it has a pixel, and none outside a picture of this size.
    func lies(inWidth pictureWidth: Int, height pictureHeight: Int) -> Bool {
        width > 0 && height > 0 && x >= 0 && y >= 0 && width <= pictureWidth && height <= pictureHeight && x <= pictureWidth - width
            && y <= pictureHeight - height
    }
}

/// What is done to one picture, with nothing left to chance: the same plan gives the same bytes, on every machine.
///
/// ``Augmentation/plan(width:height:using:)`` draws one; tests and tools write their own.
public struct AugmentationPlan: Sendable, Hashable {
    /// The part that is resized to the model's size; nil: what the processor does without a plan, which is the whole picture.
    public var crop: PixelBox?
    /// Left and right are exchanged, after resizing.
    public var isFlipped: Bool
    /// Done last, in this order.
    public var operations: [PixelOperation]

    public init(crop: PixelBox? = nil, isFlipped: Bool = false, operations: [PixelOperation] = []) {
        (self.crop, self.isFlipped, self.operations) = (crop, isFlipped, operations)
    }

    /// The picture as in evaluation.
    public static let none = AugmentationPlan()
}

/// One change of a picture that keeps its size.
///
/// Tones are equal to Pillow's (`ImageOps.autocontrast`, `ImageOps.equalize`, `ImageEnhance.Brightness`, `ImageEnhance.Sharpness`),
/// movements to `cv2.warpAffine` of OpenCV 4.5.5, which LAVIS asks for: bilinear, in 1/32 of a pixel, with grey 128 outside. Differs: LAVIS'
/// sharpness lets bytes wrap around where they leave 0...255; Pillow and this clamp.
public enum PixelOperation: Sendable, Hashable {
    /// Stretches each channel to 0...255.
    case autocontrast
    /// Gives each channel a flat histogram.
    case equalize
    /// 0 is black, 1 the picture.
    case brightness(Double)
    /// 0 is blurred, 1 the picture; pixels at the edge stay.
    case sharpness(Double)
    /// Rows move right by this much for each row from the top.
    case shearX(Double)
    /// Columns move down by this much for each column from the left.
    case shearY(Double)
    /// To the left, in pixels.
    case translateX(Double)
    /// Up, in pixels.
    case translateY(Double)
    /// Counter-clockwise about the centre, in degrees.
    case rotate(Double)
}
