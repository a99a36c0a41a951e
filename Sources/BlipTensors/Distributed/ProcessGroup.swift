import CTorch
import Foundation

/// Several processes that compute together, each with its rank: libtorch's `ProcessGroupGloo`.
///
/// All processes must call the same operations in the same order, and each operation waits for the others. A group belongs to one
/// thread, as tensors do. Nothing here reads variables of the environment: see `TorchWorkers` in `BlipTraining`.
public final class ProcessGroup {
    let handle: OpaquePointer
    /// Counted from 0.
    public let rank: Int
    public let count: Int
    /// Seconds that an operation may wait for the other processes.
    public let limit: Double
    private let store: RendezvousStore
    private let failureKey: String

    /// Whether this build has process groups.
    public static var isSupported: Bool { ctorch_has_groups() }

    /// Waits in `store` for all other processes, and connects to them.
    ///
    /// - Parameters:
    ///   - attempt: tells this group from earlier ones that met in the same store.
    ///   - host: the address at which the others reach this machine; nil: that of its name, or of the network interface that the variable
    ///     `GLOO_SOCKET_IFNAME` names.
    ///   - limit: seconds that an operation may wait for the others.
    /// - Precondition: 0 <= rank < count.
    public init(
        meetingIn store: RendezvousStore, attempt: String = "0", host: String? = nil, rank: Int, count: Int, limit: Double
    ) throws(DistributedError) {
        precondition(rank >= 0 && rank < count && count <= Int(Int32.max), "rank \(rank) is none of \(count)")
        guard Self.isSupported else {
            throw .unsupported(
                reason:
                    "the headers of gloo were missing when it was built; on Debian and Ubuntu install libgloo-dev, then make clean and build again"
            )
        }
        let name = "workers/\(attempt)"
        try store.meet(at: name + "/here", rank: rank, of: count)
        var group: OpaquePointer?
        let (status, reason) = outcome {
            ctorch_group_create(
                store.handle, name, host, Int32(clamping: rank), Int32(clamping: count), RendezvousStore.milliseconds(limit), &group, $0)
        }
        (self.store, self.rank, self.count, self.limit, failureKey) = (store, rank, count, limit, name + "/failure")
        guard let group else {
            throw Self.error("connecting", status, reason, rank, count, limit, store, failureKey)
        }
        handle = group
    }

    deinit { ctorch_group_release(handle) }

    /// The sum over all processes, which give tensors of one shape and type.
    public func sum(_ tensor: Tensor) throws(DistributedError) -> Tensor {
        var result: OpaquePointer?
        try check("a sum") { ctorch_group_sum(handle, tensor.handle, &result, $0) }
        guard let result else { throw .refused(operation: "a sum", rank: rank, count: count, reason: "no tensor was returned") }
        return Tensor(result)
    }

    /// Writes one process's tensors into those of all others, which have the same shapes and types.
    public func broadcast(_ tensors: [Tensor], from source: Int = 0) throws(DistributedError) {
        guard !tensors.isEmpty else { return }
        let handles = tensors.map { Optional($0.handle) }
        try check("a broadcast") { message in
            ctorch_group_broadcast(handle, handles, Int32(clamping: handles.count), Int32(clamping: source), message)
        }
        withExtendedLifetime(tensors) {}
    }

    /// The tensors of all processes, by rank; they have one shape and type.
    public func gather(_ tensor: Tensor) throws(DistributedError) -> [Tensor] {
        var results = [OpaquePointer?](repeating: nil, count: count)
        try check("gathering") { ctorch_group_gather(handle, tensor.handle, &results, $0) }
        return results.compactMap { $0.map(Tensor.init) }
    }

    /// Waits for all processes to come here. Past the limit, the error names those that have not, as rank 0 sees it.
    public func barrier() throws(DistributedError) { try check("a barrier") { ctorch_group_barrier(handle, $0) } }

    /// Leaves word for the others of why this process ends. They read it when they miss this one.
    public func reportFailure(_ reason: String) throws(DistributedError) {
        try store.putFirst("rank \(rank) failed: \(reason)", under: failureKey)
    }

    // MARK: Errors

    func check(
        _ operation: String, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ctorch_status
    ) throws(DistributedError) {
        let start = ContinuousClock.now
        let (found, reason) = outcome(body)
        guard found != CTORCH_OK else { return }
        // The barrier uses the same words for a rank that is late and one that is gone.
        let status = start.duration(to: .now) < .seconds(limit) ? found : Int(CTORCH_TIMED_OUT)
        throw Self.error(operation, status, reason, rank, count, limit, store, failureKey)
    }

    private static func error(
        _ operation: String, _ status: Int, _ reason: String, _ rank: Int, _ count: Int, _ limit: Double, _ store: RendezvousStore,
        _ failureKey: String
    ) -> DistributedError {
        let lost = [
            "closed by", "reset by", "Broken pipe", "onnection refused", "failed to pass monitoredBarrier", "received errors while waiting",
        ]
        let isLost = status != CTORCH_TIMED_OUT && lost.contains(where: reason.contains)
        guard isLost || status == CTORCH_TIMED_OUT else {
            return .refused(operation: operation, rank: rank, count: count, reason: reason)
        }
        // The store goes with the process that serves it; then nobody is left to say more.
        var cause: String?
        do { cause = try store.text(under: failureKey) } catch { cause = nil }
        if isLost || cause != nil { return .peerLost(operation: operation, rank: rank, count: count, reason: reason, cause: cause) }
        return .timedOut(operation: operation, rank: rank, count: count, seconds: limit, reason: reason)
    }
}
