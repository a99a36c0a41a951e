import Synchronization

/// A count of something that must not grow without bound, as bytes in memory.
final class Budget: Sendable {
    private let limit: Int
    private let used = Atomic(0)

    init(_ limit: Int) { self.limit = limit }

    var inUse: Int { used.load(ordering: .relaxed) }

    /// Nil where it would be too much. Something that is larger than all there is passes alone, so that a small budget does not forbid it for ever.
    func reserve(_ count: Int) -> Lease? {
        let lease = Lease(self)
        return lease.grow(by: count) ? lease : nil
    }

    private func take(_ count: Int) -> Bool {
        let before = used.add(count, ordering: .relaxed).oldValue
        let (sum, overflows) = before.addingReportingOverflow(count)
        if !overflows, before == 0 || sum <= limit { return true }
        giveBack(count)
        return false
    }

    private func giveBack(_ count: Int) { _ = used.subtract(count, ordering: .relaxed) }

    /// A part of the budget, given back when nobody holds it any more.
    final class Lease: Sendable {
        private let budget: Budget
        private let count = Atomic(0)

        fileprivate init(_ budget: Budget) { self.budget = budget }

        func grow(by more: Int) -> Bool {
            guard more >= 0, budget.take(more) else { return false }
            _ = count.add(more, ordering: .relaxed)
            return true
        }

        deinit { budget.giveBack(count.load(ordering: .relaxed)) }
    }
}
