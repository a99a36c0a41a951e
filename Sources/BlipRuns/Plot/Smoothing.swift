import Foundation

/// Exponential smoothing as TensorBoard's charts do it: without the bias towards zero at the beginning.
enum Smoothing {
    /// - Parameter weight: of what was before, 0..<1; 0 changes nothing. Values that are not finite stay where they are and count for
    ///   nothing; equal values stay as they are, to the last bit.
    static func smoothed(_ values: [Double], weight: Double) -> [Double] {
        guard let first = values.first, weight > 0, !values.allSatisfy({ $0 == first }) else { return values }
        var (last, count) = (0.0, 0)
        return values.map { value in
            guard value.isFinite else { return value }
            last = last * weight + (1 - weight) * value
            count += 1
            return last / (weight == 1 ? 1 : 1 - pow(weight, Double(count)))
        }
    }
}
