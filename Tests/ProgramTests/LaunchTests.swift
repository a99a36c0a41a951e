import BlipTensors
import Foundation
import Testing

/// `launch` as its users run it, with processes that train, fail, are killed and do not come.
@Suite("instructblip launch", .enabled(if: ProcessGroup.isSupported, "built without gloo's headers")) struct LaunchTests {
    private func launch(_ workers: Int, _ verb: [String], environment: [String: String] = [:]) throws -> Program.Outcome {
        try Program.run(["launch", "--workers", "\(workers)", "--grace", "5"] + verb, environment: environment)
    }

    @Test("1, 2 and 4 workers train alike")
    func alike() throws {
        let outcomes = try [1, 2, 4].map { try launch($0, ["check-workers"]) }
        func losses(_ line: String) throws -> [Double] {
            let words = try #require(line.components(separatedBy: "losses ").last)
            return words.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        }
        let first = try losses(outcomes[0].output)
        #expect(first.count == 3 && first[0] > first[2], "\(outcomes[0])")
        for (workers, outcome) in zip([1, 2, 4], outcomes) {
            #expect(outcome.status == 0, "\(outcome)")
            // Rank 0 has the terminal; the others stand behind their rank.
            #expect(outcome.output.hasPrefix("rank 0 of \(workers): ") && outcome.output.split(separator: "\n").count == 1)
            let others = outcome.errors.split(separator: "\n").map(String.init).sorted()
            #expect(others.count == workers - 1, "\(outcome.errors)")
            for (index, line) in others.enumerated() { #expect(line.hasPrefix("[\(index + 1)] rank \(index + 1) of \(workers): ")) }
            for line in [outcome.output] + others {
                for (found, right) in zip(try losses(line), first) { #expect(abs(found - right) <= 2e-6 * abs(right) + 1e-6, "\(line)") }
            }
        }
    }

    @Test("a rank that fails ends all, with its status and its error")
    func fails() throws {
        let start = ContinuousClock.now
        let outcome = try launch(3, ["check-workers", "--fault", "throw"])
        #expect(outcome.status == 70)
        #expect(outcome.errors.contains("[2] error: this rank was told to fail"), "\(outcome.errors)")
        // The others say whom they missed, and the last word is about the one to blame.
        #expect(outcome.errors.contains("rank 0 of 3 lost another rank"), "\(outcome.errors)")
        #expect(outcome.errors.hasSuffix("error: rank 2 of 3 failed with status 70: this rank was told to fail\n"), "\(outcome.errors)")
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test("ranks whose tensors differ are told so, and none crashes")
    func shapes() throws {
        let outcome = try launch(2, ["check-workers", "--fault", "shapes"])
        #expect(outcome.status == 70)
        #expect(
            outcome.errors.contains("[1] error: a broadcast failed on rank 1 of 2: rank 1 has other shapes or types"), "\(outcome.errors)")
    }

    @Test("a rank that is killed ends all")
    func killed() throws {
        let outcome = try launch(2, ["check-workers", "--fault", "kill"])
        #expect(outcome.status == 128 + SIGKILL)
        #expect(outcome.errors.contains("error: rank 1 of 2 was killed by signal 9"), "\(outcome.errors)")
        #expect(outcome.errors.contains("lost another rank in a barrier"), "\(outcome.errors)")
    }

    @Test("a rank that is late, or never comes, is waited for as long as the limit says")
    func limits() throws {
        #expect(try launch(2, ["check-workers", "--fault", "late", "--limit", "20"]).status == 0)
        let absent = try launch(2, ["check-workers", "--fault", "absent", "--limit", "2"])
        #expect(absent.status == 69)
        #expect(absent.errors.contains("waited 2 s at 127.0.0.1:") && absent.errors.contains("for rank 1 of 2"), "\(absent.errors)")
        let sleeping = try launch(2, ["check-workers", "--fault", "sleep", "--limit", "4"])
        #expect(sleeping.status == 75, "\(sleeping)")
        #expect(sleeping.errors.contains("a barrier"), "\(sleeping.errors)")
    }

    @Test("variables without a launcher behind them are refused by name, and so is a port in use")
    func variables() throws {
        func check(_ environment: [String: String]) throws -> Program.Outcome {
            try Program.run(["check-workers", "--limit", "2"], environment: environment)
        }
        #expect(try check([:]).output.hasPrefix("rank 0 of 1: "))
        for (variables, status, words) in [
            (["RANK": "0"], Int32(64), "WORLD_SIZE is not set"), (["RANK": "2", "WORLD_SIZE": "2"], 64, "RANK is \"2\""),
            (["RANK": "0", "WORLD_SIZE": "2"], 64, "MASTER_ADDR is not set"),
            (["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "x"], 64, "MASTER_PORT is \"x\""),
        ] {
            let outcome = try check(variables)
            #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome)")
        }
        let taken = try RendezvousStore(localWithin: 20)
        let outcome = try check(["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(taken.port)"])
        #expect(outcome.status == 69 && outcome.errors.contains("Choose another MASTER_PORT"), "\(outcome)")
        withExtendedLifetime(taken) {}
    }

    @Test("SIGTERM is passed on, and nobody is left behind, even when the launcher is killed", arguments: [SIGTERM, SIGKILL])
    func signals(signal: Int32) throws {
        // Every process of the run carries the mark in its environment.
        let mark = "LAUNCH_TEST=\(UUID().uuidString)"
        let process = Process()
        process.executableURL = Program.url
        process.arguments = ["launch", "--workers", "2", "check-workers", "--fault", "sleep"]
        var environment = ProcessInfo.processInfo.environment
        environment["LAUNCH_TEST"] = String(mark.dropFirst("LAUNCH_TEST=".count))
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        #if os(Linux)
            let isRunning = try waits { try marked(mark).count == 3 }
            #expect(isRunning)
        #endif
        usleep(500_000)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #if os(Linux)
            let isEmpty = try waits { try marked(mark).isEmpty }
            let left = try marked(mark)
            #expect(isEmpty, "\(left)")
        #endif
        #expect(process.terminationStatus == (signal == SIGTERM ? 143 : SIGKILL))
    }

    #if os(Linux)
        private func waits(_ condition: () throws -> Bool) throws -> Bool {
            for _ in 0..<100 {
                if try condition() { return true }
                usleep(100_000)
            }
            return try condition()
        }

        /// Processes that run with a variable in their environment.
        private func marked(_ mark: String) throws -> [String] {
            let names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
            return names.filter { name in
                guard Int(name) != nil, let data = FileManager.default.contents(atPath: "/proc/\(name)/environ") else { return false }
                return data.range(of: Data(mark.utf8)) != nil
            }
        }
    #endif

    @Test("what cannot be launched is refused")
    func refusals() throws {
        for (arguments, words) in [
            (["--workers", "0", "check-workers"], "--workers is 0"), (["--workers", "2"], "Missing expected argument"),
            (["--workers", "2", "launch", "--workers", "2"], "cannot launch itself"),
            (["--workers", "2", "--", "--limit"], "stands where the verb should"), (["check-workers"], "--workers"),
        ] {
            let outcome = try Program.run(["launch"] + arguments)
            #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome)")
        }
        // The verb's own errors come through, and `--` is allowed.
        let outcome = try launch(1, ["--", "show", "--model", "/nowhere"])
        #expect(outcome.status == 66 && outcome.errors.contains("/nowhere"))
        #expect(try launch(2, ["show", "--version"]).status == 0)
    }
}
