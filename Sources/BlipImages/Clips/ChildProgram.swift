import Foundation

/// One run of another program: no shell, nothing on its standard input, bounded in time and in what it writes.
struct ChildProgram {
    struct Output {
        let bytes: [UInt8]
        let status: Int32
        /// The end of what it wrote to standard error, on one line.
        let complaint: String
    }

    enum Failure: Error {
        case cannotStart(String)
        case tooSlow(seconds: Double)
        case tooMuchOutput
    }

    let file: URL
    let arguments: [String]
    /// Seconds.
    let timeLimit: Double
    let maximumBytes: Int

    /// Runs it to its end. Blocks; looks several times a second whether the current task is cancelled, and then kills it.
    ///
    /// Foundation's `Process` waits for grandchildren too, which may never end; so this does without.
    ///
    /// - Throws: ``Failure``, or `CancellationError`.
    func run() throws -> Output {
        let (out, err) = (try ProgramPipe(), try ProgramPipe())
        let process = try start(out, err)
        // Without our own ends, the readers see the end of what is written.
        out.closeWriting()
        err.closeWriting()
        do {
            let (bytes, complaint, status) = try collect(process, out, err)
            return Output(bytes: bytes, status: status, complaint: Self.line(complaint))
        } catch {
            // The whole group: a script may have started others.
            kill(-process, SIGKILL)
            kill(process, SIGKILL)
            while waitpid(process, nil, 0) == -1, errno == EINTR {}
            throw error
        }
    }

    private func start(_ out: ProgramPipe, _ err: ProgramPipe) throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            let flags = POSIX_SPAWN_SETPGROUP
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, out.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, err.writing, STDERR_FILENO)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)

        var words: [UnsafeMutablePointer<CChar>?] = ([file.path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        var code = posix_spawn(&process, file.path, &actions, &attributes, &words, environ)
        // A program written a moment ago stays busy while another thread starts a program, which inherits the open file until it runs.
        for _ in 0..<50 where code == ETXTBSY {
            usleep(10_000)
            code = posix_spawn(&process, file.path, &actions, &attributes, &words, environ)
        }
        guard code == 0 else { throw Failure.cannotStart(String(cString: strerror(code))) }
        return process
    }

    private func collect(_ process: pid_t, _ out: ProgramPipe, _ err: ProgramPipe) throws -> ([UInt8], [UInt8], Int32) {
        let start = ContinuousClock.now
        var streams = [out, err].map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
        var (bytes, complaint) = ([UInt8](), [UInt8]())
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var status: Int32?
        // What a pipe may still hold when the program has gone; more comes from somebody it left behind.
        var rest = 1 << 20
        while status == nil || streams.contains(where: { $0.fd >= 0 }) {
            if Task.isCancelled { throw CancellationError() }
            guard start.duration(to: .now) < .seconds(timeLimit) else { throw Failure.tooSlow(seconds: timeLimit) }
            if status == nil { status = Self.ended(process) }
            // A grandchild may hold the pipes open: once the program has gone, what is there is all. One that closed them may still run.
            let isOpen = streams.contains { $0.fd >= 0 }
            let ready = poll(&streams, nfds_t(streams.count), status != nil ? 0 : isOpen ? 20 : 5)
            if status != nil, ready <= 0 || rest <= 0 { break }
            for index in streams.indices where streams[index].fd >= 0 && streams[index].revents != 0 {
                let count = read(streams[index].fd, &buffer, buffer.count)
                if status != nil { rest -= max(0, count) }
                if count > 0 {
                    if index == 0 { bytes += buffer[..<count] } else { complaint = (complaint + buffer[..<count]).suffix(4096) }
                } else if count == 0 || errno != EINTR {
                    // A negative descriptor is passed over.
                    streams[index].fd = -1
                }
            }
            guard bytes.count <= maximumBytes else { throw Failure.tooMuchOutput }
        }
        return (bytes, complaint, status ?? -1)
    }

    /// The exit status, or the signal's number with 128 added as shells have it; nil while it runs.
    private static func ended(_ process: pid_t) -> Int32? {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }

    /// The last line that says something, short and without control characters.
    private static func line(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let last = lines.last { $0.contains { !$0.isWhitespace } } ?? ""
        return String(String.UnicodeScalarView(last.unicodeScalars.filter { $0.properties.generalCategory != .control }).prefix(300))
    }
}

/// Two ends that close themselves, and that no other program inherits.
private final class ProgramPipe {
    let reading: Int32
    let writing: Int32
    private var isWriting = true

    init() throws {
        var ends: [Int32] = [-1, -1]
        let code = pipe(&ends)
        // One that is inherited in between does no harm: nobody waits for the end of what is written.
        for end in ends where code == 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard code == 0 else { throw ChildProgram.Failure.cannotStart(String(cString: strerror(errno))) }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        closeWriting()
        close(reading)
    }

    func closeWriting() {
        guard isWriting else { return }
        isWriting = false
        close(writing)
    }
}
