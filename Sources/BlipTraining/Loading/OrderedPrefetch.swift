import Foundation

/// Does jobs on threads of its own, ahead of whoever takes the results, and hands them out in the order of their numbers.
///
/// ```swift
/// let pictures = try OrderedPrefetch(0..<count, workers: 2, depth: 32) { index in try loader.planes(of: sources[index]) }
/// while let picture = pictures.next() { … }          // Result<PixelPlanes, any Error>
/// ```
///
/// * The number of workers changes nothing but the time. A job gets its number, and whatever it draws must come from that.
/// * A job that throws gives a `.failure` in its place; the others go on.
/// * No job begins that is `depth` or more ahead of the next result to be taken, so memory is bounded whoever is slower.
/// * ``next()`` blocks its thread; it is for a thread that computes, such as a trainer's, not for an `async` function.
/// * Dropping the last reference, or ``cancel()``, starts no further job and waits for none: what runs is finished and thrown away.
public final class OrderedPrefetch<Element: Sendable>: Sendable {
    private let line: Line<Element>

    /// The greatest number of threads and of results.
    public static var limit: Int { 4096 }

    /// - Parameters:
    ///   - indices: the numbers of the jobs; `step..<Int.max` where there is no end.
    ///   - workers: the number of threads. With 0 each job runs in ``next()``, on the caller's thread.
    ///   - depth: how many results there may be at once, finished or in the making; fewer than `workers` leave some idle.
    ///   - job: runs on several threads at once.
    /// - Throws: ``LoadingError/outOfRange(name:found:allowed:)``
    public init(
        _ indices: Range<Int>, workers: Int, depth: Int, job: @escaping @Sendable (_ index: Int) throws -> Element
    ) throws(LoadingError) {
        let limit = Self.limit
        guard (0...limit).contains(workers) else { throw .outOfRange(name: "the number of workers", found: workers, allowed: 0...limit) }
        guard (1...limit).contains(depth) else { throw .outOfRange(name: "the depth of prefetching", found: depth, allowed: 1...limit) }
        let line = Line(indices, depth: depth, isInline: workers == 0, job)
        self.line = line
        // A thread holds the line, never this object, so that dropping this one ends it.
        for number in 0..<workers {
            let thread = Thread { line.work() }
            thread.name = "loader \(number)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    deinit { line.close() }

    /// The next result, in order; nil behind the last one and after ``cancel()``. Several threads may take results, each gets others.
    public func next() -> Result<Element, any Error>? { line.take() }

    /// Ends it from any thread: ``next()`` gives nil from now on, also to who waits in it.
    public func cancel() { line.close() }

    public var isCancelled: Bool { line.isClosed }
}

extension OrderedPrefetch: Sequence, IteratorProtocol {}

/// What the workers and the one who takes share. Unchecked: everything that changes is touched under the condition's lock alone.
private final class Line<Element: Sendable>: @unchecked Sendable {
    typealias Outcome = Result<Element, any Error>

    private let job: @Sendable (Int) throws -> Element
    private let end: Int
    private let depth: Int
    private let isInline: Bool

    private let condition = NSCondition()
    /// The number of the next job to begin, and of the next result to be taken.
    private var begun: Int
    private var taken: Int
    private var finished: [Int: Outcome] = [:]
    private var closed = false

    init(_ indices: Range<Int>, depth: Int, isInline: Bool, _ job: @escaping @Sendable (Int) throws -> Element) {
        (self.job, self.depth, self.isInline) = (job, depth, isInline)
        (begun, taken, end) = (indices.lowerBound, indices.lowerBound, indices.upperBound)
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    var isClosed: Bool { locked { closed } }

    func close() {
        // Results are freed outside the lock: what is in them may run code when it goes.
        let dropped = locked {
            closed = true
            condition.broadcast()
            defer { finished = [:] }
            return finished
        }
        _ = dropped
    }

    func take() -> Outcome? {
        if isInline {
            let index = locked { () -> Int? in
                guard !closed, taken < end else { return nil }
                taken += 1
                return taken - 1
            }
            return index.map(outcome)
        }
        return locked {
            // Each taker waits for the number that is next when it looks.
            while !closed, taken < end {
                if let outcome = finished.removeValue(forKey: taken) {
                    taken += 1
                    // Room for one more job; and with several takers, the next result may be there already.
                    condition.broadcast()
                    return outcome
                }
                condition.wait()
            }
            return nil
        }
    }

    func work() {
        while let index = begin() {
            let made = outcome(index)
            locked {
                guard !closed else { return }
                finished[index] = made
                if index == taken { condition.broadcast() }
            }
        }
    }

    /// The number of a job that may begin now, as soon as there is one.
    private func begin() -> Int? {
        locked {
            // `taken + depth` may be beyond the largest number.
            while !closed, begun < end, begun - taken >= depth { condition.wait() }
            guard !closed, begun < end else { return nil }
            begun += 1
            return begun - 1
        }
    }

    private func outcome(_ index: Int) -> Outcome {
        #if canImport(ObjectiveC)
            // A thread of one's own has no pool that is ever drained.
            autoreleasepool { Outcome { try job(index) } }
        #else
            Outcome { try job(index) }
        #endif
    }
}
