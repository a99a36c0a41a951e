import CTorch

/// Sums gradients over the processes of a group while the backward pass still runs: libtorch's `c10d::Reducer`, which puts them into
/// buckets and sends a bucket as soon as it is full.
///
/// It watches the parameters given, as long as it lives. Parameters that a loss does not reach are allowed, but a part of the network
/// that is computed a second time on the way back must have no parameters among them.
public final class GradientReducer {
    private let handle: OpaquePointer
    private let group: ProcessGroup
    private let parameters: [Tensor]

    /// - Parameter bucketBytes: what a bucket holds; the first one holds at most 1 MiB, so that sending begins early.
    /// - Throws: ``DistributedError/refused(operation:rank:count:reason:)`` where ranks have other parameters.
    public init(_ parameters: [Tensor], over group: ProcessGroup, bucketBytes: Int = 25 << 20) throws(DistributedError) {
        let handles = parameters.map { Optional($0.handle) }
        var reducer: OpaquePointer?
        try group.check("comparing the parameters") {
            ctorch_reducer_create(group.handle, handles, Int32(clamping: handles.count), Int64(max(1, bucketBytes)), &reducer, $0)
        }
        guard let reducer else {
            throw .refused(
                operation: "comparing the parameters", rank: group.rank, count: group.count, reason: "no reducer was returned")
        }
        (handle, self.group, self.parameters) = (reducer, group, parameters)
    }

    deinit { ctorch_reducer_release(handle) }

    /// Whether these very tensors are the ones it watches.
    public func watches(_ tensors: [Tensor]) -> Bool {
        tensors.count == parameters.count && zip(tensors, parameters).allSatisfy { $0 === $1 }
    }

    /// Adds d(loss)/d(parameter) to the gradients. The last one of a step also replaces all that was gathered since the step before by its
    /// sum over the processes; a parameter that no process reached keeps what it has.
    ///
    /// Every process calls it at least once in a step, and says `isLast` once.
    public func backward(_ loss: Tensor, isLast: Bool) throws(DistributedError) {
        try group.check("the sum of gradients") { ctorch_reducer_backward(handle, loss.handle, isLast, $0) }
    }
}
