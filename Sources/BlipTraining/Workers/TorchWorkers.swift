import Blip
import BlipTensors
import Foundation

/// Processes that a launcher started, on one machine or many, connected by libtorch's own c10d.
///
/// They meet at `MASTER_ADDR` and `MASTER_PORT`, where rank 0 waits for the others, or the launcher does (torchrun, `instructblip launch`).
public final class TorchWorkers: Workers {
    /// How long others are waited for, in seconds.
    public struct Limits: Sendable, Equatable {
        /// At the start, until all have come.
        public var meeting: Double
        /// In an operation, so at least as long as anything that one process does alone, as writing a checkpoint.
        public var operation: Double

        public init(meeting: Double = 300, operation: Double = 1800) {
            self.meeting = meeting
            self.operation = operation
        }
    }

    public let rank: Int
    public let count: Int
    /// The rank among the processes of this machine, which chooses a device; nil where the launcher says none.
    public let localRank: Int?
    /// For operations that ``Workers`` has not.
    public let group: ProcessGroup
    private let bucketBytes: Int
    private let overlaps: Bool
    private var reducer: GradientReducer?

    /// Waits for the other processes of `launch`.
    ///
    /// - Parameters:
    ///   - environment: `MASTER_ADDR` and `MASTER_PORT`; `TORCHELASTIC_USE_AGENT_STORE` where the launcher waits there itself.
    ///   - bucketBytes: gradients are sent in pieces of this size.
    ///   - overlaps: false where parts of the network that are recomputed on the way back have trained parameters, see ``GradientReducer``.
    /// - Throws: ``DistributedError``.
    public init(
        _ launch: Launch, limits: Limits = Limits(), environment: [String: String] = ProcessInfo.processInfo.environment,
        bucketBytes: Int = 25 << 20, overlaps: Bool = true
    ) throws(DistributedError) {
        let (host, port) = try Self.meetingPlace(environment)
        let launcherServes = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
        let store = try RendezvousStore(host: host, port: port, serves: launch.rank == 0 && !launcherServes, limit: limits.meeting)
        // All are on this machine: its name need not resolve.
        let isLocal = ["127.0.0.1", "localhost", "::1"].contains(host)
        (rank, count, localRank) = (launch.rank, launch.count, launch.localRank)
        (self.bucketBytes, self.overlaps) = (bucketBytes, overlaps)
        // torchrun starts all processes again when one has failed, and keeps its store.
        let attempt = environment["TORCHELASTIC_RESTART_COUNT"] ?? "0"
        group = try ProcessGroup(
            meetingIn: store, attempt: attempt, host: isLocal ? host : nil, rank: rank, count: count, limit: limits.operation)
    }

    private static func meetingPlace(_ environment: [String: String]) throws(DistributedError) -> (String, UInt16) {
        guard let host = environment["MASTER_ADDR"], !host.isEmpty else {
            throw .badVariable(name: "MASTER_ADDR", found: "not set", expected: "the address of rank 0's machine, the same for all")
        }
        guard let port = environment["MASTER_PORT"], !port.isEmpty else {
            throw .badVariable(name: "MASTER_PORT", found: "not set", expected: "a free port of rank 0's machine, the same for all")
        }
        guard let number = UInt16(port), number > 0 else {
            throw .badVariable(name: "MASTER_PORT", found: "\"\(port)\"", expected: "a number from 1 to 65535")
        }
        return (host, number)
    }

    /// The workers of this process's launcher, or this process alone where there is none; then runs `body` with them.
    ///
    /// What `body` throws is left for the other processes to read, whose own errors then name it.
    public static func run<Result>(limits: Limits = Limits(), overlaps: Bool = true, _ body: (any Workers) throws -> Result) throws
        -> Result
    {
        guard let launch = try Launch(), launch.count > 1 else { return try body(OneWorker()) }
        let workers = try TorchWorkers(launch, limits: limits, overlaps: overlaps)
        do {
            return try body(workers)
        } catch {
            workers.report(error)
            throw error
        }
    }

    /// Leaves word for the others of why this process ends.
    public func report(_ error: any Error) {
        // Of two that lose each other, neither knows more.
        if case DistributedError.peerLost = error { return }
        // Nobody is there to read it where this fails.
        do { try group.reportFailure("\(error)") } catch {}
    }

    public func broadcast(_ tensors: [Tensor]) throws { try group.broadcast(tensors) }

    public func backward(_ loss: Tensor, parameters: [Tensor], isLast: Bool) throws {
        let reducer = try reducer.flatMap { $0.watches(parameters) ? $0 : nil } ?? newReducer(parameters)
        try reducer.backward(loss, isLast: isLast)
    }

    private func newReducer(_ parameters: [Tensor]) throws -> GradientReducer {
        // Two must not watch the same tensors.
        reducer = nil
        let new = try GradientReducer(parameters, over: group, bucketBytes: bucketBytes, overlaps: overlaps)
        reducer = new
        return new
    }

    public func sum(_ values: [Double]) throws -> [Double] {
        guard !values.isEmpty else { return [] }
        let tensor = try values.withUnsafeBytes { try Tensor.copying(bytes: $0, [values.count], .float64) }
        let total = try group.sum(tensor)
        return try total.withBytes { Array($0.bindMemory(to: Double.self)) }
    }

    public func gather(_ tensor: Tensor) throws -> [Tensor] { try group.gather(tensor) }

    public func barrier() throws { try group.barrier() }
}
