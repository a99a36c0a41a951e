import Foundation

/// Something went wrong while tokens were chosen.
public enum GenerationError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// The model's output is not a number.
    case notFinite(step: Int)
    case emptyCandidate(index: Int)
    case invalid(option: String, found: String, expected: String)

    public var description: String {
        switch self {
        case .notFinite(let step): "the model's output at token \(step + 1) is not finite (NaN or infinity)"
        case .emptyCandidate(let index): "candidate \(index + 1) has no tokens; give every candidate a text"
        case .invalid(let option, let found, let expected): "\(option) is \(found); expected \(expected)"
        }
    }

    public var errorDescription: String? { description }
}
