import Foundation

/// One process that `launch` has started, and the lines it writes.
final class WorkerProcess {
    enum End: Equatable {
        case exited(Int32)
        case killed(signal: Int32)

        /// As shells have it.
        var status: Int32 {
            switch self {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            }
        }
    }

    let rank: Int
    let identifier: pid_t
    private(set) var end: End?
    /// It was running still when this program told it to end.
    private(set) var wasStopped = false
    /// The last line it wrote that is an error; nil for rank 0, which writes to the terminal itself.
    private(set) var lastError: String?
    private var pipes: [Pipe]
    private var pending: [[UInt8]]

    /// - Parameter keepsTerminal: it writes where this program does; else its lines are shown by ``drain()``.
    init(program: String, arguments: [String], environment: [String], rank: Int, keepsTerminal: Bool) throws {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        pipes = keepsTerminal ? [] : [Pipe(), Pipe()]
        pending = pipes.map { _ in [] }
        for (pipe, stream) in zip(pipes, [STDOUT_FILENO, STDERR_FILENO]) {
            // Nobody else may hold an end, or a reader waits for it.
            for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] { _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC) }
            posix_spawn_file_actions_adddup2(&actions, pipe.fileHandleForWriting.fileDescriptor, stream)
        }
        // A group of its own, so that the terminal's Ctrl-C comes once, by way of this program; and no signal that is ignored here.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, program, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw LaunchError(description: "\(program) cannot be started: \(String(cString: strerror(code)))") }
        (self.rank, self.identifier) = (rank, identifier)
        for pipe in pipes {
            try pipe.fileHandleForWriting.close()
            _ = fcntl(pipe.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
        }
    }

    /// Tells the process and all that it has started.
    func send(_ signal: Int32) {
        guard end == nil else { return }
        wasStopped = true
        kill(-identifier, signal)
    }

    /// Looks whether it has ended.
    func look() {
        var status: Int32 = 0
        guard end == nil, waitpid(identifier, &status, WNOHANG) == identifier else { return }
        let signal = status & 0x7F
        end = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
        // Whatever it has left behind.
        kill(-identifier, SIGKILL)
        drain()
        for index in pending.indices where !pending[index].isEmpty { show(pending[index]) }
        pending = pending.map { _ in [] }
    }

    /// Descriptors to wait for.
    var readable: [Int32] { end == nil ? pipes.map(\.fileHandleForReading.fileDescriptor) : [] }

    /// Shows whole lines that have come.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        for index in pipes.indices {
            while true {
                let count = read(pipes[index].fileHandleForReading.fileDescriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                pending[index] += buffer[..<count]
                while let place = pending[index].firstIndex(of: UInt8(ascii: "\n")) {
                    show(Array(pending[index][..<place]))
                    pending[index].removeSubrange(...place)
                }
                if pending[index].count > 1 << 16 {
                    show(pending[index])
                    pending[index] = []
                }
            }
        }
    }

    private func show(_ bytes: [UInt8]) {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("error: ") { lastError = String(line.dropFirst(7)) }
        writeRemark("[\(rank)] \(line)\n")
    }
}

/// The processes cannot be started.
struct LaunchError: Error, CustomStringConvertible {
    let description: String
}
