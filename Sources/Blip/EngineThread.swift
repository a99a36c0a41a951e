import Foundation

/// One operating-system thread that runs an actor's work, in order.
///
/// libtorch's gradient mode belongs to a thread, and its thread pool is warmest when the same thread calls it; the shared pool of Swift
/// concurrency promises neither, and a long forward pass would block one of its few threads.
final class EngineThread: SerialExecutor {
    private let queue = JobQueue()

    init() {
        let queue = self.queue
        queue.executor = self
        let thread = Thread { queue.run() }
        thread.name = "instructblip engine"
        thread.stackSize = 16 << 20
        thread.start()
    }

    deinit { queue.close() }

    func enqueue(_ job: consuming ExecutorJob) { queue.add(UnownedJob(job)) }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// The waiting jobs. Unchecked: the jobs are touched under the condition's lock alone, and the executor is set before the thread starts.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isClosed = false
    weak var executor: EngineThread?

    func add(_ job: UnownedJob) {
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }

    func run() {
        while let job = next() {
            // Held while the job runs: the job may drop the last reference to the actor that owns the executor.
            guard let executor else { return }
            #if canImport(ObjectiveC)
                // A thread of one's own has no pool that is ever drained.
                autoreleasepool { job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
            #else
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            #endif
        }
    }

    private func next() -> UnownedJob? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty && !isClosed { condition.wait() }
        return jobs.isEmpty ? nil : jobs.removeFirst()
    }
}
