import Foundation

/// A part of a picture, of random size, shape and place.
///
/// Source: `RandomResizedCrop.get_params` of torchvision, whose distribution this has.
public struct RandomCrop: Sendable, Equatable {
    /// Of the area.
    public let share: ClosedRange<Double>
    /// Width over height; drawn so that a shape is as likely as the one it becomes when turned.
    public let ratio: ClosedRange<Double>

    /// - Throws: ``ImageError/augmentation(name:expected:found:)`` unless 0 < `share` <= 1 and `ratio` is positive and finite.
    public init(share: ClosedRange<Double>, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3) throws(ImageError) {
        guard share.lowerBound > 0, share.upperBound <= 1 else {
            throw .augmentation(name: "the share of a picture that is cropped", expected: "above 0 and at most 1", found: "\(share)")
        }
        guard ratio.lowerBound > 0, ratio.upperBound.isFinite else {
            throw .augmentation(name: "the ratio of width to height", expected: "above 0 and finite", found: "\(ratio)")
        }
        self.init(unchecked: share, ratio)
    }

    private init(unchecked share: ClosedRange<Double>, _ ratio: ClosedRange<Double>) { (self.share, self.ratio) = (share, ratio) }

    /// Half of the picture to all of it: LAVIS' training processors, and BLIP-2's paper.
    public static let half = RandomCrop(unchecked: 0.5...1, 3.0 / 4...4.0 / 3)

    /// torchvision's; then the largest part in the middle with an allowed shape is taken.
    static let tries = 10

    func box(width: Int, height: Int, using generator: inout some RandomNumberGenerator) -> PixelBox {
        let shapes = log(ratio.lowerBound)...log(ratio.upperBound)
        for _ in 0..<Self.tries {
            let (part, shape) = (generator.uniform(share), exp(generator.uniform(shapes)))
            guard let size = size(width: width, height: height, share: part, ratio: shape) else { continue }
            let y = generator.below(height - size.height + 1)
            return PixelBox(x: generator.below(width - size.width + 1), y: y, width: size.width, height: size.height)
        }
        return middle(width: width, height: height)
    }

    /// The sides for a share and a shape, rounded as Python rounds; nil if they do not fit.
    func size(width: Int, height: Int, share: Double, ratio: Double) -> (width: Int, height: Int)? {
        let area = Double(width) * Double(height) * share
        let (across, down) = ((area * ratio).squareRoot().rounded(.toNearestOrEven), (area / ratio).squareRoot().rounded(.toNearestOrEven))
        guard across > 0, down > 0, across <= Double(width), down <= Double(height) else { return nil }
        return (min(Int(exactly: across) ?? width, width), min(Int(exactly: down) ?? height, height))
    }

    func middle(width: Int, height: Int) -> PixelBox {
        let shape = Double(width) / Double(height)
        var (across, down) = (width, height)
        // A picture that is too narrow or too wide has at least one pixel of the other side all the same.
        if shape < ratio.lowerBound {
            down = min(max(Int((Double(width) / ratio.lowerBound).rounded(.toNearestOrEven)), 1), height)
        } else if shape > ratio.upperBound {
            across = min(max(Int((Double(height) * ratio.upperBound).rounded(.toNearestOrEven)), 1), width)
        }
        return PixelBox(x: (width - across) / 2, y: (height - down) / 2, width: across, height: down)
    }
}

// Swift's own `random(in:using:)` may draw otherwise in another version: these fix what a seed means.
extension RandomNumberGenerator {
    /// In [0, 1), with 53 bits.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    /// In 0..<count, each as likely to 2^-50 for any picture.
    mutating func below(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }
}
