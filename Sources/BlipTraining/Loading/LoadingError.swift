import Foundation

/// Why samples cannot be loaded as asked.
public enum LoadingError: Error, Sendable, Equatable {
    case outOfRange(name: String, found: Int, allowed: ClosedRange<Int>)
}

extension LoadingError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .outOfRange(let name, let found, let allowed):
            "\(name) must be \(allowed.lowerBound) to \(allowed.upperBound), but it is \(found)"
        }
    }

    public var errorDescription: String? { description }
}
