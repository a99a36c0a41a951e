/// Keeps float16 gradients above the smallest number: the loss is multiplied by a factor that halves when they overflow and doubles when they
/// have not for long. Source: `torch.amp.GradScaler`.
public struct LossScaler: Sendable, Equatable, Codable {
    public private(set) var scale: Double
    private var calmSteps = 0
    private let isFixed: Bool

    private enum CodingKeys: String, CodingKey {
        case scale
        case calmSteps = "calm_steps"
        case isFixed = "fixed"
    }

    /// - Parameter isWanted: false multiplies by 1 forever.
    public init(isWanted: Bool) {
        scale = isWanted ? 65536 : 1
        isFixed = !isWanted
    }

    /// Notes a step whose gradients were finite, or were not.
    public mutating func note(isFinite: Bool) {
        guard !isFixed else { return }
        calmSteps = isFinite ? calmSteps + 1 : 0
        if !isFinite { scale = max(1, scale / 2) }
        if calmSteps == 2000 { (scale, calmSteps) = (scale * 2, 0) }
    }

    /// Whether an overflow is to be expected now and then.
    public var isActive: Bool { !isFixed }
}
