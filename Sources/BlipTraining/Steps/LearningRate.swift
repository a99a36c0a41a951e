import Foundation

/// The learning rate of each step: up in a straight line, then down along half a cosine.
///
/// Differs: the reference lowers it once an epoch of 3,000 steps, which gives stairs below this curve's same ends.
public struct LearningRate: Sendable, Equatable {
    public let peak: Double
    public let minimum: Double
    public let warmupStart: Double
    public let warmupSteps: Int
    public let steps: Int

    public init(peak: Double, minimum: Double, warmupStart: Double, warmupSteps: Int, steps: Int) {
        (self.peak, self.minimum, self.warmupStart) = (peak, minimum, warmupStart)
        (self.warmupSteps, self.steps) = (warmupSteps, steps)
    }

    /// - Parameter step: counted from 0; beyond the last one it stays at the minimum.
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return warmupStart + (peak - warmupStart) * Double(step) / Double(warmupSteps) }
        let share = Double(step - warmupSteps) / Double(max(1, steps - warmupSteps))
        return minimum + 0.5 * (peak - minimum) * (1 + cos(Double.pi * min(1, share)))
    }
}
