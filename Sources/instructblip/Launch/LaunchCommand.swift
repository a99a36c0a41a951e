import ArgumentParser
import BlipTensors
import Foundation

/// `instructblip launch`: a verb in several processes of this machine.
struct LaunchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Runs a verb in several processes of this machine.",
        discussion: """
            Each process gets RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, as from torchrun. Rank 0 has the terminal; lines of the
            others go to standard error, behind their rank. Ctrl-C and SIGTERM are passed on; the third one kills. When a process fails, the others are stopped,
            and its exit status is this command's (128 and the number of the signal that killed it).

              instructblip launch --workers 2 train plan.yaml

            On several machines use torchrun --no-python, mpirun or srun instead, with MASTER_ADDR and MASTER_PORT set for the latter two.
            """)

    @Option(help: "Processes to start.")
    var workers: Int

    @Option(help: ArgumentHelp("Seconds that the others get to end when a process has failed.", valueName: "seconds"))
    var grace: Double = 10

    @Argument(parsing: .captureForPassthrough, help: "The verb and its arguments.")
    var verb: [String]

    func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers); give 1 to 1024") }
        guard grace >= 0, grace <= 3600 else { throw ValidationError("--grace is \(grace); give 0 to 3600 seconds") }
        guard let name = arguments.first else { throw ValidationError("give the verb to run, for example: train plan.yaml") }
        guard name != "launch" else { throw ValidationError("launch cannot launch itself") }
        guard name.first != "-" else { throw ValidationError("\(name) stands where the verb should; options of launch come before it") }
    }

    private var arguments: [String] { verb.first == "--" ? Array(verb.dropFirst()) : verb }

    func run() async throws {
        // The store of the run lives here, so that it outlives every rank and its port is taken before they start.
        let store = try RendezvousStore(localWithin: 60)
        let status = try await Task.detached { [arguments, workers, grace, port = store.port] in
            let program = try LaunchedProgram(arguments: arguments, workers: workers, port: port)
            return try program.run(grace: grace)
        }.value
        withExtendedLifetime(store) {}
        if status != 0 { throw ExitCode(status) }
    }
}
