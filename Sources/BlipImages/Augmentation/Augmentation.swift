/// How pictures are varied in training: what may happen, not what does.
///
/// ```swift
/// var generator = …                                                        // seeded by who trains
/// let plan = augmentation.plan(width: image.width, height: image.height, using: &generator)
/// let planes = try processor(image, plan)                                  // [3, 224, 224]
/// ```
///
/// A generator in the same state draws the same plan. ``none`` draws nothing from it, and every picture is as in evaluation.
public struct Augmentation: Sendable, Equatable {
    /// Nil: the whole picture, squashed into the model's size as in evaluation.
    public var crop: RandomCrop?
    /// How often left and right are exchanged, 0 to 1. Exchanged, "the left one" is wrong and text cannot be read, so nothing is unless asked
    /// for.
    public let flipProbability: Double
    public var changes: RandomChanges?

    /// - Throws: ``ImageError/augmentation(name:expected:found:)`` for a probability outside 0...1.
    public init(crop: RandomCrop? = nil, flipProbability: Double = 0, changes: RandomChanges? = nil) throws(ImageError) {
        guard (0...1).contains(flipProbability) else {
            throw .augmentation(name: "the probability of a flip", expected: "0 to 1", found: "\(flipProbability)")
        }
        self.init(crop, flipProbability, changes)
    }

    private init(_ crop: RandomCrop?, _ flipProbability: Double, _ changes: RandomChanges?) {
        (self.crop, self.flipProbability, self.changes) = (crop, flipProbability, changes)
    }

    /// Pictures as in evaluation.
    public static let none = Augmentation(nil, 0, nil)
    /// What we train with unless told otherwise: half of the picture to all of it. Differs: LAVIS flips every other picture, too.
    public static let paper = Augmentation(.half, 0, nil)
    /// LAVIS' `blip2_image_train`: BLIP-2, and InstructBLIP with Vicuna.
    public static let blip2 = Augmentation(.half, 0.5, nil)
    /// LAVIS' `blip_image_train`: InstructBLIP with FlanT5.
    public static let blip = Augmentation(.half, 0.5, .lavis)

    /// Whether every picture stays as in evaluation, and so what is seen in it can be kept.
    public var isNone: Bool { crop == nil && flipProbability == 0 && changes == nil }

    /// Draws what is done to a picture of this size: crop, flip, changes, in this order.
    ///
    /// - Precondition: both sides are at least 1.
    public func plan(width: Int, height: Int, using generator: inout some RandomNumberGenerator) -> AugmentationPlan {
        precondition(width > 0 && height > 0, "a picture of \(width)x\(height) has no pixels")
        var plan = AugmentationPlan()
        plan.crop = crop?.box(width: width, height: height, using: &generator)
        if flipProbability > 0 { plan.isFlipped = generator.unit() < flipProbability }
        plan.operations = changes?.operations(using: &generator) ?? []
        return plan
    }
}

/// A few random changes of a picture, all equally strong: LAVIS' `RandomAugment`.
public struct RandomChanges: Sendable, Equatable {
    /// How many are drawn; each is then done or left out by a coin.
    public let count: Int
    /// 0 to 10. At LAVIS' 5, brightness and sharpness are 1, which changes nothing.
    public let strength: Double

    /// - Throws: ``ImageError/augmentation(name:expected:found:)`` for a count outside 0...16 or a strength outside 0...10.
    public init(count: Int, strength: Double) throws(ImageError) {
        guard (0...16).contains(count) else {
            throw .augmentation(name: "the number of random changes", expected: "0 to 16", found: "\(count)")
        }
        guard (0...10).contains(strength) else {
            throw .augmentation(name: "the strength of random changes", expected: "0 to 10", found: "\(strength)")
        }
        self.init(unchecked: count, strength)
    }

    private init(unchecked count: Int, _ strength: Double) { (self.count, self.strength) = (count, strength) }

    /// Two, of strength 5.
    public static let lavis = RandomChanges(unchecked: 2, 5)

    private enum Kind: CaseIterable {
        case identity, autocontrast, brightness, sharpness, equalize, shearX, shearY, translateX, translateY, rotate
    }

    func operations(using generator: inout some RandomNumberGenerator) -> [PixelOperation] {
        (0..<count).compactMap { _ in
            let kind = Kind.allCases[generator.below(Kind.allCases.count)]
            // All three are drawn for every kind, so that one kind's draws never move another's.
            let (isDone, isNegative) = (generator.unit() < 0.5, generator.unit() < 0.5)
            return isDone ? operation(kind, isNegative ? -strength / 10 : strength / 10) : nil
        }
    }

    /// - Parameter level: -1 to 1.
    private func operation(_ kind: Kind, _ level: Double) -> PixelOperation? {
        let factor = level.magnitude * 1.8 + 0.1
        return switch kind {
        case .identity: nil
        case .autocontrast: .autocontrast
        case .brightness: .brightness(factor)
        case .sharpness: .sharpness(factor)
        case .equalize: .equalize
        case .shearX: .shearX(level * 0.3)
        case .shearY: .shearY(level * 0.3)
        case .translateX: .translateX(level * 10)
        case .translateY: .translateY(level * 10)
        case .rotate: .rotate(level * 30)
        }
    }
}
