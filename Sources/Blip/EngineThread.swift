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

    func enqueue(_ job: consuming ExecutorJob) { queue.add(.job(UnownedJob(job))) }

    /// Runs a closure behind what waits already.
    func run(_ body: @escaping @Sendable () -> Void) { queue.add(.body(body)) }

    /// Whether something waits for this thread.
    var isAwaited: Bool { queue.isAwaited }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// What the thread is asked to run.
private enum Work {
    case job(UnownedJob)
    case body(@Sendable () -> Void)
}

/// The waiting work. Unchecked: it is touched under the condition's lock alone, and the executor is set before the thread starts.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [Work] = []
    private var isClosed = false
    weak var executor: EngineThread?

    func add(_ job: Work) {
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    var isAwaited: Bool {
        condition.lock()
        defer { condition.unlock() }
        return !jobs.isEmpty
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
                autoreleasepool { run(job, on: executor) }
            #else
                run(job, on: executor)
            #endif
        }
    }

    private func run(_ work: Work, on executor: EngineThread) {
        switch work {
        case .job(let job): job.runSynchronously(on: executor.asUnownedSerialExecutor())
        case .body(let body): body()
        }
    }

    private func next() -> Work? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty && !isClosed { condition.wait() }
        return jobs.isEmpty ? nil : jobs.removeFirst()
    }
}
