import Foundation

/// Ends this process when the `launch` that started it is gone, even by SIGKILL: nobody else would stop it.
enum Lifeline {
    /// Holds the number of a descriptor that the launcher keeps the other end of.
    static let variable = "INSTRUCTBLIP_LIFELINE"

    static func watch() {
        guard let text = ProcessInfo.processInfo.environment[variable], let descriptor = Int32(text), descriptor > 2 else { return }
        // Not for programs that this one starts.
        unsetenv(variable)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread {
            var byte: UInt8 = 0
            var count = read(descriptor, &byte, 1)
            while count > 0 || count == -1 && errno == EINTR { count = read(descriptor, &byte, 1) }
            // A descriptor that is none of the launcher's says nothing of it.
            guard count == 0 else { return }
            writeRemark("error: the launcher is gone\n")
            kill(getpid(), SIGTERM)
            sleep(10)
            kill(getpid(), SIGKILL)
        }
    }
}
