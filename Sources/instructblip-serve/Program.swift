import ArgumentParser
import BlipServer
import BlipTensors
import Foundation

/// The entry point: `instructblip serve` runs this program.
@main enum Program {
    static func main() async {
        Engine.keepMemory()
        FileLimit.raise()
        do {
            let arguments = try EnvironmentFlags.arguments(Array(CommandLine.arguments.dropFirst()), ProcessInfo.processInfo.environment)
            var command = try ServeCommand.parseAsRoot(arguments)
            guard let serve = command as? ServeCommand else { return try command.run() }
            try await serve.run()
        } catch {
            guard let status = ServeStatus(error) else { ServeCommand.exit(withError: error) }
            note("error: \(status.sentence)\n")
            end(status.code)
        }
        end(0)
    }
}

/// Writes a remark to standard error. Nobody is left to tell when that fails.
func note(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// Ends the program at once. The usual way runs the destructors of C++ libraries first, while the engine's thread may still compute an answer whose time to
/// stop was over, and would find them gone.
func end(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
}
