import BlipTensors
import Foundation

/// The processes of one `launch`, from their start until the last has ended.
final class LaunchedProgram {
    private var processes: [WorkerProcess] = []
    /// The processes see its other end close when this program is gone, however it went.
    private let lifeline: Pipe
    private let interruption = Interruption([SIGINT, SIGTERM, SIGHUP])

    /// - Parameter port: where the store of the run is served on this machine.
    init(arguments: [String], workers: Int, port: UInt16) throws {
        lifeline = Pipe()
        _ = fcntl(lifeline.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(lifeline.fileHandleForReading.fileDescriptor, F_SETFD, 0)
        guard let program = Bundle.main.executableURL?.path else { throw LaunchError(description: "this program does not find itself") }
        var common = ProcessInfo.processInfo.environment
        common["WORLD_SIZE"] = "\(workers)"
        common["LOCAL_WORLD_SIZE"] = "\(workers)"
        common["MASTER_ADDR"] = "127.0.0.1"
        common["MASTER_PORT"] = "\(port)"
        // The words of torchrun for: the store is served already.
        common["TORCHELASTIC_USE_AGENT_STORE"] = "True"
        common["TORCHELASTIC_RESTART_COUNT"] = "0"
        common[Lifeline.variable] = "\(lifeline.fileHandleForReading.fileDescriptor)"
        let cores = ProcessInfo.processInfo.activeProcessorCount
        if common["OMP_NUM_THREADS"] == nil { common["OMP_NUM_THREADS"] = "\(max(1, cores / workers))" }
        do {
            for rank in 0..<workers {
                let own = common.merging(["RANK": "\(rank)", "LOCAL_RANK": "\(rank)"]) { $1 }
                processes.append(
                    try WorkerProcess(
                        program: program, arguments: arguments, environment: own.map { "\($0)=\($1)" }, rank: rank,
                        keepsTerminal: rank == 0))
            }
        } catch {
            for process in processes { process.send(SIGKILL) }
            throw error
        }
    }

    /// Waits for all to end.
    ///
    /// - Parameter grace: seconds that processes get to end by themselves, and again between SIGTERM and SIGKILL.
    /// - Returns: the exit status: that of the process that failed first, or after an interruption that of rank 0; else 0.
    func run(grace: Double) throws -> Int32 {
        var firstFailure: WorkerProcess?
        var passedOn = 0
        var deadlines: [(time: ContinuousClock.Instant, signal: Int32)] = []
        while processes.contains(where: { $0.end == nil }) {
            wait()
            for process in processes where process.end == nil {
                process.drain()
                process.look()
                guard let end = process.end, end.status != 0, firstFailure == nil else { continue }
                firstFailure = process
                // After an interruption, they all end as they are made to: one may still be saving the work.
                guard passedOn == 0 else { continue }
                // Whoever waits for it notices by itself, and can say more.
                let now = ContinuousClock.now
                deadlines = [(now + .seconds(min(1, grace)), SIGTERM), (now + .seconds(1 + grace), SIGKILL)]
            }
            for signal in interruption.signals.dropFirst(passedOn) {
                passedOn += 1
                // Somebody has lost patience.
                for process in processes { process.send(passedOn > 2 ? SIGKILL : signal) }
            }
            while let next = deadlines.first, next.time <= .now {
                deadlines.removeFirst()
                for process in processes { process.send(next.signal) }
            }
        }
        // Rank 0 is the one that saves the work, and says by its status whether it has.
        if passedOn > 0, let end = processes[0].end, end.status != 0 { return end.status }
        guard let failed = culprit(firstFailure) else { return 0 }
        if passedOn == 0 { explain(failed) }
        return failed.end?.status ?? 1
    }

    /// The process to blame: the first that failed, unless that one only missed another, which failed by itself.
    private func culprit(_ first: WorkerProcess?) -> WorkerProcess? {
        guard let first, first.end == .exited(ExitStatus.peerLost) else { return first }
        return processes.first { process in
            guard let end = process.end, end.status != 0, end != first.end else { return false }
            return !process.wasStopped
        } ?? first
    }

    private func explain(_ process: WorkerProcess) {
        guard processes.count > 1, let end = process.end else { return }
        switch end {
        case .killed(let signal):
            writeRemark("error: rank \(process.rank) of \(processes.count) was killed by signal \(signal) (\(Self.name(of: signal)))\n")
        case .exited(let status):
            let reason = process.lastError.map { ": \($0)" } ?? ""
            writeRemark("error: rank \(process.rank) of \(processes.count) failed with status \(status)\(reason)\n")
        }
    }

    private static func name(of signal: Int32) -> String { strsignal(signal).map { String(cString: $0) } ?? "unknown" }

    private func wait() {
        var descriptors = processes.flatMap(\.readable).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let ready = poll(&descriptors, nfds_t(descriptors.count), 30)
        // An end that is closed is always ready.
        if ready > 0, descriptors.contains(where: { $0.revents & Int16(POLLHUP) != 0 }) { usleep(10_000) }
    }
}
