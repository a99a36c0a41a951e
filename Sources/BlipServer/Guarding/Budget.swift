import Synchronization

/// A count of something that must not grow without bound, as bytes in memory.
final class Budget: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    init(_ limit: Int) { self.limit = limit }

    var inUse: Int { used.withLock { $0 } }

    /// Nil where it would be too much. Something that is larger than all there is passes alone, so that a small budget does not forbid it for ever.
    func reserve(_ count: Int) -> Lease? {
        let lease = Lease(self)
        return lease.grow(by: count) ? lease : nil
    }

    private func take(_ count: Int) -> Bool {
        used.withLock { used in
            let (sum, overflows) = used.addingReportingOverflow(count)
            guard !overflows, used == 0 || sum <= limit else { return false }
            used = sum
            return true
        }
    }

    private func giveBack(_ count: Int) { used.withLock { $0 -= count } }

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
