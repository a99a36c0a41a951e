import Foundation

/// Why a question is not served.
public enum ServingError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// As many questions wait as may.
    case queueFull(waiting: Int)
    case deadlinePassed
    /// No more questions are taken.
    case closed

    public var description: String {
        switch self {
        case .queueFull(let waiting): "\(waiting) questions are waiting already; ask again later"
        case .deadlinePassed: "the time for this question is over; allow more, or ask when fewer others do"
        case .closed: "the model is about to be closed and takes no more questions; ask another server, or start this one again"
        }
    }

    public var errorDescription: String? { description }
}
