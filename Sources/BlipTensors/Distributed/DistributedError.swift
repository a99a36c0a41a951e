import Foundation

/// Why processes that compute together cannot begin, or cannot go on.
public enum DistributedError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// This build has no process groups.
    case unsupported(reason: String)
    /// What the launcher said of this process is missing or makes no sense.
    case badVariable(name: String, found: String, expected: String)
    /// Rank 0 cannot wait for the others at its port.
    case cannotServe(address: String, reason: String)
    /// Nobody answers where rank 0 should be.
    case unreachable(address: String, seconds: Double, reason: String)
    /// Some ranks did not come to the meeting.
    case missingRanks([Int], count: Int, address: String, seconds: Double)
    /// The others did not take part in time.
    case timedOut(operation: String, rank: Int, count: Int, seconds: Double, reason: String)
    /// Another process has ended or closed its connection. `cause` is what a rank said before it failed; nil if none could.
    case peerLost(operation: String, rank: Int, count: Int, reason: String, cause: String?)
    /// The operation was refused: other shapes than other ranks have, or types that cannot be sent.
    case refused(operation: String, rank: Int, count: Int, reason: String)

    public var description: String {
        switch self {
        case .unsupported(let reason): "this build cannot compute in several processes: \(reason)"
        case .badVariable(let name, let found, let expected): "\(name) is \(found); expected \(expected)"
        case .cannotServe(let address, let reason):
            "rank 0 cannot wait for the other ranks at \(address) (\(reason)); is another run using the port? Choose another MASTER_PORT"
        case .unreachable(let address, let seconds, let reason):
            "rank 0 was not found at \(address) within \(Self.text(seconds)) (\(reason)); check MASTER_ADDR, MASTER_PORT and that it runs"
        case .missingRanks(let ranks, let count, let address, let seconds):
            "waited \(Self.text(seconds)) at \(address) for rank\(ranks.count == 1 ? "" : "s") "
                + "\(ranks.map(String.init).joined(separator: ", ")) of \(count), in vain; start all \(count) of them within that time"
        case .timedOut(let operation, let rank, let count, let seconds, let reason):
            "rank \(rank) of \(count) waited \(Self.text(seconds)) for the other ranks in \(operation), in vain: \(reason)"
        case .peerLost(let operation, let rank, let count, let reason, let cause):
            "rank \(rank) of \(count) lost another rank in \(operation): \(cause ?? reason)"
        case .refused(let operation, let rank, let count, let reason): "\(operation) failed on rank \(rank) of \(count): \(reason)"
        }
    }

    public var errorDescription: String? { description }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(format: "%.0f s", seconds) : "\(seconds) s"
    }
}
