import CTorch

/// Sums gradients over the processes of a group while the backward pass still runs: libtorch's `c10d::Reducer`, which puts them into
/// buckets and sends a bucket as soon as it is full.
///
/// It watches the parameters given, as long as it lives. Parameters that a loss does not reach are allowed. A part of the network that is
/// computed a second time on the way back hides its parameters from it: where there are such, sums come after the backward pass.
public final class GradientReducer {
    /// Nil where sums come after the backward pass.
    private let handle: OpaquePointer?
    private let group: ProcessGroup
    private let parameters: [Tensor]
    private let bucketBytes: Int64

    /// - Parameters:
    ///   - bucketBytes: what a bucket holds; the first one holds at most 1 MiB, so that sending begins early.
    ///   - overlaps: buckets are sent during the backward pass; false: after it, which needs nothing of the network.
    /// - Throws: ``DistributedError/refused(operation:rank:count:reason:)`` where ranks have other parameters.
    public init(_ parameters: [Tensor], over group: ProcessGroup, bucketBytes: Int = 25 << 20, overlaps: Bool = true)
        throws(DistributedError)
    {
        (self.group, self.parameters, self.bucketBytes) = (group, parameters, Int64(max(1, bucketBytes)))
        guard overlaps else {
            handle = nil
            return
        }
        let handles = parameters.map { Optional($0.handle) }
        var reducer: OpaquePointer?
        try group.check("comparing the parameters") {
            ctorch_reducer_create(group.handle, handles, Int32(clamping: handles.count), Int64(max(1, bucketBytes)), &reducer, $0)
        }
        guard let reducer else {
            throw .refused(
                operation: "comparing the parameters", rank: group.rank, count: group.count, reason: "no reducer was returned")
        }
        handle = reducer
    }

    deinit {
        if let handle { ctorch_reducer_release(handle) }
    }

    /// Whether these very tensors are the ones it watches.
    public func watches(_ tensors: [Tensor]) -> Bool {
        tensors.count == parameters.count && zip(tensors, parameters).allSatisfy { $0 === $1 }
    }

    /// Adds d(loss)/d(parameter) to the gradients. The last one of a step also replaces all that was gathered since the step before by its
    /// sum over the processes; a parameter that no process reached keeps what it has.
    ///
    /// Every process calls it at least once in a step, and says `isLast` once.
    public func backward(_ loss: Tensor, isLast: Bool) throws {
        guard let handle else {
            try loss.backward()
            if isLast { try sum() }
            return
        }
        try group.check("the sum of gradients") { ctorch_reducer_backward(handle, loss.handle, isLast, $0) }
    }

    private func sum() throws(DistributedError) {
        let handles = parameters.map { Optional($0.handle) }
        try group.check("the sum of gradients") {
            ctorch_group_sum_gradients(group.handle, handles, Int32(clamping: handles.count), bucketBytes, $0)
        }
    }
}
