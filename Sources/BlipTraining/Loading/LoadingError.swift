import Foundation

/// Why samples cannot be loaded as asked.
public enum LoadingError: Error, Sendable, Equatable {
    case outOfRange(name: String, found: Int, allowed: ClosedRange<Int>)
    /// Features are kept for pictures that look different each time.
    case augmentedFeatures
}

extension LoadingError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .outOfRange(let name, let found, let allowed):
            "\(name) must be \(allowed.lowerBound) to \(allowed.upperBound), but it is \(found)"
        case .augmentedFeatures:
            "vision features can be kept only where a picture looks the same every time; turn augmentation off, or do not keep features"
        }
    }

    public var errorDescription: String? { description }
}
